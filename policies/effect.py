"""Effect: what somebody tried to do to the outside world: the value and its words. Describing lives elsewhere."""

from collections.abc import Mapping
from typing import Any, Literal

from policies.frozen import Frozen

Channel = Literal[
    "email", "sms", "push", "payment", "webhook", "chat", "storage", "queue", "schedule", "dns", "web", "socket"
]
Intent = Literal["read", "write", "auth", "connect"]
Credential = Literal["none", "test", "live", "unknown"]

UNATTRIBUTED = "unattributed"


class Target(Frozen):
    """Where it was meant to go. `host` is canonical: a lower-case A-label without trailing dot, or an address."""

    scheme: str
    host: str
    port: int
    method: str | None = None
    path: str | None = None
    """Without the query, which may hold credentials."""


class Effect(Frozen):
    """One attempted side effect, described before anything is decided about it."""

    channel: Channel
    intent: Intent
    protocol: str
    """`http/1.1`, `h2`, `smtp`, `smtps`, `dns`, `tcp`."""
    target: Target
    source: str
    """The client's address, without its port."""
    run: str = UNATTRIBUTED
    window: str | None = None
    """Of a run, the id of the test's window that was open on it."""
    provider: str | None = None
    operation: str | None = None
    address: str | None = None
    """Of a redirected connection, the bare address it was really made to, whatever name came with it: judged too."""
    facts: Mapping[str, Any] = {}
    """JSON-shaped: what people search for (amount, currency, to, from, subject, idempotency_key, ...)."""
    recipients: tuple[str, ...] | None = None
    """Everybody it would reach, or None where not all of them can be named."""
    credential: Credential = "none"
    flags: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    """Phrases about names in it that disagree with each other (SNI against Host, two Host headers); any is a denial."""
    canonical: bool = True
    """False where host, path or method were not sent in the one form decisions are made on: it never leaves then."""
