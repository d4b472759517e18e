"""Conditions: filters as SQL. Full text is not here: it needs the index and what the index does not know yet."""

from dataclasses import fields
from typing import Any

from sqlalchemy import Column, select, text
from sqlalchemy.sql import ColumnElement

from ledger.filters import Filters
from ledger.moment import microseconds
from ledger.story import plain
from ledger.tables import captures, labels, recipients, tallies

_ESCAPE = "\\"
OUTSIDE = "none"
"""Stands in place of a window for the captures that came outside of every one."""
_SUMMED = frozenset(("run", "channel", "provider", "operation", "verdict", "left", "host"))


_gone = captures.alias("gone")
# The few that left have an index of their own; worded as it is, and apart, else SQLite walks all captures instead.
_DEPARTED = select(_gone.c.seq).where(text("gone.departed"))


def conditions(filters: Filters, *, by_capture: bool | None = None, with_to: bool = True) -> list[ColumnElement[bool]]:
    """Every filter but `q`, over `captures`.

    `by_capture`: recipients are looked up for each capture that the others leave, instead of all being looked through
    first; unsaid, where a run narrows. Without `with_to` they are looked for by who asks (`ledger.addressed`).
    """
    where: list[ColumnElement[bool]] = []
    for name in ("run", "channel", "provider", "operation", "verdict"):
        value = getattr(filters, name)
        if value is not None:
            where.append(captures.c[name] == plain(value))
    if filters.channels is not None:
        # Not by the channel's index: its rows would all have to be sorted before the newest few are known.
        where.append((captures.c.channel + "").in_(filters.channels))
    if filters.host is not None:
        where.append(_of_host(captures.c.host, filters.host))
    if filters.left is not None:
        where.append(captures.c.seq.in_(_DEPARTED) if filters.left else ~captures.c.departed)
    if with_to:
        where += _addressed(filters, by_capture=filters.run is not None if by_capture is None else by_capture)
    where += _said(filters)
    where += _named(filters)
    where += _within(filters)
    return where


def _said(filters: Filters) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if filters.sender is not None:
        where += [captures.c.sender.is_not(None), like(captures.c.sender, filters.sender)]
    if filters.subject is not None:
        where += [captures.c.subject.is_not(None), like(captures.c.subject, filters.subject)]
    return where


def _named(filters: Filters) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if filters.ids is not None:
        where.append(captures.c.id.in_([plain(one) for one in filters.ids]))
    if filters.trait is not None:
        where += [captures.c.traits.is_not(None), like(captures.c.traits, f"|{filters.trait}|")]
    if filters.label is not None:
        where.append(captures.c.seq.in_(select(labels.c.seq).where(labels.c.label == plain(filters.label))))
    if filters.unlabelled is not None:
        mine = select(labels.c.seq).where(labels.c.seq == captures.c.seq, labels.c.label == plain(filters.unlabelled))
        where.append(~mine.exists())
    return where


def _within(filters: Filters) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if filters.window is not None:
        outside = filters.window == OUTSIDE
        where.append(captures.c.window.is_(None) if outside else captures.c.window == plain(filters.window))
    if filters.after_seq is not None:
        where.append(captures.c.seq > filters.after_seq)
    if filters.up_to_seq is not None:
        where.append(captures.c.seq <= filters.up_to_seq)
    if filters.since is not None:
        where.append(captures.c.at >= microseconds(filters.since))
    if filters.until is not None:
        where.append(captures.c.at < microseconds(filters.until))
    return where


def _addressed(filters: Filters, *, by_capture: bool) -> list[ColumnElement[bool]]:
    """Looked up for each capture, or found in the addresses first."""
    if filters.to is None:
        return []
    address = like(recipients.c.address, filters.to)
    if by_capture:
        return [select(recipients.c.seq).where(recipients.c.seq == captures.c.seq, address).exists()]
    return [captures.c.seq.in_(select(recipients.c.seq).where(address))]


def like(column: ColumnElement[Any], wanted: str) -> ColumnElement[bool]:
    """`*` stands for anything; without one the text matches as a part. Both sides are lower case."""
    pattern = "".join(_ESCAPE + char if char in "%_\\" else char for char in plain(wanted).lower())
    pattern = pattern.replace("*", "%") if "*" in pattern else f"%{pattern}%"
    return column.like(pattern, escape=_ESCAPE)


def _of_host(column: Column[Any], host: str) -> ColumnElement[bool]:
    host = plain(host).lower().removesuffix(".")
    return like(column, host) if "*" in host else column == host


def asked(filters: Filters) -> set[str]:
    """Which filters are set."""
    return {field.name for field in fields(filters) if getattr(filters, field.name) is not None}


def answered_by_sums(filters: Filters) -> bool:
    """Whether the sums know all that is asked, so that nothing has to be counted."""
    return asked(filters) <= _SUMMED


def sum_conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """The filters over `tallies`; only where `answered_by_sums`."""
    where: list[ColumnElement[bool]] = []
    for name in ("run", "channel", "provider", "operation", "verdict"):
        value = getattr(filters, name)
        if value is not None:
            where.append(tallies.c[name] == plain(value))
    if filters.host is not None:
        where.append(_of_host(tallies.c.host, filters.host))
    if filters.left is not None:
        where.append(tallies.c.departed.is_(filters.left))
    return where
