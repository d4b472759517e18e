"""What people do to messages of the Inbox without touching what was captured: reading them, and tagging them."""

import asyncio
import contextlib
from collections.abc import Sequence

from dashboard.opened_message import MESSAGE_CHANNELS
from dashboard.problem import Problem
from ledger.filters import Filters
from ledger.labels import READ, Labels
from ledger.reader import Reader
from ledger.stored import StoredCapture
from ledger.trouble import LedgerUnavailable


class InboxLabels:
    """Labels as the Inbox needs them. Nothing here keeps anybody from reading: what cannot be marked stays unread."""

    def __init__(self, reader: Reader, labels: Labels) -> None:
        self._reader = reader
        self._labels = labels

    def of(self, items: Sequence[StoredCapture]) -> dict[int, tuple[str, ...]]:
        return self._labels.of([stored.seq for stored in items])

    def unread(self) -> int:
        """How many messages nobody has read. From sums: a page must not count every message."""
        messages = sum(one.count for one in self._reader.tallies() if one.channel in MESSAGE_CHANNELS)
        return max(0, messages - self._labels.count(READ))

    def open(self, stored: StoredCapture) -> tuple[str, ...]:
        """Its labels, now that it is being read."""
        mine = self._labels.of([stored.seq]).get(stored.seq, ())
        if READ in mine or stored.capture.effect.channel not in MESSAGE_CHANNELS:
            return mine
        with contextlib.suppress(LedgerUnavailable):
            self._labels.put(stored.seq, READ)
            return (READ, *mine)
        return mine

    async def change(self, stored: StoredCapture, asked: dict[str, str]) -> None:
        """`read` (`yes` or `no`), `add` or `remove` (a tag). Raises Problem with what is wrong about a tag."""
        await asyncio.to_thread(self._change, stored, asked)

    async def read_all(self, filters: Filters, upto: int) -> None:
        """Every message that matches and was there at `upto`."""
        await asyncio.to_thread(self._labels.put_on_all, READ, filters, upto)

    def _change(self, stored: StoredCapture, asked: dict[str, str]) -> None:
        try:
            if asked.get("read") == "no":
                self._labels.drop(stored.seq, READ)
            elif asked.get("read") == "yes":
                self._labels.put(stored.seq, READ)
            if asked.get("add"):
                self._labels.put(stored.seq, asked["add"].removeprefix("\\"))
            if asked.get("remove"):
                self._labels.drop(stored.seq, asked["remove"].removeprefix("\\"))
        except ValueError as error:
            raise Problem(422, str(error), parameter="add") from error
