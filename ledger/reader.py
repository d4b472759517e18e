"""Reader: everything that looks at the ledger. Its own read-only connections, so that looking never delays a commit."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from ledger import figures
from ledger.addressed import by_capture, newest_seqs
from ledger.body_store import BodyStore
from ledger.conditions import answered_by_sums, conditions
from ledger.cursor import cursor_of, seq_of
from ledger.engine import reason_of
from ledger.figures import Group, TallyRow
from ledger.filters import Filters
from ledger.moment import microseconds
from ledger.search import Search
from ledger.store import Ledger
from ledger.stored import Page, StoredCapture, stored_by
from ledger.tables import captures, counters, evidence, pieces, removals
from ledger.trouble import LedgerUnavailable

_SHOWN = [*captures.c, evidence.c.story]
_WHOLE = [*captures.c, evidence.c.story, evidence.c.reply_body, evidence.c.reply_sha256]


GROUPED_LIMIT = 10_000
"""Captures found by words that are grouped, the newest of them."""


class Reader:
    """Synchronous and fast; may be called from any thread. From a coroutine: `await reader.aside(reader.get, id)`.

    Every call reads one consistent state. Raises LedgerUnavailable where the ledger cannot be read.
    """

    def __init__(self, ledger: Ledger, store: BodyStore | None = None) -> None:
        self._ledger = ledger
        self._store = store or BodyStore(ledger.data_dir)

    async def aside[**P, T](self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """One call, in a thread of its own."""
        return await asyncio.to_thread(call, *args, **kwargs)

    def captures(self, filters: Filters, after: str | None = None, limit: int = 100) -> Page:
        """Newest first. `after`: the `next` of the page before; BadCursor where it is none."""
        further: list[Any] = [] if after is None else [captures.c.seq < seq_of(after)]
        with self._connection() as connection:
            rows = self._rows(connection, filters, further, limit + 1)
        items = [stored_by(row) for row in rows[:limit]]
        return Page(items, cursor_of(items[-1].seq) if len(rows) > limit and items else None)

    def since(self, seq: int, limit: int = 200) -> list[StoredCapture]:
        """What was committed after `seq`, oldest first."""
        statement = _listed().where(captures.c.seq > seq).order_by(captures.c.seq).limit(limit)
        with self._connection() as connection:
            return [stored_by(row) for row in connection.execute(statement).mappings()]

    def get(self, capture_id: str) -> StoredCapture | None:
        """One capture with all that was kept beside it but its body."""
        return _again(self._get, capture_id)

    def _get(self, capture_id: str) -> StoredCapture | None:
        statement = select(*_WHOLE).join(evidence, evidence.c.seq == captures.c.seq).where(captures.c.id == capture_id)
        with self._connection() as connection:
            row = connection.execute(statement).mappings().first()
            if row is None:
                return None
            further = select(pieces.c.octets).where(pieces.c.seq == row["seq"]).order_by(pieces.c.after)
            told = [bytes(piece) for piece in connection.execute(further).scalars()]
        return stored_by(row, (self._octets(row["reply_body"], row["reply_sha256"]) or b"") + b"".join(told))

    def raw(self, capture_id: str) -> bytes | None:
        """The kept bytes; b"" of an empty body; None where only digest and size were kept, or there is no capture."""
        return _again(self._raw, capture_id)

    def _raw(self, capture_id: str) -> bytes | None:
        row = self._body_row(capture_id)
        if row is None:
            return None
        kept = self._octets(row["body"], row["body_sha256"])
        if kept is None and not stored_by(row).capture.payload.size:
            return b""
        return kept

    def small_bodies(self, capture_ids: Sequence[str]) -> dict[str, bytes]:
        """The kept bytes of those whose body is no file of its own, in one reading; ids without one are left out."""
        kept = (captures.c.id.in_(capture_ids), evidence.c.body.is_not(None), evidence.c.body_sha256.is_(None))
        statement = select(captures.c.id, evidence.c.body).join(evidence, evidence.c.seq == captures.c.seq).where(*kept)
        with self._connection() as connection:
            return {id_: bytes(body) for id_, body in connection.execute(statement)}

    def raw_chunks(self, capture_id: str) -> Iterator[bytes] | None:
        """The same in chunks, for bodies nobody should hold in memory."""
        row = self._body_row(capture_id)
        if row is None or row["body_sha256"] is None:
            kept = self.raw(capture_id)
            return None if kept is None else iter([kept])
        return self._store.read(row["body_sha256"])

    def count(self, filters: Filters) -> int:
        """How many match, exactly."""
        with self._connection() as connection:
            if filters.q is not None:
                return self._search(connection, filters, filters.q).count(conditions(filters))
            if answered_by_sums(filters):
                return figures.summed(connection, filters)
            where = conditions(filters, by_capture=by_capture(connection, filters))
            statement = select(func.count()).select_from(captures).where(*where)
            return int(connection.execute(statement).scalar_one())

    def tallies(self) -> list[TallyRow]:
        """How many of each run, channel, verdict and whether they left."""
        with self._connection() as connection:
            return figures.tally_rows(connection)

    def timeline(self, bucket_seconds: int, since: datetime) -> list[tuple[datetime, str, int]]:
        """(start of bucket, verdict, count), oldest first; empty buckets are left out. Buckets are whole minutes."""
        with self._connection() as connection:
            return figures.timeline(connection, bucket_seconds, since)

    def groups(self, filters: Filters) -> list[Group]:
        """Attempts by channel, provider, host, operation and verdict, the latest first."""
        with self._connection() as connection:
            if filters.q is None:
                return figures.groups(connection, filters, by_capture=by_capture(connection, filters))
            found = self._search(connection, filters, filters.q).rows(_SHOWN, conditions(filters), GROUPED_LIMIT)
        return figures.grouped(found)

    def similar(self, stored: StoredCapture, limit: int) -> list[StoredCapture]:
        """Earlier captures of the same operation at the same host, newest first."""
        effect = stored.capture.effect
        statement = _listed().where(
            captures.c.host == effect.target.host,
            captures.c.operation.is_(None) if effect.operation is None else captures.c.operation == effect.operation,
            captures.c.channel == effect.channel,
            captures.c.seq < stored.seq,
        )
        with self._connection() as connection:
            rows = connection.execute(statement.order_by(captures.c.seq.desc()).limit(limit)).mappings()
            return [stored_by(row) for row in rows]

    def last_seq(self) -> int:
        """The newest committed one, also where it was removed since."""
        with self._connection() as connection:
            value = connection.execute(select(counters.c.value).where(counters.c.name == "seq")).scalar()
        return int(value or 0)

    def real_since(self, since: datetime) -> int:
        """How many may have left since then."""
        statement = select(func.count()).select_from(captures)
        # Not by time's index: the few that left have one of their own.
        statement = statement.where(text("captures.departed"), captures.c.at + 0 >= microseconds(since))
        with self._connection() as connection:
            return int(connection.execute(statement).scalar_one())

    def removals(self, limit: int = 50) -> list[Mapping[str, Any]]:
        """What retention and people took away, the latest first."""
        statement = select(removals).order_by(removals.c.id.desc()).limit(limit)
        with self._connection() as connection:
            return [dict(row) for row in connection.execute(statement).mappings()]

    def _rows(self, connection: Connection, filters: Filters, further: list[Any], limit: int) -> list[Any]:
        if filters.q is not None:
            where = [*conditions(filters), *further]
            return self._search(connection, filters, filters.q).rows(_SHOWN, where, limit)
        # The seqs first: where something has to be sorted, it is numbers, not whole captures.
        newest = newest_seqs(filters, further, limit, by_capture=by_capture(connection, filters))
        statement = _listed().where(captures.c.seq.in_(newest)).order_by(captures.c.seq.desc())
        return list(connection.execute(statement).mappings())

    def _search(self, connection: Connection, filters: Filters, q: str) -> Search:
        search = Search(connection, self._store, q)
        if filters.run is not None:
            search.narrow(filters.run)
        return search

    def _body_row(self, capture_id: str) -> Any:
        columns = [*_SHOWN, evidence.c.body, evidence.c.body_sha256]
        statement = select(*columns).join(evidence, evidence.c.seq == captures.c.seq)
        with self._connection() as connection:
            return connection.execute(statement.where(captures.c.id == capture_id)).mappings().first()

    def _octets(self, inline: bytes | None, sha256: str | None) -> bytes | None:
        if sha256 is not None:
            return b"".join(self._store.read(sha256))
        return None if inline is None else bytes(inline)

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            with self._ledger.read.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise LedgerUnavailable(f"the ledger cannot be read ({reason_of(error)})") from error


def _listed() -> Any:
    return select(*_SHOWN).join(evidence, evidence.c.seq == captures.c.seq)


def _again[T](read: Callable[[str], T], capture_id: str) -> T:
    """A removal may come between a capture's row and its file: then its row is gone too, or names another file."""
    try:
        return read(capture_id)
    except LedgerUnavailable:
        return read(capture_id)
