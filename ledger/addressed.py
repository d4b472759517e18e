"""Addressed: captures by whom they are to, looked for from the side on which less has to be looked at.

A part of an address is found by looking at addresses, and there may be a million. Whoever lists the newest of many
finds them capture by capture, and whoever looks for a rare one goes through the addresses alone, the newest first.
"""

from typing import Any

from sqlalchemy import Connection, Select, func, select

from ledger.conditions import conditions, like
from ledger.figures import summed
from ledger.filters import Filters
from ledger.tables import captures, recipients

_SAMPLE = 1_000
"""The newest recipients, by which it is judged how many match."""
_OFTEN = 20
"""Of those; then a page of matches is found among the newest captures."""
_SHORT_RUN = 20_000
"""Captures of a run whose recipients are looked up one by one."""


def newest_seqs(filters: Filters, further: list[Any], limit: int, *, by_capture: bool) -> Select[Any]:
    """The newest `seq`s that match the filters, but for `q`, and some conditions more."""
    if filters.to is None or by_capture:
        where = conditions(filters, by_capture=True)
        return select(captures.c.seq).where(*where, *further).order_by(captures.c.seq.desc()).limit(limit)
    others = conditions(filters, with_to=False)
    found = select(recipients.c.seq).distinct().where(like(recipients.c.address, filters.to))
    if others or further:
        found = found.join(captures, captures.c.seq == recipients.c.seq).where(*others, *further)
    return found.order_by(recipients.c.seq.desc()).limit(limit)


def by_capture(connection: Connection, filters: Filters) -> bool:
    """Whether it is quicker to look at the recipients of each capture that the other filters leave."""
    if filters.to is None:
        return True
    if filters.run is not None and summed(connection, Filters(run=filters.run)) <= _SHORT_RUN:
        return True
    newest = select(recipients.c.address).order_by(recipients.c.seq.desc()).limit(_SAMPLE).subquery()
    matching = select(func.count()).select_from(newest).where(like(newest.c.address, filters.to))
    return int(connection.execute(matching).scalar_one()) >= _OFTEN
