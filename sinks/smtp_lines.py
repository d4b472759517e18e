"""SmtpLines: commands out of whatever pieces they arrive in, at flat memory. No sockets here."""


class SmtpLines:
    """Holds what has arrived and has not been used up. A line ends with LF; its CR, if any, does not belong to it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = b""
        self._at = 0
        self._too_long = False

    def __len__(self) -> int:
        return len(self._buffer) - self._at

    def add(self, octets: bytes) -> None:
        self._buffer = self._buffer[self._at :] + octets if self._at < len(self._buffer) else octets
        self._at = 0

    def next(self) -> bytes | None:
        """The next line, or None where its end has not come. One that was too long is `OVERLONG`."""
        at = self._at
        end = self._buffer.find(b"\n", at)
        if end < 0:
            if len(self) > self._limit:
                self._too_long = True
            if self._too_long:
                self.take()
            return None
        line = self._buffer[at:end]
        self._at = end + 1
        if self._too_long or len(line) > self._limit + 1:
            self._too_long = False
            return OVERLONG
        return line.removesuffix(b"\r")

    def take(self) -> bytes:
        """All that is held, as it came."""
        octets = self._buffer[self._at :] if self._at else self._buffer
        self._buffer = b""
        self._at = 0
        return octets


OVERLONG = b"\n"
"""Stands for a line that was too long to be kept; no line can hold a LF."""
