"""KeyEntry: a key and the capture that it leads to, as twenty octets, and sheets: many of them, sorted. Pure.

An entry is a digest (`ledger.key_digest`) and a word: the capture's number, whether the key is a replay's, and whether
its object was removed. So entries sort by key, and those of one key by capture.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import pairwise

from ledger.key_digest import SIZE

GONE = 1
REPLAY = 2
_SHIFT = 2

_WORD = 8
_ENTRY = SIZE + _WORD

PREFIX_BITS = 24
"""Of a digest, by which sheets are told apart, at most."""


def word_of(seq: int, flags: int = 0) -> int:
    """`flags`: GONE, REPLAY."""
    return seq << _SHIFT | flags


def seq_of(word: int) -> int:
    """The capture's number."""
    return word >> _SHIFT


def entry_of(digest: bytes, word: int) -> bytes:
    """Twenty octets."""
    return digest + word.to_bytes(_WORD, "big")


def entries_in(sheet: bytes) -> list[bytes]:
    """In their order."""
    return [sheet[at : at + _ENTRY] for at in range(0, len(sheet), _ENTRY)]


def words_in(sheet: bytes, digest: bytes) -> Iterator[int]:
    """What a sheet says of one key, rising."""
    at = sheet.find(digest)
    while at >= 0:
        if at % _ENTRY == 0:
            yield int.from_bytes(sheet[at + SIZE : at + _ENTRY], "big")
        at = sheet.find(digest, at + 1)


def changes_in(sheet: bytes) -> list[tuple[int, bytes]]:
    """Word and digest of each entry, the last capture first."""
    told = [(int.from_bytes(entry[SIZE:], "big"), entry[:SIZE]) for entry in entries_in(sheet)]
    return sorted(told, reverse=True)


def replays_in(sheet: bytes) -> list[bytes]:
    """The digests of replays' keys."""
    return [entry[:SIZE] for entry in entries_in(sheet) if entry[-1] & REPLAY]


def prefix_of(digest: bytes) -> int:
    """Its first PREFIX_BITS."""
    return int.from_bytes(digest[: PREFIX_BITS // 8], "big")


def sheets_of(entries: Iterable[bytes], bits: int) -> dict[int, bytes]:
    """Sheets by the first `bits` of the digests on them."""
    ordered = sorted(entries)
    shift = PREFIX_BITS - bits
    sheets = {}
    begin = 0
    while begin < len(ordered):
        prefix = prefix_of(ordered[begin]) >> shift
        after = (prefix + 1 << shift).to_bytes(PREFIX_BITS // 8 + 1, "big")
        # The first octet is for the prefix after the last one, beyond which there is no entry.
        end = len(ordered) if after[0] else bisect_left(ordered, after[1:], begin)
        sheets[prefix] = b"".join(ordered[begin:end])
        begin = end
    return sheets


def last_words(entries: list[bytes], first: int) -> list[bytes]:
    """Sorted, without what captures before the number `first` say; of an object the last word, of a replay each."""
    if first > 1:
        least = word_of(first).to_bytes(_WORD, "big")
        entries = [entry for entry in entries if entry[SIZE:] >= least]
    ordered = sorted(entries)
    if len({entry[:SIZE] for entry in ordered}) == len(ordered):
        return ordered
    return [entry for entry, after in pairwise([*ordered, b""]) if entry[-1] & REPLAY or entry[:SIZE] != after[:SIZE]]
