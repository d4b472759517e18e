"""Cursor: where a page ended, as opaque text. Pages stay as they were while captures arrive: seqs only rise."""

import base64
import binascii


class BadCursor(ValueError):
    """Whoever asked made the cursor up, or cut it short."""


def cursor_of(seq: int) -> str:
    """The cursor that asks for what is older than `seq`."""
    return base64.urlsafe_b64encode(b"c%x" % seq).decode().rstrip("=")


def seq_of(cursor: str) -> int:
    """The other way round. Raises BadCursor."""
    try:
        octets = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if octets[:1] != b"c" or len(octets) > 17:
            raise ValueError(cursor)
        return int(octets[1:], 16)
    except (ValueError, binascii.Error) as error:
        raise BadCursor(
            f"{cursor[:60]!r} is not a cursor of this ledger; pass `next` of the page before as it came"
        ) from error
