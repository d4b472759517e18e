"""SmtpTranscript: a session as it was spoken, bounded, credentials and DATA left out."""

LINES = 2000
OCTETS = 500
"""Of one line."""


class SmtpTranscript:
    """What led to the mail at hand: the session's opening and this transaction, not the mails before it."""

    def __init__(self) -> None:
        self._opening: list[str] = []
        self._transaction: list[str] = []
        self._in_transaction = False

    def said(self, who: str, line: str) -> None:
        """Add a line; `who` is `C` or `S`."""
        lines = self._transaction if self._in_transaction else self._opening
        if len(lines) < LINES:
            lines.append(f"{who}: {line[:OCTETS]}")

    def begin(self) -> None:
        """A transaction begins: what was said in the one before is forgotten."""
        self._transaction = []
        self._in_transaction = True

    def restart(self) -> None:
        """TLS was begun: what follows is the opening still (RFC 3207 forgets all that was known)."""
        self._transaction = []
        self._in_transaction = False

    def text(self) -> str:
        return "\n".join((*self._opening, *self._transaction))
