"""Search: captures whose text holds some words: by the index, and by looking at what the index does not know yet."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, func, select, text

from ledger.body_store import BodyStore
from ledger.dialect import found_by, search_index
from ledger.search_file import SCHEMA, is_attached
from ledger.search_text import text_of
from ledger.search_words import Matcher, phrases_of
from ledger.story import plain
from ledger.tables import captures, counters, evidence

_TAIL_STEP = 200


_INDEXED = select(counters.c.value).where(counters.c.name == "indexed")
_INDEXED_APART = text(f"SELECT value FROM {SCHEMA}.counters WHERE name = 'indexed'")  # noqa: S608 - a constant


def indexed_up_to(connection: Connection) -> int:
    """The last `seq` the index knows, within the transaction at hand; 0 where there is no index."""
    if connection.dialect.name == "postgresql":
        return int(connection.execute(_INDEXED).scalar_one())
    # The transaction begins with its first statement, and with it the index is looked for.
    connection.execute(select(counters.c.value).limit(1))
    return int(connection.execute(_INDEXED_APART).scalar_one()) if is_attached(connection) else 0


class Search:
    """One query within one read transaction, so that nothing is seen twice or missed as it is indexed."""

    def __init__(self, connection: Connection, store: BodyStore, query: str) -> None:
        self._connection = connection
        self._store = store
        self._phrases = phrases_of(plain(query))
        self._within: list[Any] = []
        self._matcher = Matcher(self._phrases)
        self._indexed = indexed_up_to(connection)

    def narrow(self, run: str) -> None:
        """Look only where the run's captures lie: words that are everywhere are not read everywhere."""
        span = select(func.min(captures.c.seq), func.max(captures.c.seq)).where(captures.c.run == plain(run))
        first, last = self._connection.execute(span).one()
        _, seq = search_index(self._connection.dialect.name)
        self._within = [seq.between(first or 0, last or 0)]

    def count(self, where: list[Any]) -> int:
        """How many there are."""
        if not self._phrases:
            return 0
        tail = sum(1 for _ in self._tail(where))
        if not self._indexed:
            return tail
        statement = self._within_index(select(func.count()), where, whole=False)
        return tail + int(self._connection.execute(statement).scalar_one())

    def seqs(self, where: list[Any]) -> list[int]:
        """All of them, by their numbers."""
        if not self._phrases:
            return []
        found = [int(row["seq"]) for row in self._tail(where)]
        if not self._indexed:
            return found
        statement = self._within_index(select(captures.c.seq), where, whole=False)
        return found + [int(seq) for seq in self._connection.execute(statement).scalars()]

    def rows(self, columns: list[Any], where: list[Any], limit: int) -> list[Any]:
        """Up to `limit` rows, newest first: what is not indexed yet is newer than all that is."""
        if not self._phrases:
            return []
        found = []
        for row in self._tail(where):
            found.append(row)
            if len(found) == limit:
                return found
        if not self._indexed:
            return found
        _, seq = search_index(self._connection.dialect.name)
        statement = self._within_index(select(*columns), where, whole=True)
        statement = statement.order_by(seq.desc()).limit(limit - len(found))
        return found + list(self._connection.execute(statement).mappings())

    def _within_index(self, statement: Select[Any], where: list[Any], *, whole: bool) -> Select[Any]:
        name = self._connection.dialect.name
        index, seq = search_index(name)
        joined = captures.join(index, seq == captures.c.seq)
        if whole:
            joined = joined.join(evidence, evidence.c.seq == captures.c.seq)
        return statement.select_from(joined).where(found_by(name, self._phrases), *where, *self._within)

    def _tail(self, where: list[Any]) -> Iterator[Any]:
        """What the index does not know yet, looked at one by one."""
        last = None
        while True:
            step = select(captures, evidence).join(evidence, evidence.c.seq == captures.c.seq)
            step = step.where(captures.c.seq > self._indexed, *where)
            if last is not None:
                step = step.where(captures.c.seq < last)
            rows = self._connection.execute(step.order_by(captures.c.seq.desc()).limit(_TAIL_STEP)).mappings().all()
            for row in rows:
                if self._matcher.matches(text_of(row, self._store)):
                    yield row
            if len(rows) < _TAIL_STEP:
                return
            last = rows[-1]["seq"]
