"""HeadReader: the heads of a client's connections. One like an earlier one is told by its octets, and not read again.

The same octets say the same. Like means: the same octets but for the target's and those of the values of `CHANGING`
fields. All else of it has passed the grammar before, and says what it said; what differs is held to the same grammar.
Whatever fits no earlier head, or has anything odd in it, is read in full by `head`.
"""

import re
from collections.abc import Hashable

from policies.head_shape import CHANGING
from proxy.connection import Connection
from proxy.head import LENGTH, Head, Likeness, read_head

MOST_KINDS = 8
"""Of heads that one reader remembers."""
MOST_HEADS = 16
"""That one reader remembers octet for octet."""
LONGEST = 4_096
"""Octets of one. It may hold credentials: it stays in memory, and only so many do."""
MOST_UNLIKE = 32
"""After so many heads in a row that were like no other, few more are remembered: some clients sign every one."""
MOST_READERS = 128
_TARGET = re.compile(rb"/[\x21-\x7e\x80-\xff]*+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*+")


class _Kind:
    """One head, cut where others like it may differ."""

    def __init__(self, head: Head, data: bytes) -> None:
        lines = data.split(b"\r\n")
        method, _, rest = lines[0].partition(b" ")
        self.head = head
        pieces = [method + b" ", b" " + rest.partition(b" ")[2]]
        at: list[tuple[int, str]] = []
        for index, line in enumerate(lines[1:]):
            name, colon, _ = line.partition(b":")
            lowered = name.decode("ascii", "replace").lower()
            pieces[-1] += b"\r\n" + (name + colon if lowered in CHANGING else line)
            if lowered in CHANGING:
                at.append((index, lowered))
                pieces.append(b"")
        self._begins, self._line, *between = pieces
        self._differing = [(piece, index, name) for piece, (index, name) in zip(between, at, strict=True)]

    def read(self, data: bytes) -> Head | None:
        """The head in these bytes, where it is one of the kind."""
        at = len(self._begins)
        end = data.find(b" ", at)
        if not data.startswith(self._begins) or not data.startswith(self._line, end):
            return None
        if _TARGET.fullmatch(data, at, end) is None:
            return None
        known, text = self.head, data.decode("latin-1")
        target, headers, length = text[at:end], list(known.headers), known.length
        at = end + len(self._line)
        for piece, index, name in self._differing:
            end = data.find(b"\r\n", at)
            if not data.startswith(piece, end) or _VALUE.fullmatch(data, at, end) is None:
                return None
            value = text[at:end].strip(" \t")
            headers[index] = (name, value)
            if name == "content-length":
                if LENGTH.fullmatch(value) is None:
                    return None
                length = int(value)
            at = end + len(piece)
        return known.like(target, tuple(headers), length) if at == len(data) else None


class HeadReader:
    """Belongs to connections whose requests are described alike."""

    def __init__(self) -> None:
        self._kinds: list[_Kind] = []
        self._heads: dict[bytes, Head] = {}
        self._last: tuple[Head, bytes] | None = None
        """The last head that was like no other: cut once another comes, for many connections carry one alone."""
        self._unlike = 0

    def read(self, data: bytes) -> Head:
        """What `read_head` makes of the same bytes; not to be changed. Raises MalformedHead."""
        same = self._heads.get(data)
        if same is not None:
            self._unlike = 0
            return same
        head = self._read(data)
        if head.likeness is not None and len(data) <= LONGEST:
            if len(self._heads) >= MOST_HEADS:
                self._heads.clear()
            self._heads[data] = head
        return head

    def _read(self, data: bytes) -> Head:
        if self._last is not None:
            self._kinds = [_Kind(*self._last), *self._kinds[: MOST_KINDS - 1]]
            self._last = None
        for kind in self._kinds:
            head = kind.read(data)
            if head is not None:
                self._unlike = 0
                return head
        head = read_head(data)
        self._unlike += 1
        plain = head.target[0] == "/" and head.proxy_authorization is None and len(data) <= LONGEST
        if plain and (self._unlike <= MOST_UNLIKE or self._unlike % MOST_UNLIKE == 0):
            head.likeness = Likeness()
            self._last = (head, data)
        return head


class HeadReaders:
    """One for each client and all that it said before its first head, because what a head means rests on that too."""

    def __init__(self) -> None:
        self._readers: dict[Hashable, HeadReader] = {}

    def of(self, connection: Connection) -> HeadReader:
        """The one for a connection's heads."""
        key = (connection.names, connection.port, connection.tls, connection.source, connection.claim)
        reader = self._readers.get(key)
        if reader is None:
            if len(self._readers) >= MOST_READERS:
                self._readers.clear()
            reader = self._readers[key] = HeadReader()
        return reader
