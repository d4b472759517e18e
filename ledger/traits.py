"""Traits: what a capture can be looked for by beside its columns: its flags, and whether it brings an attachment.

Noted when it is written, so that no search and no alert has to look into every body.
"""

import re2

from ledger.record import Record

ATTACHMENT = "attachment"
LOOKED_AT = 512 * 1024
"""Octets of a message in which an attachment is looked for; the ones before are what people wrote."""

# A part that is meant as a file or carries a file's name (RFC 2183, RFC 2045), folded over lines or not.
_PART = re2.compile(
    rb"(?im)^content-disposition:[ \t\r\n]*attachment"
    rb"|^content-(?:disposition|type):(?:[^\n]|\n[ \t])*;\s*(?:file)?name\*?[0-9]*\*?="
)
# The same in a provider's JSON: SendGrid, Postmark, Mailgun's forms.
_CALL = re2.compile(rb'(?i)"attachments"\s*:\s*\[\s*\{|name="attachment')


def traits_of(record: Record) -> str | None:
    """`|live_credential|attachment|`, so that each is found between its bars; None where there is nothing to note."""
    found = [*record.capture.flags, *([ATTACHMENT] if _has_attachment(record) else ())]
    return f"|{'|'.join(found)}|" if found else None


def _has_attachment(record: Record) -> bool:
    capture = record.capture
    if capture.effect.channel != "email":
        return False
    octets = (record.kept_body.data or b"")[:LOOKED_AT]
    pattern = _PART if capture.payload.content_type == "message/rfc822" else _CALL
    # A body that is not held was streamed because of its size: a mail of that size brings something along.
    return record.kept_body.path is not None or pattern.search(octets) is not None
