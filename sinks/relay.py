"""Relay: an opted-in mail carried to the SMTP server its opt-in names, before its client is answered. Never queued.

A relay takes all recipients or gets no message: SMTP has one reply for the whole mail, and "partly" is not among them.
"""

import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import BinaryIO

from ledger.reply import Reply
from policies.mail import Mail
from sinks.dialler import CannotDial, Dialler, DialRefused
from sinks.passage import Departure
from sinks.relay_envelope import NotRelayed, check, is_read_alike, mail_command, rcpt_commands, read_via
from sinks.relay_leave import Leave, Rules, TakenBack
from sinks.relay_return import NULL_SENDER, sender_for
from sinks.relay_session import RelayGone, RelayReply, RelaySession
from sinks.ticket import Ticket

CHUNK = 262_144
FORWARDS = 251
"""A reply to RCPT: taken, for an address that nobody asked the policy about (RFC 5321, 3.4)."""


class RelaySaidNo(Exception):
    """The relay's own refusal, to be passed on."""

    def __init__(self, reply: RelayReply, before: str = "") -> None:
        super().__init__(before + reply.text)
        self.status = reply.code


class Relay:
    """Carries mails, one connection each, through the dialler."""

    def __init__(
        self,
        dialler: Dialler,
        hostname: str,
        *,
        tls_context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
        seconds: float = 900.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        rules: Rules | None = None,
    ) -> None:
        """`rules`: a mail is held to those of each moment until it is told whole; None: to those it was judged by.

        `tls_context` verifies servers of `smtps://`. STARTTLS is taken where offered, whoever's certificate it is:
        whoever could show a false one could as well have left STARTTLS out."""
        self._dialler = dialler
        self._hostname = hostname
        self._tls_context = tls_context
        self._seconds = seconds
        self._clock = clock
        self._rules = rules

    async def deliver(self, departure: Departure, mail: Mail, content: BinaryIO | bytes) -> tuple[bool, Reply]:
        """Whether bytes of the mail, its envelope with it, may have left, and the reply for the client.

        The sender the relay was told is the reply's fact `relayed_from`.
        """
        mail = replace(mail, sender=sender_for(mail, lambda it: is_read_alike(it) and departure.would_reach(it)))
        left, reply = await self._tried(departure, mail, content)
        return left, replace(reply, facts={"relayed_from": mail.sender or NULL_SENDER}) if left else reply

    async def _tried(self, departure: Departure, mail: Mail, content: BinaryIO | bytes) -> tuple[bool, Reply]:
        session: RelaySession | None = None
        try:
            scheme, host, port = read_via(departure.decision.via)
            check(mail, departure.would_reach)
            leave = Leave(departure, self._rules, self._clock)
            leave.prove()
            async with leave.within(self._seconds):
                session = await self._open(departure, scheme, host, port)
                reply = await self._carry(session, leave, scheme, host, mail, content)
            await session.close(politely=True)
            return True, _taken(reply)
        except RelaySaidNo as refusal:
            left, answer = _left(session), _refused(refusal.status, str(refusal))
        except NotRelayed as refusal:
            left, answer = _left(session), _ours(refusal.status, str(refusal))
        except TakenBack as refusal:
            left, answer = _left(session), _ours(554, f"5.7.1 {refusal}")
        except DialRefused as refusal:
            left, answer = False, _ours(554, f"5.7.1 The relay may not be dialled: {refusal}")
        except (CannotDial, RelayGone, OSError, TimeoutError) as error:
            left = _left(session)
            answer = _ours(451, f"4.4.2 {_failed(departure, error, session is not None and session.sent)}")
        if session is not None:
            await session.close(politely=not session.sent)
        return left, answer

    async def _open(self, departure: Departure, scheme: str, host: str, port: int) -> RelaySession:
        ticket = Ticket(
            client=f"mail:{departure.capture_id}",
            host=host,
            port=port,
            addresses=departure.decision.addresses,
            expires=departure.decision.expires,
            capture_id=departure.capture_id,
        )
        self._dialler.issue(ticket)
        return RelaySession(*await self._dialler.open(ticket, tls=self._tls_context() if scheme == "smtps" else None))

    async def _carry(
        self, session: RelaySession, leave: Leave, scheme: str, host: str, mail: Mail, content: BinaryIO | bytes
    ) -> RelayReply:
        _wanted(await session.reply())
        _wanted(await session.hello(self._hostname))
        if scheme == "smtp" and "STARTTLS" in session.offers:
            _wanted(await session.command("STARTTLS"))
            await session.secure(_opportunistic(), host)
            _wanted(await session.hello(self._hostname))
        ascii_content = content.isascii() if isinstance(content, bytes) else not _promised_eight_bit(mail)
        envelope = mail_command(mail, session.offers, ascii_content)
        leave.prove()
        session.named = True
        _wanted(await session.command(envelope))
        for number, line in enumerate(rcpt_commands(mail, session.offers)):
            leave.prove()
            reply = await session.command(line)
            if not reply.good:
                whom = mail.recipients[number]
                raise RelaySaidNo(reply, f"(of {len(mail.recipients)} recipients {whom}; nothing was sent to any) ")
            if reply.code == FORWARDS:
                told = f"The relay would forward what is for {mail.recipients[number]} to somebody else: {reply.text}"
                raise NotRelayed(554, f"5.7.1 {told}")
        start = await session.command("DATA")
        if start.code != 354:
            raise RelaySaidNo(start)
        return _wanted(await session.message(_told(content, leave)))


def _wanted(reply: RelayReply) -> RelayReply:
    if not reply.good:
        raise RelaySaidNo(reply)
    return reply


def _left(session: RelaySession | None) -> bool:
    """Who writes to whom is part of the mail: a relay that was told has been reached, though it took no message."""
    return session is not None and session.named


def _taken(reply: RelayReply) -> Reply:
    return Reply(fidelity="real", status=reply.code, body=reply.text.encode())


def _refused(status: int, text: str) -> Reply:
    """The relay's own code, but for 421, which would end our client's session, and for what is no refusal."""
    passed_on = status if 400 <= status < 600 and status != 421 else 451
    return Reply(fidelity="real", status=passed_on, body=text.encode())


def _ours(status: int, text: str) -> Reply:
    return Reply(fidelity="refused", status=status, body=text.encode())


def _failed(departure: Departure, error: Exception, sent: bool) -> str:
    what = str(error) or "the time was up"
    end = "the message may have been delivered" if sent else "nothing of the message was sent"
    return f"The relay {departure.decision.via} failed: {what}; {end}"


def _promised_eight_bit(mail: Mail) -> bool:
    return "eight_bit" in mail.flags or any(
        option.upper() in ("BODY=8BITMIME", "SMTPUTF8") for option in mail.sender_options
    )


def _opportunistic() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _told(content: BinaryIO | bytes, leave: Leave) -> Iterator[bytes]:
    """Each piece that may still go; after the last there is no way back."""
    for chunk in _chunks(content):
        leave.prove()
        yield chunk
    leave.prove()
    leave.over = True


def _chunks(content: BinaryIO | bytes) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    while chunk := content.read(CHUNK):
        yield chunk
