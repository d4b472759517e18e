"""Removal: taking captures out of the ledger in slices, with all beside them, and writing down that it was done."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ledger.body_store import BodyStore
from ledger.engine import reason_of
from ledger.full_disk import is_full, room_made
from ledger.kept_values import settle_values
from ledger.late_keys import file_keys
from ledger.moment import microseconds, moment
from ledger.run_losses import note_losses
from ledger.statements import is_named
from ledger.store import Ledger
from ledger.synced import sync_folder
from ledger.tables import bodies, captures, evidence, labels, objects, pieces, recipients, removals, replays
from ledger.tally import Tally, add_to_counter, drop_empty
from ledger.trouble import LedgerUnavailable

SLICE_SECONDS = 0.02
"""How long the write lock is held at a time, so that captures' commits do not wait."""

_FIRST_ROWS = 10
_LEAST_ROWS = 20
"""Captures of a slice, where its time shows nothing else: fewer take as long, for a transaction costs what it costs."""
_MOST_ROWS = 400


@dataclass(slots=True)
class Removed:
    """What one removal took."""

    captures: int = 0
    octets: int = 0
    oldest_at: int = 0
    newest_at: int = 0

    def add(self, rows: list[Any]) -> None:
        """Count some more rows of `captures`."""
        times = [row["at"] for row in rows]
        self.oldest_at = min([*times, *([self.oldest_at] if self.captures else [])])
        self.newest_at = max([*times, self.newest_at])
        self.captures += len(rows)
        self.octets += sum(row["octets"] for row in rows)


class Removal:
    """One removal, from its first slice to its last. Made once for a sweep or for somebody's wish."""

    def __init__(self, ledger: Ledger, store: BodyStore, why: str, at: datetime, *, with_objects: bool) -> None:
        """`why`: `age`, `bytes` or `asked`. `with_objects`: providers' objects last changed by a capture go with it."""
        self._ledger = ledger
        self._store = store
        self._why = why
        self._at = microseconds(at)
        self._with_objects = with_objects
        self._id: int | None = None
        self._rows = _FIRST_ROWS
        self._done = 0
        """Up to which capture it has looked: there is no going back within one removal."""
        self.removed = Removed()
        self._unlinked_in: set[Path] = set()
        """Folders that bodies' files are gone from."""

    def slice(self, where: list[Any], enough: int | None = None) -> int:
        """Remove the oldest that match, as many as a slice allows; returns how many. Raises LedgerUnavailable.

        They are looked for before the lock is taken: among a million, that may take longer than a capture may wait.
        `enough`: octets after which it stops, so that no more is taken than has to be.
        """
        try:
            rows: list[Any] = []
            # What was found may be another's by now; then there may be more behind it.
            while not rows and (seqs := self._found(where)):
                rows = self._taken_of(seqs, where, enough)
            # All of them: until they are gone they count, and more captures would be taken in their place.
            while self._in_turn(self._unlink_doomed):
                time.sleep(SLICE_SECONDS)
        except SQLAlchemyError as error:
            raise LedgerUnavailable(f"captures cannot be removed ({reason_of(error)})") from error
        except OSError as error:
            raise LedgerUnavailable(f"a removed body's file cannot be unlinked ({error})") from error
        return len(rows)

    def settle(self) -> None:
        """Return once no power failure brings back a body's file that was removed. Raises LedgerUnavailable."""
        try:
            for folder in self._unlinked_in:
                # One without a file may never have been there.
                with contextlib.suppress(FileNotFoundError):
                    sync_folder(folder)
        except OSError as error:
            raise LedgerUnavailable(f"a removed body's file cannot be forgotten ({error})") from error

    def _in_turn[Told](self, act: Callable[[], Told]) -> Told:
        """Run one transaction, where the disk is full once more in the room that is held for it."""
        before, written_down = replace(self.removed), self._id
        with self._ledger.turn:
            try:
                return act()
            except DBAPIError as error:
                if not is_full(error):
                    raise
            self.removed, self._id, self._rows = before, written_down, min(self._rows, _FIRST_ROWS)
            with room_made(self._ledger.write, self._ledger.reserve):
                return act()

    def _found(self, where: list[Any]) -> list[int]:
        """The oldest that match."""
        with self._ledger.read.connect() as connection:
            any_at_all = select(captures.c.seq).where(*where).limit(1)
            # By whatever index tells it soonest; in order it would be looked for among all.
            if not self._done and connection.execute(any_at_all).first() is None:
                return []
            oldest = select(captures.c.seq).where(*where, captures.c.seq > self._done)
            return list(connection.execute(oldest.order_by(captures.c.seq).limit(self._rows)).scalars())

    def _taken_of(self, seqs: list[int], where: list[Any], enough: int | None) -> list[Any]:
        """Remove what matches still of what was found."""
        started = time.monotonic()
        # Their span too: by a host's index, say, all captures of the host would be looked at.
        these = [captures.c.seq.in_(seqs), captures.c.seq.between(seqs[0], seqs[-1])]
        rows = self._in_turn(lambda: self._taken([*these, *where], enough))
        self._adapt(time.monotonic() - started)
        self._done = rows[-1]["seq"] if rows else seqs[0]
        return rows

    def _taken(self, where: list[Any], enough: int | None) -> list[Any]:
        with self._ledger.write.begin() as connection:
            rows = _up_to(self._oldest(connection, where), enough)
            if not rows:
                return rows
            filed = file_keys(connection, needed=rows[-1]["seq"])
            self._take(connection, rows)
        if filed:
            self._ledger.late.forget()
        self._ledger.removals += 1
        return rows

    def _oldest(self, connection: Connection, where: list[Any]) -> list[Any]:
        replies = bodies.alias("replies")
        filed = func.coalesce(bodies.c.stored, 0) + func.coalesce(replies.c.stored, 0)
        statement = (
            select(captures, filed.label("filed"))
            .join(evidence, evidence.c.seq == captures.c.seq)
            .outerjoin(bodies, bodies.c.sha256 == evidence.c.body_sha256)
            .outerjoin(replies, replies.c.sha256 == evidence.c.reply_sha256)
        )
        statement = statement.where(*where).order_by(captures.c.seq).limit(self._rows)
        return list(connection.execute(statement).mappings())

    def _take(self, connection: Connection, rows: list[Any]) -> None:
        seqs = [row["seq"] for row in rows]
        tally = Tally()
        for row in rows:
            tally.take(row)
        note_losses(connection, rows, self._why, moment(self._at))
        named = select(evidence.c.body_sha256, evidence.c.reply_sha256).where(evidence.c.seq.in_(seqs))
        files = {sha256 for pair in connection.execute(named) for sha256 in pair if sha256 is not None}
        settle_values(connection, seqs, keep=not self._with_objects, shared=self._ledger.late.shared)
        for table in (
            captures,
            evidence,
            pieces,
            recipients,
            labels,
            replays,
            *((objects,) if self._with_objects else ()),
        ):
            connection.execute(delete(table).where(table.c.seq.in_(seqs)))
        tally.write(connection)
        drop_empty(connection, rows)
        self._doom(connection, files)
        self.removed.add(rows)
        self._write_down(connection)

    def _doom(self, connection: Connection, files: set[str]) -> None:
        if files:
            statement = update(bodies).where(bodies.c.sha256.in_(files), ~is_named()).values(doomed=True)
            connection.execute(statement)

    def _unlink_doomed(self) -> bool:
        """Unlink some files no capture names, in a transaction of their own; whether there were any.

        Only after the captures' removal is committed, else a crash would leave captures without their bodies; and
        looked at again under the lock, because a new capture may have come to name the same bytes.
        """
        doomed = select(bodies.c.sha256, bodies.c.stored).where(bodies.c.doomed.is_(True)).limit(self._rows)
        with self._ledger.read.connect() as connection:
            if connection.execute(doomed).first() is None:
                return False
        with self._ledger.write.begin() as connection:
            gone = connection.execute(doomed.where(~is_named())).all()
            for sha256, stored in gone:
                self._unlinked_in.add(self._store.remove(sha256))
                connection.execute(delete(bodies).where(bodies.c.sha256 == sha256))
                add_to_counter(connection, "octets", -stored)
        return bool(gone)

    def _write_down(self, connection: Connection) -> None:
        removed = self.removed
        told = {
            "captures": removed.captures,
            "octets": removed.octets,
            "oldest_at": removed.oldest_at,
            "newest_at": removed.newest_at,
        }
        if self._id is None:
            last = connection.execute(select(removals.c.id).order_by(removals.c.id.desc()).limit(1)).scalar()
            self._id = (last or 0) + 1
            connection.execute(insert(removals), {"id": self._id, "at": self._at, "why": self._why, **told})
        else:
            connection.execute(update(removals).where(removals.c.id == self._id).values(told))

    def _adapt(self, seconds: float) -> None:
        if seconds > SLICE_SECONDS:
            self._rows = max(_LEAST_ROWS, self._rows // 2)
        elif seconds < SLICE_SECONDS * 3 / 4:
            self._rows = min(_MOST_ROWS, self._rows * 2)


def _up_to(rows: list[Any], enough: int | None) -> list[Any]:
    if enough is None:
        return rows
    sizes = accumulate(row["octets"] + row["filed"] for row in rows)
    return rows[: 1 + sum(size < enough for size in sizes)]
