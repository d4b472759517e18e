"""Labels: what people put on captures: that they have read them, and tags. The dashboard's own writes."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, and_, delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from ledger.conditions import conditions
from ledger.dialect import upsert
from ledger.engine import reason_of, sqlite_engine
from ledger.filters import Filters
from ledger.store import Ledger
from ledger.story import plain
from ledger.tables import captures, labels
from ledger.trouble import LedgerUnavailable

READ = "\\read"
"""That somebody has read it. No tag can be this: tags hold no backslash (RFC 3501 names its own flags so)."""
TAG_LIMIT = 40
"""Characters of a tag."""
TAGS_LIMIT = 20
"""Tags of one capture."""
_SLICE = 500


class Labels:
    """Writes in transactions of a few rows each, so that captures' commits never wait for them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._put = upsert(ledger.dialect, labels, ["seq", "label"], None)

    def of(self, seqs: Iterable[int]) -> dict[int, tuple[str, ...]]:
        """The labels of these captures, sorted; captures without any are left out."""
        statement = select(labels).where(labels.c.seq.in_(list(seqs))).order_by(labels.c.label)
        found: dict[int, tuple[str, ...]] = {}
        with self._reading() as connection:
            for seq, label in connection.execute(statement):
                found[seq] = (*found.get(seq, ()), label)
        return found

    def count(self, label: str) -> int:
        """How many captures carry it."""
        with self._reading() as connection:
            statement = select(func.count()).select_from(labels).where(labels.c.label == label)
            return int(connection.execute(statement).scalar_one())

    def tally(self, filters: Filters) -> dict[str, int]:
        """How many of the captures that match carry each tag, by tag; `READ` is none."""
        joined = captures.join(labels, labels.c.seq == captures.c.seq)
        statement = select(labels.c.label, func.count()).select_from(joined)
        statement = statement.where(*conditions(filters), labels.c.label != READ)
        with self._reading() as connection:
            rows = connection.execute(statement.group_by(labels.c.label).order_by(labels.c.label))
            return {label: int(count) for label, count in rows}

    def put(self, seq: int, label: str) -> None:
        """Put one on a capture that is there. ValueError for what is no tag, or one too many."""
        label = _checked(label)
        with self._writing() as connection:
            there = connection.execute(select(captures.c.seq).where(captures.c.seq == seq)).first()
            mine = select(func.count()).select_from(labels).where(labels.c.seq == seq, labels.c.label != READ)
            if label != READ and connection.execute(mine).scalar_one() >= TAGS_LIMIT:
                raise ValueError(f"A capture carries {TAGS_LIMIT} tags at most; remove one before adding {label!r}.")
            if there is not None:
                connection.execute(self._put, {"seq": seq, "label": label})

    def drop(self, seq: int, label: str) -> None:
        """Take one off."""
        with self._writing() as connection:
            connection.execute(delete(labels).where(labels.c.seq == seq, labels.c.label == plain(label)))

    def put_on_all(self, label: str, filters: Filters, upto: int) -> int:
        """Put one on every capture up to `upto` that matches and lacks it; returns how many got it.

        ValueError for what is no tag.
        """
        label = _checked(label)
        lacking = ~select(labels.c.seq).where(and_(labels.c.seq == captures.c.seq, labels.c.label == label)).exists()
        statement = select(captures.c.seq).where(*conditions(filters), captures.c.seq <= upto, lacking)
        done = 0
        while True:
            with self._writing() as connection:
                seqs = list(connection.execute(statement.order_by(captures.c.seq.desc()).limit(_SLICE)).scalars())
                if seqs:
                    connection.execute(insert(labels), [{"seq": seq, "label": label} for seq in seqs])
            done += len(seqs)
            if len(seqs) < _SLICE:
                return done

    def drop_from_all(self, label: str, filters: Filters) -> int:
        """Take one off every capture that matches; returns how many had it."""
        carrying = select(labels.c.seq).where(labels.c.label == plain(label))
        mine = select(captures.c.seq).where(*conditions(filters), captures.c.seq.in_(carrying)).limit(_SLICE)
        done = 0
        while True:
            with self._writing() as connection:
                seqs = list(connection.execute(mine).scalars())
                connection.execute(delete(labels).where(labels.c.seq.in_(seqs), labels.c.label == plain(label)))
            done += len(seqs)
            if len(seqs) < _SLICE:
                return done

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._ledger.read.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise LedgerUnavailable(f"the ledger cannot be read ({reason_of(error)})") from error

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        # A connection of its own each time: people click seldom, and nothing has to be closed at the end.
        path = self._ledger.path
        engine = self._ledger.read if path is None else sqlite_engine(path, "background")
        try:
            with self._ledger.turn, engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise LedgerUnavailable(f"labels cannot be written ({reason_of(error)})") from error
        finally:
            if path is not None:
                engine.dispose()


def _checked(label: str) -> str:
    if label == READ:
        return label
    tag = " ".join(label.split()).lower()
    if not tag or len(tag) > TAG_LIMIT or not tag.isprintable() or not set(tag).isdisjoint('\\":| '):
        raise ValueError(f"A tag is one word of at most {TAG_LIMIT} letters, digits and signs, not {label[:80]!r}.")
    return tag
