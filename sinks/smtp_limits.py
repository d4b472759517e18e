"""SmtpLimits: what one SMTP client may use up."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SmtpLimits:
    """Octets, counts and seconds. The times are those of RFC 5321, section 4.5.3.2, or shorter for a whole session."""

    message_octets: int = 50_000_000
    line_octets: int = 16_384
    """Of a command or an AUTH response (RFC 4954 asks for 12,288)."""
    recipients: int = 10_000
    errors: int = 20
    """Refused commands after which the session is ended."""
    connections: int = 2_000
    idle_seconds: float = 300.0
    message_seconds: float = 900.0
    """From DATA to the end of the message."""
    session_seconds: float = 86_400.0
    """Clients with a pool keep sessions open for a day."""
    handshake_seconds: float = 30.0
