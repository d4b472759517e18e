"""Tally: how many captures of each kind there are, kept as sums in the same transaction as the captures themselves."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete

from ledger.moment import MINUTE
from ledger.statements import MINUTE_KEYS, TALLY_KEYS, statements_for
from ledger.tables import minutes, tallies


class Tally:
    """What one transaction changes in the sums: each captured row added or taken, then written once."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[Any, ...], list[int]] = {}
        self._minutes: dict[tuple[Any, ...], int] = {}
        self.octets = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """One more capture, as the columns of `captures` have it."""
        self._change(row, 1)
        self.octets += row["octets"]

    def take(self, row: Mapping[str, Any]) -> None:
        """One capture less."""
        self._change(row, -1)
        self.octets -= row["octets"]

    def resettle(self, row: Mapping[str, Any], departed: bool) -> None:
        """The same capture, now known to have left or not."""
        self._change(row, -1)
        self._change({**row, "departed": departed}, 1)

    def write(self, connection: Connection) -> None:
        """Apply all of it."""
        statements = statements_for(connection.dialect)
        if self._tallies:
            statements.put_tally.run(connection, list(self._tally_rows()))
        if self._minutes:
            statements.put_minute.run(connection, list(self._minute_rows()))
        if self.octets:
            add_to_counter(connection, "octets", self.octets)

    def _change(self, row: Mapping[str, Any], by: int) -> None:
        at, channel, verdict, departed = row["at"], row["channel"], row["verdict"], bool(row["departed"])
        key = (row["run"], channel, row["provider"] or "", row["operation"] or "", row["host"], verdict, departed)
        sums = self._tallies.get(key)
        if sums is None:
            self._tallies[key] = [by, at, at]
        else:
            sums[0] += by
            sums[1] = min(sums[1], at)
            sums[2] = max(sums[2], at)
        minute = (at // MINUTE, channel, verdict, departed)
        self._minutes[minute] = self._minutes.get(minute, 0) + by

    def _tally_rows(self) -> Iterable[dict[str, Any]]:
        for key, (count, first, last) in self._tallies.items():
            yield {**dict(zip(TALLY_KEYS, key, strict=True)), "count": count, "first_at": first, "last_at": last}

    def _minute_rows(self) -> Iterable[dict[str, Any]]:
        for key, count in self._minutes.items():
            yield {**dict(zip(MINUTE_KEYS, key, strict=True)), "count": count}


_EMPTY_SUMS = (delete(tallies).where(tallies.c.count <= 0), delete(minutes).where(minutes.c.count <= 0))


def drop_empty(connection: Connection) -> None:
    """Forget kinds of which nothing is left. Worth doing after a removal only."""
    for statement in _EMPTY_SUMS:
        connection.execute(statement)


def add_to_counter(connection: Connection, name: str, by: int) -> int:
    """Add to a counter and return it. The row's lock makes commits of several gateways follow one another in order."""
    statement = statements_for(connection.dialect).add_to_counter
    changed = statement.one(connection, {"counter": name, "by": by})
    if changed is None:
        raise LookupError(f"the ledger has no counter {name!r}")
    return int(changed["value"])
