"""The part of a search that the ledger does not answer: excluded words and sizes."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.search_language import Search
from ledger.reader import Reader
from ledger.stored import StoredCapture

LOOKED_AT = 600
"""Captures looked into for one page of results."""
_BYTES = 512 * 1024
"""Octets of each that are looked into."""


@dataclass(frozen=True, slots=True)
class Found:
    """One page of results, newest first."""

    items: tuple[StoredCapture, ...]
    next: str | None
    exhausted: bool = False
    """True where looking stopped at `LOOKED_AT`: there may be more, older ones, at `next`."""


def search(reader: Reader, asked: Search, after: str | None, limit: int) -> Found:
    """One page of what was asked; nothing at all where the search was not understood."""
    if asked.wrong:
        return Found((), None)
    if not asked.sieved:
        page = reader.captures(asked.filters, after, limit)
        return Found(tuple(page.items), page.next)
    kept: list[StoredCapture] = []
    looked = 0
    while len(kept) < limit and looked < LOOKED_AT:
        page = reader.captures(asked.filters, after, limit)
        looked += len(page.items)
        kept += [stored for stored in page.items if passes(reader, asked, stored)]
        after = page.next
        if after is None:
            break
    # A page may run over by what its last look brought; cutting it would lose what lies before the cursor.
    return Found(tuple(kept), after, exhausted=after is not None and len(kept) < limit)


def passes(reader: Reader, asked: Search, stored: StoredCapture) -> bool:
    """Whether one capture, which the ledger found, is also what the rest of the search asks for."""
    shown = stored.as_contract()
    if asked.larger is not None and shown["payload"]["size"] <= asked.larger:
        return False
    if not asked.without:
        return True
    raw = (reader.raw(shown["id"]) or b"")[:_BYTES].lower()
    text = f"{shown['facts']} {shown['run']}".lower()
    return not any(word in text or word.encode() in raw for word in asked.without)


def newer(reader: Reader, asked: Search, seq: int, limit: int) -> Sequence[StoredCapture]:
    """The newest `limit` that match and came after `seq`, oldest first: what a live list has to add."""
    if asked.wrong:
        return ()
    page = reader.captures(asked.filters, None, limit)
    fresh = [stored for stored in page.items if stored.seq > seq]
    return [stored for stored in reversed(fresh) if not asked.sieved or passes(reader, asked, stored)]
