"""Tally: how many captures of each kind there are, kept as sums in the same transaction as the captures themselves."""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, delete

from ledger.moment import MINUTE
from ledger.row import CaptureColumns
from ledger.statements import TALLY_KEYS, statements_for
from ledger.tables import minutes, tallies


class Tally:
    """What one transaction changes in the sums: each captured row added or taken, then written once."""

    def __init__(self) -> None:
        self._sums: dict[tuple[Any, ...], list[int]] = {}
        """By the keys of `tallies` and the minute: how many, the first moment and the last."""
        self.octets = 0

    def count(self, rows: Iterable[CaptureColumns]) -> None:
        """So many more captures."""
        for row in rows:
            self._change(_kind(row), row.at, 1)
            self.octets += row.octets

    def take(self, row: Mapping[str, Any]) -> None:
        """One capture less."""
        self._change(_kind_by_name(row), row["at"], -1)
        self.octets -= row["octets"]

    def resettle(self, row: Mapping[str, Any], departed: bool) -> None:
        """The same capture, now known to have left or not."""
        self._change(_kind_by_name(row), row["at"], -1)
        self._change(_kind_by_name({**row, "departed": departed}), row["at"], 1)

    def write(self, connection: Connection) -> None:
        """Apply all of it."""
        statements = statements_for(connection.dialect)
        if self._sums:
            statements.put_tally.put(connection, self._tally_rows())
            statements.put_minute.put(connection, self._minute_rows())
        if self.octets:
            add_to_counter(connection, "octets", self.octets)

    def _change(self, kind: tuple[Any, ...], at: int, by: int) -> None:
        key = (*kind, at // MINUTE)
        sums = self._sums.get(key)
        if sums is None:
            self._sums[key] = [by, at, at]
            return
        sums[0] += by
        if at < sums[1]:
            sums[1] = at
        if at > sums[2]:
            sums[2] = at

    def _tally_rows(self) -> list[tuple[Any, ...]]:
        told: dict[tuple[Any, ...], tuple[int, int, int]] = {}
        for (run, channel, provider, operation, host, verdict, departed, _), sums in self._sums.items():
            key = (run, channel, provider or "", operation or "", host, verdict, bool(departed))
            count, first, last = told.get(key, (0, sums[1], sums[2]))
            told[key] = (count + sums[0], min(first, sums[1]), max(last, sums[2]))
        return [(*key, *sums) for key, sums in told.items()]

    def _minute_rows(self) -> list[tuple[Any, ...]]:
        told: dict[tuple[Any, ...], int] = {}
        for (_, channel, _, _, _, verdict, departed, minute), sums in self._sums.items():
            key = (minute, channel, verdict, bool(departed))
            told[key] = told.get(key, 0) + sums[0]
        return [(*key, count) for key, count in told.items()]


_kind_by_name = itemgetter(*TALLY_KEYS)
_kind = itemgetter(*[CaptureColumns._fields.index(key) for key in TALLY_KEYS])


def drop_empty(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Forget kinds of which nothing is left, and minutes of these captures. Worth doing after a removal only."""
    connection.execute(delete(tallies).where(tallies.c.count <= 0))
    # Of a long record there are as many minutes as captures.
    touched = sorted({row["at"] // MINUTE for row in rows})
    connection.execute(delete(minutes).where(minutes.c.minute.in_(touched), minutes.c.count <= 0))


def add_to_counter(connection: Connection, name: str, by: int) -> int:
    """Add to a counter and return it. The row's lock makes commits of several gateways follow one another in order."""
    statement = statements_for(connection.dialect).add_to_counter
    changed = statement.one(connection, {"counter": name, "by": by})
    if changed is None:
        raise LookupError(f"the ledger has no counter {name!r}")
    return int(changed["value"])
