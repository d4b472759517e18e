"""Tally: how many captures of each kind there are, kept as sums in the same transaction as the captures themselves."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete

from ledger.dialect import upsert
from ledger.moment import MINUTE
from ledger.tables import counters, minutes, tallies

_TALLY_KEYS = ["run", "channel", "provider", "operation", "host", "verdict", "departed"]
_MINUTE_KEYS = ["minute", "channel", "verdict", "departed"]


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
        name = connection.dialect.name
        if self._tallies:
            connection.execute(_statement(name, "tallies"), list(self._tally_rows()))
        if self._minutes:
            connection.execute(_statement(name, "minutes"), list(self._minute_rows()))
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
            yield {**dict(zip(_TALLY_KEYS, key, strict=True)), "count": count, "first_at": first, "last_at": last}

    def _minute_rows(self) -> Iterable[dict[str, Any]]:
        for key, count in self._minutes.items():
            yield {**dict(zip(_MINUTE_KEYS, key, strict=True)), "count": count}


def _least(name: str, pick: str) -> str:
    word = ("LEAST" if pick == "min" else "GREATEST") if name == "postgresql" else pick.upper()
    column = "first_at" if pick == "min" else "last_at"
    return f"{word}(tallies.{column}, excluded.{column})"


_STATEMENTS = {
    (name, table.name): upsert(name, table, keys, change)
    for name in ("sqlite", "postgresql")
    for table, keys, change in (
        (
            tallies,
            _TALLY_KEYS,
            {
                "count": "tallies.count + excluded.count",
                "first_at": _least(name, "min"),
                "last_at": _least(name, "max"),
            },
        ),
        (minutes, _MINUTE_KEYS, {"count": "minutes.count + excluded.count"}),
    )
}


def _statement(name: str, table: str) -> Any:
    return _STATEMENTS[name, table]


_EMPTY_SUMS = (delete(tallies).where(tallies.c.count <= 0), delete(minutes).where(minutes.c.count <= 0))


def drop_empty(connection: Connection) -> None:
    """Forget kinds of which nothing is left. Worth doing after a removal only."""
    for statement in _EMPTY_SUMS:
        connection.execute(statement)


def add_to_counter(connection: Connection, name: str, by: int) -> int:
    """Add to a counter and return it. The row's lock makes commits of several gateways follow one another in order."""
    statement = (
        counters.update().where(counters.c.name == name).values(value=counters.c.value + by).returning(counters.c.value)
    )
    return int(connection.execute(statement).scalar_one())
