"""NamedBodies: what becomes of body files that no capture names.

A crash between a file and its capture leaves a file without a row. It is taken once it is as old as retention lets
anything grow, and not before: whoever moved the ledger away may bring it back, and its bodies with it.
"""

import contextlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from ledger.body_store import BodyStore
from ledger.statements import is_named
from ledger.store import Ledger
from ledger.tables import bodies

_AT_ONCE = 100


def forget(ledger: Ledger, store: BodyStore, digests: Iterable[str]) -> None:
    """Unlink files that were stored for a capture which could not be recorded, unless another one names them.

    One that another capture is about to name is missed by its commit, which has it stored again.
    """
    # Where it cannot be, they are found later by their age.
    with contextlib.suppress(SQLAlchemyError, OSError), ledger.turn:
        known = _known(ledger, list(digests))
        for digest in digests:
            if digest not in known:
                store.remove(digest)


def take_unnamed(ledger: Ledger, store: BodyStore, before: datetime) -> None:
    """Doom the rows that no capture names, and unlink the files without a row that are from before a moment.

    Raises SQLAlchemyError and OSError.
    """
    _doom(ledger)
    for folder in store.folders():
        found = {store.digest_in(file): file for file in folder.iterdir()}
        nobodys = found.keys() - _known(ledger, found)
        old = [digest for digest in nobodys if _changed(found[digest]) < before.timestamp()]
        for digest in old:
            with ledger.turn:
                if digest not in _known(ledger, [digest]):
                    store.remove(digest)


def _doom(ledger: Ledger) -> None:
    """An earlier version left such rows behind. A removal takes them, with their files."""
    lost = select(bodies.c.sha256).where(bodies.c.doomed.is_(False), ~is_named())
    with ledger.read.connect() as connection:
        digests = list(connection.execute(lost).scalars())
    for few in _few(digests):
        with ledger.turn, ledger.write.begin() as connection:
            connection.execute(update(bodies).where(bodies.c.sha256.in_(few), ~is_named()).values(doomed=True))


def _known(ledger: Ledger, digests: Iterable[str]) -> set[str]:
    known: set[str] = set()
    with ledger.read.connect() as connection:
        for few in _few(list(digests)):
            known.update(connection.execute(select(bodies.c.sha256).where(bodies.c.sha256.in_(few))).scalars())
    return known


def _few(digests: list[str]) -> list[list[str]]:
    return [digests[first : first + _AT_ONCE] for first in range(0, len(digests), _AT_ONCE)]


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
