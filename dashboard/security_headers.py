"""Security headers that every answer of the dashboard carries (safety.md, Showing what was captured)."""

from starlette.datastructures import MutableHeaders

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
MAIL_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: cid:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)

_ALWAYS = {
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    # A captured mail's <link rel=dns-prefetch> would tell its sender's name server that somebody reads it.
    "x-dns-prefetch-control": "off",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_UNLESS_SAID = {
    "content-security-policy": PAGE_POLICY,
    # Not "no-referrer": under it a browser sends `Origin: null` with our own forms, which looks like another site's.
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}


def add_security_headers(headers: MutableHeaders) -> None:
    """An answer may set its own content policy and caching, nothing else of these."""
    for name, value in _ALWAYS.items():
        headers[name] = value
    for name, value in _UNLESS_SAID.items():
        headers.setdefault(name, value)
