"""A captured mail's HTML on its way to a sandboxed frame: disarmed, with its inline images brought along.

The policy it is served under stops every fetch and every script. It does not stop what a browser does ahead of a fetch:
Chromium connects for `<link rel=preconnect>`, for a nested frame it then refuses to load, and for a link that is
clicked. A bare connection is a side effect already, so the elements that cause one are made into others that do not.
Only names are replaced, never anything removed: what a removal joins could be such an element again.
"""

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
# An element is known by these very letters after `<`: no entity, NUL or comment within a name makes one.
_FRAMES = re2.compile(r"(?i)<(/?)(iframe|frameset|frame|object|embed|applet|portal|fencedframe|svg|math)")
_HEADS = re2.compile(r"(?i)<(/?)(?:link|base)\b")
_TARGET = re2.compile(r"(?i)([\s/\"'])target(\s*=)")
_DOCTYPE = re2.compile(r"(?i)^\s*<!doctype[^>]*>")
# A link that would open another page is refused by the sandbox before anything is dialled; one in its own frame is not.
# A drawing's links know no base, so drawings are none here: mail programs do not draw them either.
_ELSEWHERE = '<base target="_blank">'


def shown_alone(html: str, status: int = 200) -> HTMLResponse:
    """HTML of whatever origin, under a policy that lets it fetch nothing, run nothing and go nowhere."""
    headers = {"content-security-policy": MAIL_POLICY, "referrer-policy": "no-referrer"}
    return HTMLResponse(disarmed(html), status, headers)


def disarmed(html: str) -> str:
    """The same page without what makes a browser connect ahead of a fetch that it would be refused. In linear time."""
    html = str(_FRAMES.sub(r"<\1x-\2", html))
    html = str(_HEADS.sub(r"<\1meta", html))
    html = str(_TARGET.sub(r"\1data-target\2", html))
    doctype = _DOCTYPE.match(html)
    at = doctype.end() if doctype else 0
    return html[:at] + _ELSEWHERE + html[at:]


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
