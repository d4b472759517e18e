"""SmtpTranscript: a session as it was spoken, bounded, credentials and DATA left out."""

LINES = 2000
OCTETS = 500
"""Of one line."""


class SmtpTranscript:
    """What led to the mail at hand: the session's opening and this transaction, not the mails before it."""

    def __init__(self) -> None:
        self._opening: list[str] = []
        self._transaction: list[str] = []
        self._lines = self._opening
        """Those of the two that are being added to."""

    def exchanged(self, line: str, reply: str) -> None:
        """Add what the client said and what it was answered."""
        lines = self._lines
        if len(lines) < LINES - 1:
            lines += (f"C: {line[:OCTETS]}", f"S: {reply[:OCTETS]}")
        else:
            self.said("C", line)
            self.said("S", reply)

    def said(self, who: str, line: str) -> None:
        """Add a line; `who` is `C` or `S`."""
        lines = self._lines
        if len(lines) < LINES:
            lines.append(f"{who}: {line[:OCTETS]}")

    def begin(self) -> None:
        """A transaction begins: what was said in the one before is forgotten."""
        self._lines = self._transaction = []

    def restart(self) -> None:
        """TLS was begun: what follows is the opening still (RFC 3207 forgets all that was known)."""
        self._transaction = []
        self._lines = self._opening

    def text(self) -> str:
        return "\n".join((*self._opening, *self._transaction))
