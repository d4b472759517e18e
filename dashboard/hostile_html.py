"""A captured mail's HTML on its way to a sandboxed frame: link hints removed, inline images brought along."""

import base64
from collections.abc import Iterable

import re2
from starlette.responses import HTMLResponse

from dashboard.security_headers import MAIL_POLICY
from ledger.mime import Part, ReadMessage

INLINE_LIMIT = 4 * 1024 * 1024
"""Octets of images that are put into the page altogether; those beyond stay broken."""

_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/avif"})
_CID = re2.compile(r"(?i)cid:([^\"'\s)>]{1,998})")
_HINTS = re2.compile(r"(?is)<link\b[^>]*>")


def shown_alone(html: str, status: int = 200) -> HTMLResponse:
    """HTML of whatever origin, under a policy that lets it fetch nothing, run nothing and go nowhere."""
    # A connection opened ahead (preconnect, dns-prefetch) is no fetch to a content policy, but it is a side effect.
    return HTMLResponse(str(_HINTS.sub("", html)), status, {"content-security-policy": MAIL_POLICY})


def html_response(message: ReadMessage) -> HTMLResponse:
    """A mail's HTML part with its inline images."""
    return shown_alone(with_inline_images(message.html or "", message.parts))


def with_inline_images(html: str, parts: Iterable[Part]) -> str:
    """`cid:` addresses (RFC 2392) replaced with the images they name, as data."""
    images = _images(parts)

    def replaced(match: "re2._Match[str]") -> str:
        return images.get(str(match.group(1)), str(match.group(0)))

    return str(_CID.sub(replaced, html)) if images else html


def _images(parts: Iterable[Part]) -> dict[str, str]:
    images: dict[str, str] = {}
    left = INLINE_LIMIT
    for part in parts:
        if not part.content_id or part.content_type not in _IMAGES or part.size > left:
            continue
        left -= part.size
        encoded = base64.b64encode(part.content).decode()
        images[part.content_id.strip("<>")] = f"data:{part.content_type};base64,{encoded}"
    return images
