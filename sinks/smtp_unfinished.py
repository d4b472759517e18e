"""SmtpUnfinished: an SMTP connection's entry among what is unfinished: a mail from MAIL to its reply, a handshake."""

from policies.http_request import RunClaim, claimed
from sinks.in_flight import InFlight, Work
from sinks.smtp_session import SmtpSession


class SmtpUnfinished:
    """Entered and taken out as the connection goes on."""

    def __init__(self, in_flight: InFlight, listener: RunClaim | None) -> None:
        """`listener`: the claim of a run whose own entrance it is."""
        self._in_flight = in_flight
        self._listener = listener
        self.begun = False
        """Whether anything is."""

    def look(self, session: SmtpSession, busy: bool, source: str) -> None:
        """After each turn of the connection."""
        begun = busy or session.sender is not None
        if begun and not self.begun:
            self.begun = True
            told = session.sender is not None
            what, claim = "a mail" if told else "a TLS handshake", claimed(session.claim, self._listener)
            self._in_flight.begin(self, what, source, claim=claim, told=told)
        elif not begun:
            self.over()

    def lose(self, why: str) -> None:
        """The mail was refused, and perhaps no capture tells of it."""
        self._in_flight.lose(self, why)

    def turned_away(self, source: str, why: str) -> None:
        """A client was, before it could say whose mail it has: by its entrance or its address it may be known."""
        work = Work("a mail client", source, self._in_flight.clock(), self._listener, told=True)
        self._in_flight.lose(self, why, work)

    def over(self, _: object = None) -> None:
        """Nothing is unfinished any more."""
        if self.begun:
            self.begun = False
            self._in_flight.end(self)
