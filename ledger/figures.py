"""Figures: counts, groups and time series. From the sums the writer keeps, wherever these know what is asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

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


def groups(connection: Connection, filters: Filters) -> list[Group]:
    """Attempts by channel, provider, host, operation and verdict, the latest first. `q` is not asked here."""
    source: Any = tallies if answered_by_sums(filters) else captures
    sums: Any = _SUMS
    keys = [source.c[name] for name in ("channel", "provider", "host", "operation", "verdict")]
    if source is tallies:
        where = sum_conditions(filters)
    else:
        where = conditions(filters)
        sums = (func.count(), func.min(captures.c.at), func.max(captures.c.at))
    statement: Any = select(*keys, *sums).where(*where).group_by(*keys).order_by(sums[2].desc())
    return [
        Group(channel, provider or None, host, operation or None, verdict, int(count), moment(first), moment(last))
        for channel, provider, host, operation, verdict, count, first, last in connection.execute(statement)
        if count > 0
    ]


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
