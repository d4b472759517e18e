"""Attempts of `soundstage doctor`, what each met, and what that says: values alone, made and judged elsewhere."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Way = Literal[
    "tcp", "tls", "name", "https", "doh", "dot", "dns", "dns-tcp", "udp", "icmp", "smtp", "metadata", "host", "device",
    "proxy",
]  # fmt: skip
Met = Literal["kept", "unresolved", "turned_away", "silent", "connected", "answered", "ours"]
"""`kept`: this machine sent nothing. `turned_away`: an error came back. `connected`: and nobody said anything."""
By = Literal["here", "neighbour", "beyond", "somebody"]
"""Who turned a packet away: this machine, one on its own link, one further on, or one that cannot be told."""
Verdict = Literal["closed", "captured", "dropped", "open", "unknown", "missing", "advice", "accepted"]
"""`dropped`: closed, and on nobody's record."""

WHAT: Mapping[Way, str] = {
    "tcp": "TCP to an address: a GET of a page that no server has",
    "tls": "TLS to an address, with a name of its own: a GET of a page that no server has",
    "name": "HTTP to a name that nobody has, resolved as the system does",
    "https": "HTTPS to a name that nobody has, resolved as the system does",
    "doh": "a DNS question over HTTPS, for a name that nobody has",
    "dot": "TCP to the port of DNS over TLS, then a TLS handshake",
    "dns": "a DNS question to a server, for a name that nobody has",
    "dns-tcp": "the same question over TCP",
    "udp": "one datagram that a server of that port answers",
    "icmp": "one echo request",
    "smtp": "SMTP: EHLO and QUIT, no mail",
    "metadata": "a cloud's metadata address: a GET of a page that it does not have",
    "host": "a service of the machine around or the next router: a GET of a page that it does not have",
    "device": "TCP by another interface than the usual one: a GET of a page that no server has",
    "proxy": "the proxy that a variable names: a GET of a name that nobody has",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way out that is tried."""

    way: Way
    host: str
    """An address, or a name where it says so. Of `proxy`: its URL without credentials."""
    port: int
    nonce: str
    """Letters and digits of this attempt alone: in the name, the SNI, the path or the first bytes."""
    device: str = ""
    credentials: str = ""
    """Of a proxy, `user:password` as the variable has them. Never shown."""

    @property
    def id(self) -> str:
        """What people and `--accept` call it: `udp:1.1.1.1:443`."""
        parts = [self.way, *filter(None, [self.device]), self.host, *([str(self.port)] if self.port else [])]
        return ":".join(parts)

    @property
    def name(self) -> str:
        """A name under a domain that is reserved for examples (RFC 2606), and that nobody has asked for before."""
        return f"{self.nonce}.example.com"

    @property
    def path(self) -> str:
        return f"/soundstage-doctor-{self.nonce}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt met."""

    met: Met
    detail: str = ""
    by: By = "somebody"
    capture: str | None = None
    """What an answer of Soundstage's says that it was recorded as."""
    verdict: str | None = None
    """What it says was decided: `capture`, `deny`, `allow`, `divert`."""
    address: str = ""
    """Of a name: where it led. Of an address: where a connection that did not come about was meant to go."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What an attempt, or a look at the machine, says."""

    id: str
    what: str
    verdict: Verdict
    reason: str
    capture: str | None = None
    met: Met | None = None
    """Of an attempt: what it met."""

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)
