"""DoorLimits: how long and how large a client may be before the door refuses it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """Seconds and octets."""

    head_seconds: float = 30.0
    """From a head's first byte to its last."""
    body_stall_seconds: float = 30.0
    """Between two pieces of a body."""
    body_seconds: float = 900.0
    """From a body's beginning to its end."""
    idle_seconds: float = 75.0
    """Between two requests of a kept connection, and before the first."""
    silence_seconds: float = 5.0
    """After a TLS handshake of a client that offered no ALPN, as one that waits for the server to speak."""
    write_seconds: float = 60.0
    """For a client to take an answer."""
    handshake_seconds: float = 20.0
    linger_seconds: float = 2.0
    """After a refusal: what still arrives is thrown away, lest a reset destroys the refusal on its way."""
    stop_seconds: float = 2.0
    """Of the gateway's or a listener's end: for what is being judged to be recorded and answered."""
    body_octets: int = 1 << 30
    ahead_octets: int = 1 << 18
    """Of pipelined requests, read while one is being answered."""


DEFAULT_LIMITS = DoorLimits()
