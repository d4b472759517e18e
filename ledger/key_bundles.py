"""KeyBundles: the keys of objects and replays on the disk, in bundles of sheets. Only an embedded ledger has them.

Keys are random. In a table sorted by them each lies on a page of its own, and to enter four thousand takes nearly as
many pages; what is entered together here lies together: a bundle, split into sheets by the digests' first bits. Eight
bundles of a size are merged into one, a few sheets with each commit (`ledger.key_merge`), so that there are a score or
two. Whoever looks for a key looks at one sheet of each. The last word on an object is whichever names the
latest capture, wherever it lies.

Beside them lie lists: what was entered together of each collection, so that its newest objects are found.
"""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Connection, bindparam, select

from ledger.kept import ObjectKey
from ledger.key_digest import Collection, CollectionDigest, object_digest, replay_digest
from ledger.key_entry import (
    PREFIX_BITS,
    REPLAY,
    changes_in,
    entry_of,
    prefix_of,
    replays_in,
    sheets_of,
    word_of,
    words_in,
)
from ledger.key_statements import key_statements_for
from ledger.tables import key_bundles, key_lists, key_sheets

SHEET = 128
"""Entries on a sheet, about, at most: with 64 of them, as it has when keys are entered, three share a page."""

STEP_BITS = 3
"""Eight bundles of a size are merged into one whose sheets are told apart by so many bits more."""

PLACE_BITS = 20
"""Of a list's place, below the number of the last capture on it."""

_PREFIX = bindparam("prefix", type_=BigInteger).bitwise_rshift(PREFIX_BITS - key_bundles.c.bits)
_SHEETS = select(key_sheets.c.entries).join(
    key_bundles, key_sheets.c.place == key_bundles.c.number.bitwise_lshift(PREFIX_BITS) + _PREFIX
)
_ALL = select(key_sheets.c.entries)
_LISTS = (
    select(key_lists.c.entries)
    .where(key_lists.c.collection == bindparam("of_collection"))
    .order_by(key_lists.c.place.desc())
)


def place_of(number: int, prefix: int = 0) -> int:
    """Of a bundle's sheet."""
    return number << PREFIX_BITS | prefix


def write_bundle(
    connection: Connection, objects: dict[ObjectKey, int], replays: dict[tuple[str, str], tuple[str, int]], last: int
) -> None:
    """Enter keys as `late_keys.Keys` has them, within a transaction of the writer; `last`: their latest capture."""
    entries: list[bytes] = []
    lists: dict[Collection, tuple[CollectionDigest, list[bytes]]] = {}
    for key, word in objects.items():
        told = lists.get(key[:3]) or lists.setdefault(key[:3], (CollectionDigest(key[:3]), []))
        told[1].append(entry_of(told[0].of(key[3]), word))
    for _, changes in lists.values():
        entries += changes
    entries += [entry_of(replay_digest(key), word_of(seq, REPLAY)) for (_, key), (_, seq) in replays.items()]
    if not entries:
        return
    statements = key_statements_for(connection.dialect)
    number = next_number(connection)
    bits = _bits_for(len(entries))
    statements.put_bundle.put(connection, [(number, bits, last, None)])
    put_sheets(connection, number, bits, entries)
    if lists:
        _put_lists(connection, [(digest.own, b"".join(changes)) for digest, changes in lists.values()], last)


def put_sheets(connection: Connection, number: int, bits: int, entries: list[bytes]) -> None:
    """Add sheets to a bundle."""
    sheets = [(place_of(number, prefix), sheet) for prefix, sheet in sheets_of(entries, bits).items()]
    if sheets:
        key_statements_for(connection.dialect).put_sheet.put(connection, sheets)


def next_number(connection: Connection) -> int:
    """Of a bundle to be."""
    [(highest,)] = key_statements_for(connection.dialect).last_bundle.all(connection, {})
    return int(highest or 0) + 1


def words_of(connection: Connection, digest: bytes) -> list[int]:
    """What is entered of one key, in no order."""
    sheets = connection.execute(_SHEETS, {"prefix": prefix_of(digest)}).scalars()
    return [word for sheet in sheets for word in words_in(sheet, digest)]


def last_word(connection: Connection, key: ObjectKey) -> int | None:
    """On an object: the capture that changed it last, and whether it was removed; None: nothing is entered of it."""
    return max(words_of(connection, object_digest(key)), default=None)


def replay_digests(connection: Connection) -> Iterator[bytes]:
    """Of every replay's key that is entered."""
    for sheet in connection.execution_options(yield_per=1000).execute(_ALL).scalars():
        yield from replays_in(sheet)


def changes_to(connection: Connection, within: Collection) -> Iterator[tuple[int, bytes]]:
    """Word and object's digest of each change to a collection that is entered, the last first."""
    with connection.execute(_LISTS, {"of_collection": CollectionDigest(within).own}) as lists:
        for told in lists.scalars():
            yield from changes_in(told)


def _bits_for(entries: int) -> int:
    bits = 0
    while entries > SHEET << bits and bits < PREFIX_BITS:
        bits += STEP_BITS
    return bits


def _put_lists(connection: Connection, lists: list[tuple[bytes, bytes]], last: int) -> None:
    statements = key_statements_for(connection.dialect)
    [(highest,)] = statements.last_list.all(connection, {})
    # Never one that is taken: the same captures' keys may be entered twice, by two who opened the ledger.
    place = max(last << PLACE_BITS, int(highest or 0) + 1)
    statements.put_list.put(connection, [(place + at, *one) for at, one in enumerate(lists)])
