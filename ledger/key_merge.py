"""KeyMerge: eight bundles of keys become one, and those of captures that are all gone become none, bit by bit.

What is under way the bundles themselves say: each step is part of somebody's transaction, so that a crash loses none,
and whoever looks meanwhile finds a key on the sheet it was on, or on the one it is on.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection

from ledger.key_bundles import PLACE_BITS, STEP_BITS, next_number, place_of, put_sheets
from ledger.key_entry import PREFIX_BITS, entries_in, last_words
from ledger.key_statements import key_statements_for

AT_ONCE = 8
"""Bundles that are merged into one."""

SHEETS_AT_ONCE = 2
"""Of each of them, with one commit: a thousand entries, which take half a millisecond."""

DROPPED_AT_ONCE = 32
"""The same where they are merged into nothing."""

NOWHERE = 0
"""No bundle's number: where what nobody needs any more is merged into."""


class Bundle(NamedTuple):
    """A row of `key_bundles`, in its order."""

    number: int
    bits: int
    last: int
    target: int | None


def tend(connection: Connection) -> bool:
    """Do one step of what there is to do, within a transaction of the writer; whether there was anything."""
    statements = key_statements_for(connection.dialect)
    bundles = [Bundle(*row) for row in statements.bundles.all(connection, {})]
    [(first,)] = statements.first_capture.all(connection, {})
    merging = [bundle for bundle in bundles if bundle.target is not None] or _begun(connection, bundles, first or 0)
    if not merging:
        return _dropped_lists(connection, first or 0)
    _step(connection, merging, first or 0)
    return True


def _dropped_lists(connection: Connection, first: int) -> bool:
    """Drop what was entered at once and leads to captures before the number `first` alone; whether there was any."""
    statements = key_statements_for(connection.dialect)
    [(place,)] = statements.first_list.all(connection, {})
    if place is None or place >= first << PLACE_BITS:
        return False
    statements.drop_lists.run(connection, [{"before": ((place >> PLACE_BITS) + 1) << PLACE_BITS}])
    return True


def _begun(connection: Connection, bundles: list[Bundle], first: int) -> list[Bundle]:
    """What is to be merged next; empty where there is nothing."""
    statements = key_statements_for(connection.dialect)
    stale = [bundle for bundle in bundles if bundle.last < first][:AT_ONCE]
    chosen = stale or _eight(bundles)
    target = NOWHERE
    if not stale and chosen:
        target = next_number(connection)
        last = max(bundle.last for bundle in chosen)
        statements.put_bundle.put(connection, [(target, chosen[0].bits + STEP_BITS, last, None)])
    begun = [bundle._replace(target=target) for bundle in chosen]
    if begun:
        statements.set_target.run(connection, [{"of_number": one.number, "into": target} for one in begun])
    return begun


def _eight(bundles: list[Bundle]) -> list[Bundle]:
    """The oldest of the smallest size there are eight of."""
    for bits in sorted({bundle.bits for bundle in bundles if bundle.bits < PREFIX_BITS}):
        same = sorted([bundle for bundle in bundles if bundle.bits == bits])
        if len(same) >= AT_ONCE:
            return same[:AT_ONCE]
    return []


def _step(connection: Connection, merging: list[Bundle], first: int) -> None:
    """Move the first sheets that are left."""
    statements = key_statements_for(connection.dialect)
    target, bits = merging[0].target, merging[0].bits
    least = min(_first_prefixes(connection, merging), default=None)
    if least is None:
        statements.drop_bundle.run(connection, [{"of_number": bundle.number} for bundle in merging])
        return
    beyond = least + (SHEETS_AT_ONCE if target else DROPPED_AT_ONCE)
    taken: list[tuple[int, bytes]] = []
    for bundle in merging:
        within = {"low": place_of(bundle.number, least), "high": place_of(bundle.number, beyond)}
        taken += statements.sheets_between.all(connection, within)
    statements.drop_sheet.run(connection, [{"of_place": place} for place, _ in taken])
    if target:
        entries = last_words([entry for _, sheet in taken for entry in entries_in(sheet)], first)
        put_sheets(connection, target, bits + STEP_BITS, entries)


def _first_prefixes(connection: Connection, merging: list[Bundle]) -> list[int]:
    """Of the first sheet of each that has any left."""
    statements = key_statements_for(connection.dialect)
    found: list[Any] = []
    for number, *_ in merging:
        within = {"low": place_of(number), "high": place_of(number + 1)}
        [(place,)] = statements.first_sheet.all(connection, within)
        if place is not None:
            found.append(place - place_of(number))
    return found
