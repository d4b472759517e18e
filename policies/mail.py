"""Mail: one SMTP transaction as it arrived: the envelope, the session around it, the bytes."""

from dataclasses import dataclass

from policies.body import Body
from policies.http_request import RunClaim
from policies.quick import quick


@quick
@dataclass(frozen=True)
class Mail:
    """What a client handed over between MAIL and the end of DATA. `body` is exact, dots unstuffed."""

    sender: str
    """Envelope sender; empty for the null sender."""
    recipients: tuple[str, ...]
    body: Body
    source: str
    protocol: str
    """`smtp` or `smtps`."""
    port: int
    helo: str = ""
    tls: str | None = None
    """TLS version of the session, or None in the clear."""
    sender_options: tuple[str, ...] = ()
    """MAIL parameters as sent: `SIZE=1024`, `BODY=8BITMIME`, `SMTPUTF8`, `RET=HDRS`, ..."""
    recipient_options: tuple[tuple[str, ...], ...] = ()
    """RCPT parameters, one tuple a recipient."""
    transcript: str = ""
    """The session as it was spoken, credentials removed, DATA left out."""
    claim: RunClaim | None = None
    head: bytes = b""
    """Of a body that is not held in memory, its first octets; empty where `body.data` has them."""
    flags: tuple[str, ...] = ()
    """`malformed`, `line_too_long`, `nul`, `eight_bit`, ..."""
    server: str = ""
    """Where the client meant to hand it over, `mx1.example.com:25`, if its connection was brought here from there."""
