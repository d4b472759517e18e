"""Body readers: where a body ends, by Content-Length or by chunks (RFC 9112, 6 and 7). Pure: bytes in, bytes out."""

import re
from typing import Protocol

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*")
LONGEST_LINE = 4_096
LONGEST_TRAILERS = 8_192


class MalformedBody(ValueError):
    """The body is not framed as its head says; the sentence says what is wrong."""


class BodyReader(Protocol):
    """Takes a body's bytes off the front of a buffer."""

    done: bool
    trailers: bool
    """The body was followed by trailer fields, which nobody reads."""

    def take(self, buffer: bytearray) -> bytes:
        """Remove what belongs to the body from the buffer's front and return its content. Raises MalformedBody."""
        ...


class LengthReader:
    """A body of a known number of octets."""

    trailers = False

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = length == 0

    def take(self, buffer: bytearray) -> bytes:
        taken = bytes(buffer[: self._left])
        del buffer[: self._left]
        self._left -= len(taken)
        self.done = self._left == 0
        return taken


class ChunkedReader:
    """A body in chunks. Extensions are ignored, trailers are noted."""

    def __init__(self) -> None:
        self.done = False
        self.trailers = False
        self._left = 0
        self._ended = False
        self._after_data = False
        self._trailer_octets = 0

    def take(self, buffer: bytearray) -> bytes:
        content: list[bytes] = []
        while buffer and not self.done:
            if self._left:
                piece = bytes(buffer[: self._left])
                del buffer[: self._left]
                self._left -= len(piece)
                self._after_data = self._left == 0
                content.append(piece)
                continue
            line = _line(buffer)
            if line is None:
                break
            self._on_line(line)
        return content[0] if len(content) == 1 else b"".join(content)

    def _on_line(self, line: bytes) -> None:
        if self._ended:
            self._on_trailer(line)
        elif self._after_data:
            if line:
                raise MalformedBody("a chunk is longer than its size says")
            self._after_data = False
        else:
            match = _SIZE_LINE.fullmatch(line)
            if match is None:
                raise MalformedBody(f"the chunk size line {line[:40]!r} is not a hexadecimal number")
            self._left = int(match[1], 16)
            self._ended = self._left == 0

    def _on_trailer(self, line: bytes) -> None:
        if not line:
            self.done = True
            return
        self.trailers = True
        self._trailer_octets += len(line)
        if self._trailer_octets > LONGEST_TRAILERS or not _TRAILER.fullmatch(line):
            raise MalformedBody("the chunked body's trailer fields are malformed or too long")


def _line(buffer: bytearray) -> bytes | None:
    """The next whole line without its CRLF, or None while it is not whole."""
    end = buffer.find(b"\n", 0, LONGEST_LINE)
    if end < 0:
        if len(buffer) >= LONGEST_LINE:
            raise MalformedBody(f"a line of the chunked body is longer than {LONGEST_LINE} octets")
        return None
    line = bytes(buffer[:end])
    if line[-1:] != b"\r" or b"\r" in line[:-1]:
        raise MalformedBody("a line of the chunked body does not end in CRLF alone")
    del buffer[: end + 1]
    return line[:-1]
