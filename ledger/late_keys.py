"""LateKeys: objects and replays of the latest captures, whose keys are not entered yet.

A provider's ids are random: each lies on a page of its own of a table that is sorted by them, and a commit that wrote
it there wrote twice as many pages. So a capture's evidence alone says what it kept (`ledger.kept`), and many keys at
once are entered, as a bundle (`ledger.key_bundles`). Which captures' keys are entered, the counter `filed` says.

Where several gateways share a server, the tables `objects` and `replays` are told at once.
"""

from sqlalchemy import Connection, bindparam, select

from ledger.kept import ObjectChange, ObjectKey, changes_in
from ledger.key_bundles import write_bundle
from ledger.key_entry import GONE, seq_of, word_of
from ledger.key_merge import tend
from ledger.row import Row
from ledger.statements import statements_for
from ledger.tables import captures, counters, evidence

LIMIT = 4096
"""Keys: beyond it they are entered, which takes some milliseconds of the commit at hand."""

UNFILED_AT_MOST = 10_000
"""Captures whose evidence is looked through at the start."""

ROWS_A_STEP = 32
"""For so many captures in a commit one step of merging: faster than they could need it."""

IN_EVIDENCE = ""
"""Stands for the value of an object in its table: the evidence of the capture that changed it last says it."""

_COUNTER = select(counters.c.value).where(counters.c.name == bindparam("of"))
_KEPT_SINCE = (
    select(evidence.c.seq, captures.c.run, captures.c.provider, evidence.c.kept)
    .join(captures, captures.c.seq == evidence.c.seq)
    .where(evidence.c.seq > bindparam("filed"), evidence.c.kept.is_not(None))
    .order_by(evidence.c.seq)
)


class Keys:
    """Keys by what they lead to, the last word on each."""

    def __init__(self) -> None:
        self.objects: dict[ObjectKey, int] = {}
        """To the word of the capture that changed the object last (`ledger.key_entry`)."""
        self.replays: dict[tuple[str, str], tuple[str, int]] = {}
        """By run and key, to the fingerprint and the capture that was answered first."""

    def __len__(self) -> int:
        return len(self.objects) + len(self.replays)

    def add(self, seq: int, changes: tuple[ObjectChange, ...], replay: tuple[str, str, str] | None) -> None:
        """What one capture kept; `replay`: run, key, fingerprint."""
        for key, gone in changes:
            self.objects[key] = word_of(seq, GONE if gone else 0)
        if replay is not None:
            self.replays.setdefault((replay[0], replay[1]), (replay[2], seq))

    def add_rows(self, rows: list[Row], last: int) -> None:
        """What the captures kept whose last one has the number `last`."""
        for seq, row in enumerate(rows, last - len(rows) + 1):
            if row.objects or row.replay is not None:
                self.add(seq, row.objects, row.replay)

    def write_apart(self, connection: Connection) -> None:
        """Enter all in the tables that several gateways share."""
        statements = statements_for(connection.dialect)
        objects = self.objects.items()
        gone = [key for key, word in objects if word & GONE]
        made = [(*key, IN_EVIDENCE, seq_of(word)) for key, word in objects if not word & GONE]
        replays = [(run, key, fingerprint, seq) for (run, key), (fingerprint, seq) in self.replays.items()]
        for statement, rows in ((statements.drop_object, gone), (statements.put_object, made)):
            if rows:
                statement.put(connection, rows)
        if replays:
            statements.put_replay.put(connection, replays)


class LateKeys:
    """Changed under the ledger's `turn` alone; what reads it looks here first, and then into the ledger."""

    def __init__(self, *, shared: bool) -> None:
        """`shared`: other gateways write too, and would look in vain for what only this one knows."""
        self.shared = shared
        self._keys = Keys()
        self._since = 0
        self._last = 0
        self._filed = False
        self._untidy = True
        """Whether bundles may have to be merged."""

    def write(self, connection: Connection, rows: list[Row], last: int) -> None:
        """Within the transaction that wrote the rows, `last` the number of the last one: enter keys where it is time.

        `committed` has to follow once it is. Until then nothing is known of these rows: they may be rolled back.
        """
        if self.shared and rows:
            keys = Keys()
            keys.add_rows(rows, last)
            keys.write_apart(connection)
            _set_filed(connection, last)
        self._filed = len(self._keys) >= LIMIT or self._since >= UNFILED_AT_MOST
        if self._filed:
            self.write_all(connection)
        elif not self.shared:
            steps = 1 + len(rows) // ROWS_A_STEP
            while self._untidy and steps:
                self._untidy = tend(connection)
                steps -= 1

    def write_all(self, connection: Connection) -> None:
        """Enter whatever is late; `forget` has to follow once it is committed."""
        if self._since:
            write_bundle(connection, self._keys.objects, self._keys.replays, self._last)
            _set_filed(connection, self._last)

    def committed(self, rows: list[Row], last: int) -> None:
        """The rows are durable."""
        if self._filed:
            self.forget()
        if rows and not self.shared:
            self._since += len(rows)
            self._last = last
            self._keys.add_rows(rows, last)

    def forget(self) -> None:
        """All are entered, and that is durable."""
        self._keys = Keys()
        self._since = 0
        self._untidy = True

    def object(self, key: ObjectKey) -> int | None:
        """The word of the capture that changed the object last, or None: the ledger knows."""
        return self._keys.objects.get(key)

    def objects_in(self, run: str, provider: str, collection: str) -> dict[str, int]:
        """The same of a whole collection, by key."""
        within = (run, provider, collection)
        return {key[3]: word for key, word in list(self._keys.objects.items()) if key[:3] == within}

    def replay(self, run: str, key: str) -> tuple[str, int] | None:
        """The fingerprint and the capture that was answered first, or None: the ledger knows."""
        return self._keys.replays.get((run, key))

    def replay_keys(self) -> list[str]:
        """Of all runs."""
        return [key for _, key in list(self._keys.replays)]


def file_keys(connection: Connection, needed: int | None = None) -> bool:
    """Enter whatever the evidence alone says; returns whether there was anything. At the start, and before a removal.

    `needed`: only if what this capture kept is not entered yet.
    """
    last, filed = (connection.execute(_COUNTER, {"of": name}).scalar_one() for name in ("seq", "filed"))
    if filed >= (last if needed is None else needed):
        return False
    keys = Keys()
    for seq, run, provider, text in connection.execute(_KEPT_SINCE, {"filed": filed}):
        changes, replay = changes_in(text, run, provider)
        keys.add(seq, changes, None if replay is None else (run, *replay))
    write_bundle(connection, keys.objects, keys.replays, last)
    _set_filed(connection, last)
    return True


def _set_filed(connection: Connection, seq: int) -> None:
    statements_for(connection.dialect).set_counter.run(connection, [{"counter": "filed", "to": seq}])
