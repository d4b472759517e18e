"""SmtpSession: what a client may say when, and what it is answered (RFC 5321, RFC 3207, RFC 4954, RFC 3461, RFC 6531).

Lines in, replies out: no sockets, no clock. Octets after DATA live in `smtp_data`, mechanisms in `smtp_auth`.
"""

import base64
from collections.abc import Callable, Mapping
from enum import Enum
from typing import ClassVar

from policies.http_request import RunClaim
from sinks.smtp_auth import MECHANISMS, BadAuth, Exchange, decoded, exchange
from sinks.smtp_limits import SmtpLimits
from sinks.smtp_path import MAIL_OPTIONS, RCPT_OPTIONS, BadPath, SmtpPath, read_path
from sinks.smtp_transcript import SmtpTranscript

_SAID = frozenset((b"EHLO", b"HELO", b"MAIL", b"RCPT", b"DATA", b"RSET", b"STARTTLS", b"QUIT"))
"""Commands a transcript gives in full; what follows any other says nothing of the mail and may be anything."""


_OFFERED = "250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n"
_OFFERED_LAST = f"250-AUTH {' '.join(MECHANISMS)}\r\n250-ENHANCEDSTATUSCODES\r\n250 HELP"


class Next(Enum):
    """What the connection does once the reply is written."""

    COMMAND = "reads another command"
    DATA = "reads a message"
    TLS = "begins TLS, after dropping whatever was sent ahead"
    CLOSE = "closes"


def _always(reply: str) -> "Callable[[SmtpSession, bytes], str]":
    return lambda _session, _argument: reply


class SmtpSession:
    """One client's session. `command` is fed lines without their ends."""

    def __init__(self, hostname: str, limits: SmtpLimits, *, starttls: bool) -> None:
        self._hostname = hostname
        self._limits = limits
        self._starttls = starttls
        self._errors = 0
        self._exchange: Exchange | None = None
        self.transcript = SmtpTranscript()
        self.helo = ""
        self.tls: str | None = None
        """The version of TLS; set by the connection for implicit TLS."""
        self.claim: RunClaim | None = None
        self.sender: SmtpPath | None = None
        self.recipients: list[SmtpPath] = []
        self._next = Next.COMMAND

    def greeting(self) -> bytes:
        return self._told(f"220 {self._hostname} ESMTP Soundstage")

    def command(self, line: bytes) -> tuple[bytes, Next]:
        """The reply to one line, and what comes after it."""
        self._next = Next.COMMAND
        if self._exchange is not None:
            self.transcript.said("C", "[removed]")
            return self._told(self._respond(self._exchange, line)), self._next
        verb, _, argument = line.partition(b" ")
        verb = verb.upper()
        answer = self._VERBS.get(verb)
        if answer is None:
            self.transcript.said("C", f"[an unknown command of {len(line)} octets]")
            return self._refused(self._unknown(line)), self._next
        if verb == b"MAIL" and self.sender is None:
            self.transcript.begin()
        said = line if verb in _SAID else verb + b" [removed]" * bool(argument)
        reply = answer(self, argument.strip())
        if reply >= "5":
            self.transcript.said("C", said.decode("utf-8", "backslashreplace"))
            return self._refused(reply), self._next
        self.transcript.exchanged(said.decode("utf-8", "backslashreplace"), reply)
        return reply.encode("ascii", "replace") + b"\r\n", self._next

    def overlong(self) -> tuple[bytes, Next]:
        """The reply to a line beyond the limit, which was dropped."""
        self._next = Next.COMMAND
        self._exchange = None
        return self._refused("500 5.5.2 The line is too long"), self._next

    def secured(self, version: str) -> None:
        """TLS has begun: all that was learnt in the clear is forgotten (RFC 3207, section 4.2), but the transcript."""
        self.tls = version
        self.helo, self.claim = "", None
        self.reset()
        self.transcript.restart()
        self.transcript.said("-", f"{version} begins")

    def reset(self) -> None:
        """The transaction is over; the session goes on."""
        self.sender = None
        self.recipients = []

    def _told(self, reply: str) -> bytes:
        self.transcript.said("S", reply)
        return reply.encode("ascii", "replace") + b"\r\n"

    def _refused(self, reply: str) -> bytes:
        self._errors += 1
        if self._errors > self._limits.errors and self._next is Next.COMMAND:
            self._next = Next.CLOSE
            return self._told(reply) + self._told("421 4.7.0 Too many errors; closing the connection")
        return self._told(reply)

    def _unknown(self, line: bytes) -> str:
        if b" HTTP/1." in line[-12:]:
            self._next = Next.CLOSE  # a web page can be made to post a mail in a form's body
            return "554 5.5.1 This is an SMTP port, not HTTP"
        return "500 5.5.2 The command is not known"

    def _helo(self, argument: bytes) -> str:
        if not argument:
            return "501 5.5.4 Syntax: HELO hostname"
        self.helo = argument.decode("utf-8", "backslashreplace")[:255]
        self.reset()
        return f"250 {self._hostname}"

    def _ehlo(self, argument: bytes) -> str:
        reply = self._helo(argument)
        if not argument:
            return "501 5.5.4 Syntax: EHLO hostname"
        starttls = "250-STARTTLS\r\n" if self._starttls and self.tls is None else ""
        size = self._limits.message_octets
        return f"250-{reply[4:]}\r\n250-PIPELINING\r\n250-SIZE {size}\r\n{_OFFERED}{starttls}{_OFFERED_LAST}"

    def _begin_tls(self, argument: bytes) -> str:
        if argument:
            return "501 5.5.4 STARTTLS takes no argument"
        if self.tls is not None or not self._starttls:
            return "503 5.5.1 TLS is in use already" if self.tls else "502 5.5.1 TLS is not offered"
        self._next = Next.TLS
        return "220 2.0.0 Ready to start TLS"

    def _auth(self, argument: bytes) -> str:
        if not self.helo:
            return "503 5.5.1 Send EHLO first"
        if self.claim is not None or self.sender is not None:
            return "503 5.5.1 AUTH comes once, and before MAIL"
        mechanism, space, initial = argument.partition(b" ")
        try:
            self._exchange = exchange(mechanism.decode("ascii", "replace"), self._hostname)
        except BadAuth as error:
            return str(error)
        challenge = next(self._exchange)
        if space and not (challenge and mechanism.upper() == b"CRAM-MD5"):
            return self._respond(self._exchange, initial.strip())
        return _challenged(challenge)

    def _respond(self, going: Exchange, response: bytes) -> str:
        try:
            return _challenged(going.send(decoded(response)))
        except StopIteration as done:
            self.claim = done.value
            self._exchange = None
            return "235 2.7.0 Authentication successful"
        except BadAuth as error:
            self._exchange = None
            return str(error)

    def _mail(self, argument: bytes) -> str:
        if not self.helo or self.sender is not None:
            return "503 5.5.1 A transaction is open already" if self.helo else "503 5.5.1 Send EHLO or HELO first"
        try:
            sender = read_path(argument, "FROM:", MAIL_OPTIONS)
        except BadPath as error:
            return str(error)
        if sender.options and int(sender.option("SIZE") or 0) > self._limits.message_octets:
            return f"552 5.3.4 The message is larger than the limit of {self._limits.message_octets} octets"
        self.sender = sender
        return "250 2.1.0 Ok"

    def _rcpt(self, argument: bytes) -> str:
        if self.sender is None:
            return "503 5.5.1 Send MAIL first"
        if len(self.recipients) >= self._limits.recipients:
            return f"452 4.5.3 More than {self._limits.recipients} recipients"
        try:
            recipient = read_path(argument, "TO:", RCPT_OPTIONS)
        except BadPath as error:
            return str(error)
        if not recipient.address:
            return "501 5.1.3 The recipient's address is empty"
        self.recipients.append(recipient)
        return "250 2.1.5 Ok"

    def _data(self, argument: bytes) -> str:
        if argument:
            return "501 5.5.4 DATA takes no argument"
        if not self.recipients:
            return "503 5.5.1 Send MAIL and RCPT first" if self.sender is None else "554 5.5.1 No valid recipients"
        self._next = Next.DATA
        return "354 End data with <CR><LF>.<CR><LF>"

    def _rset(self, _: bytes) -> str:
        self.reset()
        return "250 2.0.0 Ok"

    def _quit(self, _: bytes) -> str:
        self._next = Next.CLOSE
        return "221 2.0.0 Bye"

    _VERBS: ClassVar[Mapping[bytes, Callable[["SmtpSession", bytes], str]]] = {
        b"EHLO": _ehlo,
        b"HELO": _helo,
        b"STARTTLS": _begin_tls,
        b"AUTH": _auth,
        b"MAIL": _mail,
        b"RCPT": _rcpt,
        b"DATA": _data,
        b"RSET": _rset,
        b"NOOP": _always("250 2.0.0 Ok"),
        b"HELP": _always("214 2.0.0 Soundstage keeps every mail and delivers none; see the dashboard"),
        b"VRFY": _always("252 2.5.2 Cannot verify a user; mail for anybody is kept"),
        b"EXPN": _always("252 2.5.2 Cannot expand a list; mail for anybody is kept"),
        b"QUIT": _quit,
    }


def _challenged(challenge: bytes) -> str:
    return "334 " + base64.b64encode(challenge).decode("ascii")
