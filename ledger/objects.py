"""Objects: what providers' answers created, read back for later answers. The writer writes them with the capture."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from ledger.body_store import BodyStore
from ledger.engine import reason_of
from ledger.kept_values import newest_values, value_of
from ledger.key_filter import KeyFilter
from ledger.replays import StoredReply, all_numbers, find_replay
from ledger.store import Ledger
from ledger.story import plain
from ledger.trouble import LedgerUnavailable

Values = list[Any]

REPLAYS_CACHED = 2048
_CACHED_BODY = 64 * 1024


class Objects:
    """Reads what committed records kept. Each run has objects of its own.

    Objects change, so only replays are remembered here: the first answer to a key stays the first.
    Raises LedgerUnavailable where the ledger cannot be read.
    """

    def __init__(self, ledger: Ledger, store: BodyStore) -> None:
        self._ledger = ledger
        self._store = store
        self._replays: OrderedDict[tuple[str, str], StoredReply] = OrderedDict()
        self._removals = 0
        """As many as are known of: what is remembered may name captures that a later one took."""
        self._asked = KeyFilter()
        """Every key that was asked for, and once they are read the keys of before."""
        self._stored: asyncio.Future[KeyFilter | None] | None = None
        """The keys of before, read once when the first key is asked for."""
        self.surely_new: Callable[[str], bool] = _not_known
        """Whether nobody asked for a key before, nor was it stored; False where that is not known at once.

        Nearly every key is new, and a key is written only after it was asked for here or by `replay`.
        """

    async def get(self, run: str, provider: str, collection: str, key: str) -> Any | None:
        """The object's last value, or None."""
        wanted = (plain(run), provider, plain(collection), plain(key))
        return await asyncio.to_thread(self._read, value_of, wanted)

    async def list(self, run: str, provider: str, collection: str, limit: int) -> Values:
        """Up to `limit` objects, the last changed first."""
        within = (plain(run), provider, plain(collection), limit)
        values: Values = await asyncio.to_thread(self._read, newest_values, within)
        return values

    async def replay(self, run: str, key: str) -> StoredReply | None:
        """The first answer under a Replay's key, or None."""
        if self._removals != self._ledger.removals:
            self._removals = self._ledger.removals
            self._replays.clear()
        known = self._replays.get((run, key))
        if known is not None:
            self._replays.move_to_end((run, key))
            return known
        if await self._surely_new(key):
            return None
        found = await asyncio.to_thread(self._find, plain(run), key)
        if found is not None and len(found.body) <= _CACHED_BODY:
            self._replays[run, key] = found
            if len(self._replays) > REPLAYS_CACHED:
                self._replays.popitem(last=False)
        return found

    async def _surely_new(self, key: str) -> bool:
        """Whether nobody asked for the key before, nor was it stored, once the keys of before are read.

        Only a ledger of files, which one gateway holds alone, is sure of that.
        """
        if self._ledger.path is None:
            return False
        new = self._asked.is_new(key)
        if self.surely_new is not _not_known:
            return new
        if self._stored is None:
            self._stored = asyncio.ensure_future(asyncio.to_thread(self._read_stored))
        # Shielded: whoever asked first may go away, and the others still need to know.
        before = await asyncio.shield(self._stored)
        if before is None:
            return False
        if self.surely_new is _not_known:
            self._asked.join(before)
            self.surely_new = self._asked.is_new
        return new and not before.may_know(key)

    def _read_stored(self) -> KeyFilter | None:
        """In a filter of its own: two threads that set bits in one would lose some."""
        stored = KeyFilter()
        try:
            for number in all_numbers(self._ledger):
                stored.add(number)
        except SQLAlchemyError:
            return None
        return stored

    def _find(self, run: str, key: str) -> StoredReply | None:
        try:
            return find_replay(self._ledger, self._store, run, key)
        except SQLAlchemyError as error:
            raise _unavailable(error) from error

    def _read(self, find: Callable[..., Any], wanted: tuple[Any, ...]) -> Any:
        try:
            return find(self._ledger, *wanted)
        except SQLAlchemyError as error:
            raise _unavailable(error) from error


def _not_known(_key: str) -> bool:
    """The keys of before have not been read, or cannot be."""
    return False


def _unavailable(error: SQLAlchemyError) -> LedgerUnavailable:
    return LedgerUnavailable(f"the ledger's objects cannot be read ({reason_of(error)})")
