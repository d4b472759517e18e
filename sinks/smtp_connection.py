"""SmtpConnection: one client's conversation: lines and messages out of its bytes, and TLS.

What is said when lives in `smtp_session`, what becomes of a mail in `smtp_delivery`, its transport in `smtp_wire`.
"""

import asyncio
from math import inf
from time import monotonic

from policies.body import Body
from policies.mail import Mail
from sinks.binding import written
from sinks.smtp_body import IncomingBody
from sinks.smtp_entrance import SmtpEntrance
from sinks.smtp_lines import OVERLONG, SmtpLines
from sinks.smtp_mail import mail_of
from sinks.smtp_session import Next, SmtpSession
from sinks.smtp_socket import SmtpSocket
from sinks.smtp_tls import HandshakeFailed, secured
from sinks.smtp_unfinished import SmtpUnfinished
from sinks.smtp_wire import SmtpWire

AHEAD_OCTETS = 65536
"""What a client may send ahead while its mail is being recorded."""
LINES_A_TURN = 500
"""Commands answered before other clients get their turn."""


class SmtpConnection(SmtpWire):
    """An accepted connection, from greeting to close."""

    def __init__(self, entrance: SmtpEntrance) -> None:
        super().__init__(entrance.limits)
        self._entrance = entrance
        self._loop = asyncio.get_running_loop()
        self._session = SmtpSession(
            entrance.hostname,
            entrance.limits,
            starttls=entrance.tls_context is not None and not entrance.implicit_tls,
        )
        self._source = ""
        self._held_back = False
        """So much is at hand that no more is read."""
        self._lines = SmtpLines(entrance.limits.line_octets)
        self._incoming: IncomingBody | None = None
        self._handshaking = False
        self._turning = False
        """What has arrived is being gone through."""
        self._finished = False
        """Nothing is left to be gone through, and nobody there to be answered."""
        self._heard_end = False
        """The client says no more; what it has said already is still gone through."""
        self._unfinished = SmtpUnfinished(entrance.in_flight, entrance.claim)
        self.work: asyncio.Task[None] | None = None
        """Kept, so that it cannot vanish; it never raises."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows the type; a server's transport is one
        self._transport = transport
        if self._handshaking:
            return
        peer = transport.get_extra_info("peername")
        self._source = written(peer[0]) if peer else ""
        self._entrance.connections.add(self)
        self._entrance.watch.begin()
        if len(self._entrance.connections) > self._entrance.limits.connections:
            self._unfinished.turned_away(self._source, "too many are connected")
            self._end(b"421 4.3.2 Too many connections\r\n")
            return
        if self._entrance.implicit_tls:
            self._begin_tls()
        else:
            transport.write(self._session.greeting())

    def connection_lost(self, exc: Exception | None) -> None:
        self._heard_end = self._lost = True
        self._blocked = False
        self._advance()

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        self._touched = monotonic()  # the loop's own clock
        self._lines.add(data)
        self._advance()

    def eof_received(self) -> bool:
        self._heard_end = True
        self._advance()
        # A client that half-closes after its mail still gets the reply; TLS has no halves.
        return isinstance(self._transport, SmtpSocket) and not self._over

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
        self._over = True
        if self._handshaking and self.work is not None:
            self.work.cancel()
        else:
            self._transport.abort()

    def _advance(self) -> None:
        """Go through what has arrived; the replies of one turn go out as one write, as PIPELINING wants it."""
        if self._finished:
            return
        out: list[bytes] = []
        self._turning = True
        used_up = self._go_through(out)
        self._turning = False
        if out:
            self._write(b"".join(out))
        if self._unfinished.begun != (self._busy or self._session.sender is not None):
            self._unfinished.look(self._session, self._busy, self._source)
        if self._heard_end:
            if used_up:
                self._finish()
        elif self._held_back or not used_up:  # what is left of a line that has not ended is not much
            self._read_or_not()

    def _go_through(self, out: list[bytes]) -> bool:
        """Use up what can be used now. True where that is all there is."""
        for _ in range(LINES_A_TURN):
            if self._busy or self._blocked:
                return False
            if self._ending or not self._step(out):
                return True
        self._loop.call_soon(self._advance)
        return False

    def _finish(self) -> None:
        """The client says no more, and all it said is used up."""
        if not self._lost:
            self._end(b"")
            return
        self._finished = True
        self._entrance.connections.discard(self)
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            self._unfinished.over()
            return
        remains = self._entrance.remains
        self.work = self._loop.create_task(remains.keep_mail(incoming, self._mail, self._unfinished.lose))
        self.work.add_done_callback(self._unfinished.over)

    def _read_or_not(self) -> None:
        if len(self._lines) > AHEAD_OCTETS:
            self._held_back = True
            self._transport.pause_reading()
        elif self._held_back and not self._busy:
            self._held_back = False
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
        self._incoming, self._message_due = None, inf
        self._busy = True
        if not self._unfinished.begun:
            self._unfinished.look(self._session, True, self._source)  # what is refused at once counts as well
        # Begun at once: the gate comes to the ledger without a turn of the loop in between.
        self.work = asyncio.Task(self._deliver(incoming), loop=self._loop, eager_start=True)
        return True

    def _turn_to(self, after: Next) -> None:
        if after is Next.DATA:
            self._message_due = monotonic() + self._limits.message_seconds
            self._incoming = IncomingBody(self._limits.message_octets, self._entrance.delivery.intakes)
        elif after is Next.TLS:
            self._lines.take()  # sent in the clear, it must not count as said under TLS
            self._begin_tls()
        else:
            self._end(b"")

    async def _deliver(self, incoming: IncomingBody) -> None:
        reply = await self._entrance.delivery.deliver(incoming, self._mail)
        if reply.startswith(b"451"):
            self._unfinished.lose("it could not be kept")
        self._session.reset()
        self._touched = monotonic()
        self._busy = False
        self._write(reply)
        if self._ending:
            self._end(b"")
        if not self._turning:
            self._advance()

    def _mail(self, body: Body, incoming: IncomingBody) -> Mail:
        return mail_of(
            self._session,
            body,
            incoming.flags,
            source=self._source,
            protocol=self._entrance.protocol,
            port=self._entrance.port,
            head=incoming.head if body.data is None else b"",
        )

    def _begin_tls(self) -> None:
        self._busy = self._handshaking = True
        self._unfinished.look(self._session, self._busy, self._source)
        self.work = self._loop.create_task(self._secure())

    async def _secure(self) -> None:
        try:
            transport = await secured(self._transport, self, self._entrance, self._source, lambda: self._over)
        except HandshakeFailed as failed:
            self._handshaking = False
            await self._entrance.remains.keep(self._entrance.unread(self._source, str(failed)))
            self._busy = False
            self.connection_lost(None)
            return
        self._busy = self._handshaking = False
        if self._ending:
            transport.abort()
            return
        self._unfinished.over()  # a mail may have come with the end of the handshake: it is entered as one
        self._session.secured(transport.get_extra_info("ssl_object").version())
        if self._entrance.implicit_tls:
            self._write(self._session.greeting())
        self._advance()
