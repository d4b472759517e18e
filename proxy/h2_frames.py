"""Frames: where each frame of HTTP/2 ends in what a client sends (RFC 9113, 3.4 and 4.1). What is in them is h2's."""

from collections.abc import Iterator

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD = 9
"""Octets of a frame's head, the first three of which are the length of what follows it."""


class Frames:
    """One client's, from its preface on."""

    def __init__(self) -> None:
        self._left = len(PREFACE)
        """Octets still to come of what has begun."""
        self._head = b""
        """What has come of a frame's head that is not whole."""

    def cut(self, data: bytes) -> Iterator[bytes]:
        """The same octets in pieces: each but the last ends with a frame, and there is no second end in any."""
        start = at = 0
        while at < len(data):
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
            else:
                step = self._begin(data[at : at + HEAD - len(self._head)])
            at += step
            if not self._left and not self._head:
                yield data[start:at]
                start = at
        if start < len(data):
            yield data[start:]

    def _begin(self, octets: bytes) -> int:
        """Read on in a frame's head, and say how far."""
        self._head += octets
        if len(self._head) == HEAD:
            self._left, self._head = int.from_bytes(self._head[:3]), b""
        return len(octets)
