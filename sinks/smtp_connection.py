"""SmtpConnection: one client's socket: lines and messages out of its bytes, TLS, time limits.

What is said when lives in `smtp_session`, what becomes of a whole mail in `smtp_delivery`.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from policies.body import Body
from policies.http_request import RunClaim
from policies.mail import Mail
from policies.raw_connection import RawConnection
from sinks.binding import written
from sinks.in_flight import InFlight
from sinks.smtp_body import IncomingBody
from sinks.smtp_delivery import SmtpDelivery
from sinks.smtp_limits import SmtpLimits
from sinks.smtp_lines import OVERLONG, SmtpLines
from sinks.smtp_mail import mail_of
from sinks.smtp_remains import SmtpRemains
from sinks.smtp_session import Next, SmtpSession
from sinks.smtp_tls import HandshakeFailed, secured
from sinks.smtp_unfinished import SmtpUnfinished

AHEAD_OCTETS = 65536
"""What a client may send ahead while its mail is being recorded."""
LINES_A_TURN = 500
"""Commands answered before other clients get their turn."""
LINGER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class SmtpEntrance:
    """What all connections of one listening socket share."""

    hostname: str
    port: int
    implicit_tls: bool
    tls_context: Callable[[], ssl.SSLContext] | None
    limits: SmtpLimits
    delivery: SmtpDelivery
    remains: SmtpRemains
    connections: "set[SmtpConnection]"
    in_flight: InFlight
    claim: RunClaim | None = None
    """Of a run whose own entrance it is."""


class SmtpConnection(asyncio.Protocol):
    """An accepted connection, from greeting to close."""

    def __init__(self, entrance: SmtpEntrance) -> None:
        self._entrance = entrance
        self._loop = asyncio.get_running_loop()
        self._session = SmtpSession(
            entrance.hostname,
            entrance.limits,
            starttls=entrance.tls_context is not None and not entrance.implicit_tls,
        )
        self._transport: asyncio.Transport
        self._source = ""
        self._lines = SmtpLines(entrance.limits.line_octets)
        self._incoming: IncomingBody | None = None
        self._busy = False
        """A mail is being recorded or TLS is being begun: what the client sends ahead waits."""
        self._blocked = False
        """The client does not read its replies: it gets no more of them."""
        self._ending = False
        """Nothing more is taken from the client, but what is at hand is answered."""
        self._over = False
        """The last words have been said."""
        self._begun = self._touched = self._message_begun = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._unfinished = SmtpUnfinished(entrance.in_flight, entrance.claim)
        self.work: asyncio.Task[None] | None = None
        """Kept, so that it cannot vanish; it never raises."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows the type; a server's transport is one
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._source = written(peer[0]) if peer else ""
        self._entrance.connections.add(self)
        if len(self._entrance.connections) > self._entrance.limits.connections:
            self._end(b"421 4.3.2 Too many connections\r\n")
            return
        self._timer = self._loop.call_later(self._entrance.limits.idle_seconds, self._watch)
        if self._entrance.implicit_tls:
            self._begin_tls()
        else:
            transport.write(self._session.greeting())

    def connection_lost(self, exc: Exception | None) -> None:
        self._entrance.connections.discard(self)
        self._ending = True
        if self._timer is not None:
            self._timer.cancel()
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            mail = self._mail
            self.work = self._loop.create_task(
                self._entrance.remains.keep_mail(incoming, lambda body: mail(body, incoming))
            )
        if self.work is None or self.work.done():
            self._unfinished.over()
        else:
            self.work.add_done_callback(self._unfinished.over)

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        self._touched = self._loop.time()
        self._lines.add(data)
        self._advance()

    def eof_received(self) -> bool:
        if self._busy:
            self._ending = True  # a client that half-closes after its mail still gets the reply
            return self._session.tls is None
        return False

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        self._advance()

    def shut(self) -> None:
        """Soundstage stops: a mail that is being recorded is answered first."""
        if self._busy and not self._transport.is_closing():
            self._ending = True
        else:
            self._end(b"421 4.3.2 Soundstage is stopping\r\n")

    def abort(self) -> None:
        self._transport.abort()

    def _advance(self) -> None:
        """Go through what has arrived; the replies of one turn go out as one write, as PIPELINING wants it."""
        out: list[bytes] = []
        for _ in range(LINES_A_TURN):
            if self._busy or self._blocked or self._ending or not self._step(out):
                break
        else:
            self._loop.call_soon(self._advance)
        self._write(b"".join(out))
        self._unfinished.look(self._session, self._busy, self._source)
        if len(self._lines) > AHEAD_OCTETS:
            self._transport.pause_reading()
        elif not self._busy:
            self._transport.resume_reading()

    def _step(self, out: list[bytes]) -> bool:
        """Use up one line, or all there is of a message. False where nothing is left that could be used."""
        if self._incoming is not None:
            return self._receive(self._incoming)
        line = self._lines.next()
        if line is None:
            return False
        reply, after = self._session.overlong() if line is OVERLONG else self._session.command(line)
        out.append(reply)
        if after is not Next.COMMAND:
            self._write(b"".join(out))
            out.clear()
            self._turn_to(after)
        return True

    def _receive(self, incoming: IncomingBody) -> bool:
        octets = self._lines.take()
        rest = incoming.feed(octets) if octets else None
        if rest is None:
            return False
        self._lines.add(rest)
        self._incoming = None
        self._busy = True
        self.work = self._loop.create_task(self._deliver(incoming))
        return True

    def _turn_to(self, after: Next) -> None:
        if after is Next.DATA:
            self._message_begun = self._loop.time()
            self._incoming = IncomingBody(self._entrance.limits.message_octets, self._entrance.delivery.intakes)
        elif after is Next.TLS:
            self._lines.take()  # sent in the clear, it must not count as said under TLS
            self._begin_tls()
        else:
            self._end(b"")

    async def _deliver(self, incoming: IncomingBody) -> None:
        reply = await self._entrance.delivery.deliver(incoming, lambda body: self._mail(body, incoming))
        if reply.startswith(b"451"):
            self._unfinished.lose("it could not be kept")
        self._session.reset()
        self._touched = self._loop.time()
        self._busy = False
        self._write(reply)
        if self._ending:
            self._unfinished.look(self._session, self._busy, self._source)
            self._end(b"")
        else:
            self._advance()

    def _mail(self, body: Body, incoming: IncomingBody) -> Mail:
        return mail_of(
            self._session,
            body,
            incoming.flags,
            source=self._source,
            protocol="smtps" if self._entrance.implicit_tls else "smtp",
            port=self._entrance.port,
            head=incoming.head,
        )

    def _unread(self, reason: str) -> RawConnection:
        """A client that would not speak TLS with us: it may pin certificates, or not trust the CA yet."""
        protocol = "smtps" if self._entrance.implicit_tls else "smtp"
        what = f"a mail client whose TLS handshake failed: {reason}"
        return RawConnection(self._source, (), self._entrance.port, protocol=protocol, what=what, flags=("unreadable",))

    def _begin_tls(self) -> None:
        self._busy = True
        self._unfinished.look(self._session, self._busy, self._source)
        self._transport.pause_reading()
        self.work = self._loop.create_task(self._secure())

    async def _secure(self) -> None:
        limits = self._entrance.limits
        try:
            transport = await secured(
                self._transport,
                self,
                self._entrance.tls_context,
                seconds=limits.handshake_seconds,
                source=self._source,
            )
        except HandshakeFailed as failed:
            await self._entrance.remains.keep(self._unread(str(failed)))
            return
        if self._ending:
            transport.abort()
            return
        self._transport = transport
        self._session.secured(transport.get_extra_info("ssl_object").version())
        self._busy = False
        if self._entrance.implicit_tls:
            self._write(self._session.greeting())
        self._advance()

    def _watch(self) -> None:
        """The one timer. It looks at the clock when it fires, so that traffic need not move it."""
        limits, now = self._entrance.limits, self._loop.time()
        due = min(self._touched + limits.idle_seconds, self._begun + limits.session_seconds)
        if self._incoming is not None:
            due = min(due, self._message_begun + limits.message_seconds)
        if self._busy:
            due = now + limits.idle_seconds
        if due <= now:
            self._end(b"421 4.4.2 The time is up; closing the connection\r\n")
            return
        self._timer = self._loop.call_later(min(due - now, limits.message_seconds), self._watch)

    def _write(self, octets: bytes) -> None:
        if octets and not self._over and not self._transport.is_closing():
            self._transport.write(octets)

    def _half_closed(self) -> bool:
        if not self._transport.can_write_eof():
            return False
        try:
            self._transport.write_eof()
        except OSError:  # the client is gone already
            return False
        return True

    def _end(self, last_words: bytes) -> None:
        """Close, so that the last words arrive: to close with octets unread would reset the connection under them."""
        self._ending = True
        if self._over or self._transport.is_closing():
            return
        self._write(last_words)
        self._over = True
        if not last_words or not self._half_closed():
            self._transport.close()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(LINGER_SECONDS, self._transport.abort)
