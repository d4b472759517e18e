"""SmtpWire: a client's transport as its conversation uses it: replies, last words, time limits. What is said is not."""

import asyncio
from math import inf
from time import monotonic

from sinks.smtp_limits import SmtpLimits
from sinks.smtp_socket import half_closed
from sinks.smtp_watch import LINGER_SECONDS


class SmtpWire(asyncio.Protocol):
    """What a connection is made on. Times are those of the loop's own clock."""

    def __init__(self, limits: SmtpLimits) -> None:
        self._limits = limits
        self._transport: asyncio.Transport
        self._busy = False
        """A mail is being recorded or TLS is being begun: what the client sends ahead waits."""
        self._blocked = False
        """The client does not read its replies: it gets no more of them."""
        self._ending = False
        """Nothing more is taken from the client, but what is at hand is answered."""
        self._over = False
        """The last words have been said."""
        self._lost = False
        """The client hears nothing any more."""
        self._begun = self._touched = monotonic()
        self._message_due = inf
        """When the message that is coming in must have ended."""

    def pause_writing(self) -> None:
        self._blocked = True

    def due(self, now: float) -> float:
        """Whether a limit is over. Looked at now and then, so that traffic need not move a timer."""
        limits = self._limits
        due = min(self._touched + limits.idle_seconds, self._begun + limits.session_seconds)
        if self._busy:
            return now + limits.idle_seconds
        due = self._touched + LINGER_SECONDS if self._over else min(due, self._message_due)
        if due > now:
            return due
        if self._over or self._transport.is_closing():
            self._transport.abort()
        else:
            self._end(b"421 4.4.2 The time is up; closing the connection\r\n")
        return now + LINGER_SECONDS

    def _write(self, octets: bytes) -> None:
        if not self._over and not self._lost and not self._transport.is_closing():
            self._transport.write(octets)

    def _end(self, last_words: bytes) -> None:
        """Close, so that the last words arrive: to close with octets unread would reset the connection under them."""
        self._ending = True
        if self._over or self._transport.is_closing():
            return
        if last_words:
            self._write(last_words)
        self._over = True
        self._touched = monotonic()
        if not last_words or not half_closed(self._transport):
            self._transport.close()
