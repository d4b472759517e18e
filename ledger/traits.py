"""Traits: what a capture can be looked for by beside its columns: its flags, and whether it brings an attachment.

Noted when it is written, so that no search and no alert has to look into every body.
"""

import re2

from policies.body import Body

ATTACHMENT = "attachment"
LOOKED_AT = 512 * 1024
"""Octets of a message in which an attachment is looked for; the ones before are what people wrote."""

# A parameter that names a file (RFC 2183, RFC 2045), whole or in the first of its pieces (RFC 2231).
_NAMED = re2.compile(rb";\s*(?:file)?name(?:\*[0-9]*)?\*?\s*=")
_FIELDS_LIMIT = 1000
"""Content fields of one mail that are looked at: one with more has parts enough."""
# Attachments in a provider's JSON (SendGrid, Postmark) and forms (Mailgun).
_CALL = re2.compile(rb'(?i)"attachments"\s*:\s*\[\s*\{|name="attachment')


def traits_of(flags: tuple[str, ...], channel: str, content_type: str | None, body: Body) -> str | None:
    """`|live_credential|attachment|`, so that each is found between its bars; None where there is nothing to note."""
    if not flags and channel != "email":
        return None
    found = [*flags, ATTACHMENT] if channel == "email" and _has_attachment(content_type, body) else flags
    return f"|{'|'.join(found)}|" if found else None


def _has_attachment(content_type: str | None, body: Body) -> bool:
    octets = (body.data or b"")[:LOOKED_AT]
    if body.path is not None:
        # It was streamed because of its size: a mail of that size brings something along.
        return True
    if content_type != "message/rfc822":
        return _CALL.search(octets) is not None
    return _has_named_part(b"\n" + octets.lower())


def _has_named_part(octets: bytes) -> bool:
    """Whether any part says that it is an attachment, or carries a file's name. By leaps: most lines are no fields."""
    at = octets.find(b"\ncontent-")
    for _ in range(_FIELDS_LIMIT):
        if at < 0:
            return False
        end = octets.find(b"\n", at + 1)
        while end >= 0 and octets[end + 1 : end + 2] in (b" ", b"\t"):
            end = octets.find(b"\n", end + 1)
        name, _, value = octets[at + 1 : end if end >= 0 else None].partition(b":")
        if name == b"content-disposition" and value.lstrip().startswith(b"attachment"):
            return True
        if name in (b"content-disposition", b"content-type") and _NAMED.search(value):
            return True
        at = octets.find(b"\ncontent-", end) if end >= 0 else -1
    return True
