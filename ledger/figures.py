"""Figures: counts, groups and time series. From the sums the writer keeps, wherever these know what is asked."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, true

from ledger.conditions import answered_by_sums, conditions, sum_conditions
from ledger.filters import Filters
from ledger.moment import MINUTE, microseconds, moment
from ledger.tables import captures, minutes, tallies


@dataclass(frozen=True, slots=True)
class TallyRow:
    """A sum over captures that have these in common."""

    run: str
    channel: str
    verdict: str
    left: bool
    count: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """Attempts of one kind."""

    channel: str
    provider: str | None
    host: str
    operation: str | None
    verdict: str
    count: int
    first: datetime
    last: datetime


def summed(connection: Connection, filters: Filters) -> int:
    """The count, where `answered_by_sums`."""
    statement = select(func.coalesce(func.sum(tallies.c["count"]), 0)).where(*sum_conditions(filters))
    return int(connection.execute(statement).scalar_one())


def tally_rows(connection: Connection) -> list[TallyRow]:
    """Every sum, over providers, operations and hosts."""
    keys = (tallies.c.run, tallies.c.channel, tallies.c.verdict, tallies.c.departed)
    statement = select(*keys, *_SUMS).group_by(*keys)
    return [
        TallyRow(run, channel, verdict, bool(departed), int(count), moment(first), moment(last))
        for run, channel, verdict, departed, count, first, last in connection.execute(statement)
        if count > 0
    ]


_SUMS = (func.sum(tallies.c["count"]), func.min(tallies.c.first_at), func.max(tallies.c.last_at))


_KEYS = ("channel", "provider", "host", "operation", "verdict")
_STRETCH = 20_000
"""Captures grouped at a time: a million at once would have to be sorted in memory, which takes seconds."""


def groups(connection: Connection, filters: Filters, *, by_capture: bool, stretch: int = _STRETCH) -> list[Group]:
    """Attempts by channel, provider, host, operation and verdict, the latest first. `q` is not asked here.

    `by_capture`: as `conditions` takes it; without it few match, and are grouped at once.
    """
    spans: dict[tuple[Any, ...], list[int]] = {}
    if answered_by_sums(filters):
        keys = [tallies.c[name] for name in _KEYS]
        statement = select(*keys, *_SUMS).where(*sum_conditions(filters)).group_by(*keys)
        _gather(spans, connection.execute(statement))
    else:
        keys = [captures.c[name] for name in _KEYS]
        sums = (func.count(), func.min(captures.c.at), func.max(captures.c.at))
        where = conditions(filters, by_capture=by_capture)
        for part in _stretches(connection, stretch) if by_capture else (true(),):
            _gather(spans, connection.execute(select(*keys, *sums).where(part, *where).group_by(*keys)))
    told = [
        Group(channel, provider, host, operation, verdict, count, moment(first), moment(last))
        for (channel, provider, host, operation, verdict), (count, first, last) in spans.items()
        if count > 0
    ]
    return sorted(told, key=lambda group: group.last, reverse=True)


def _stretches(connection: Connection, size: int) -> Iterator[ColumnElement[bool]]:
    """All captures, in stretches."""
    first, last = connection.execute(
        select(select(func.min(captures.c.seq)).scalar_subquery(), select(func.max(captures.c.seq)).scalar_subquery())
    ).one()
    for start in range(first, last + 1, size) if last else ():
        yield captures.c.seq.between(start, start + size - 1)


def _gather(spans: dict[tuple[Any, ...], list[int]], rows: Iterable[Any]) -> None:
    for channel, provider, host, operation, verdict, count, first, last in rows:
        # In the sums, what is absent is the empty string.
        span = spans.setdefault((channel, provider or None, host, operation or None, verdict), [0, first, last])
        span[:] = [span[0] + int(count), min(span[1], first), max(span[2], last)]


def grouped(rows: Iterable[Mapping[Any, Any]]) -> list[Group]:
    """The same of rows of `captures` at hand, newest first."""
    spans: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        key = (row["channel"], row["provider"], row["host"], row["operation"], row["verdict"])
        span = spans.setdefault(key, [0, row["at"], row["at"]])
        span[:] = [span[0] + 1, min(span[1], row["at"]), max(span[2], row["at"])]
    return [
        Group(channel, provider, host, operation, verdict, count, moment(first), moment(last))
        for (channel, provider, host, operation, verdict), (count, first, last) in spans.items()
    ]


def timeline(connection: Connection, bucket_seconds: int, since: datetime) -> list[tuple[datetime, str, int]]:
    """(start of bucket, verdict, count), oldest first."""
    width = max(1, bucket_seconds // 60)
    bucket = minutes.c.minute - minutes.c.minute % width
    statement = (
        select(bucket.label("bucket"), minutes.c.verdict, func.sum(minutes.c["count"]))
        .where(minutes.c.minute >= microseconds(since) // MINUTE)
        .group_by(bucket, minutes.c.verdict)
        .order_by(bucket)
    )
    return [(moment(start * MINUTE), verdict, int(count)) for start, verdict, count in connection.execute(statement)]
