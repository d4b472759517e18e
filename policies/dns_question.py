"""DnsQuestion: one question a client asked the steering responder."""

from dataclasses import dataclass

from policies.http_request import RunClaim


@dataclass(frozen=True, slots=True)
class DnsQuestion:
    """A question as asked. `wire` is the whole query message."""

    name: str
    """As asked, without the trailing dot."""
    kind: str
    """The record type's mnemonic (RFC 1035 and successors): `A`, `AAAA`, `MX`, `HTTPS`, `TYPE65280`."""
    source: str
    protocol: str
    """`dns` over UDP, `dns-tcp` over TCP."""
    wire: bytes
    flags: tuple[str, ...] = ()
    claim: RunClaim | None = None
    server: str = ""
    """The resolver the client meant to ask, `8.8.8.8:53`, if its connection was brought here from there."""
