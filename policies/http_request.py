"""HttpRequest: the one description of an HTTP request, made by both engines, judged by one gate."""

from dataclasses import dataclass, replace
from typing import Literal

from policies.body import EMPTY, Body
from policies.quick import quick

NameSource = Literal["connect", "sni", "absolute", "host", "authority", "socks", "dns", "address"]
"""`dns`: the name that the address connected to was given out for. `address`: the bare address connected to, which is
a name only where there is no other."""


@dataclass(frozen=True, slots=True)
class RunClaim:
    """Who a client says it is: a run's id and its token, from proxy credentials or SMTP AUTH."""

    run: str
    token: str
    otherwise: "RunClaim | None" = None
    """The claim of the listener it came by, which counts where this one is no run's, such as a mail server's user."""


def claimed(said: RunClaim | None, listener: RunClaim | None) -> RunClaim | None:
    """What a client says of itself, before what the listener it came by says of everybody."""
    if said is None or listener is None:
        return said or listener
    return replace(said, otherwise=listener)


@quick
@dataclass(frozen=True)
class HttpRequest:
    """One request as it arrived. Nothing in it is normalised: what was sent is what is judged."""

    method: str
    scheme: Literal["http", "https"]
    names: tuple[tuple[NameSource, str], ...]
    """Every name the client gave for its destination, as sent, in order of arrival:
    `("connect", "api.stripe.com:443")`, `("sni", "api.stripe.com")`, `("host", "api.stripe.com")`.
    Two Host headers are two entries."""
    target: str
    """Path and query as sent (latin-1): `/v1/charges?limit=3`. Of an absolute URI, what follows the authority."""
    headers: tuple[tuple[str, str], ...]
    """Names lower-case, values latin-1 decoded and stripped, in order; repeated ones stay. No `:pseudo` fields."""
    source: str
    """The client's address, without its port."""
    body: Body = EMPTY
    protocol: str = "http/1.1"
    port: int | None = None
    """The port the client meant where no name carries one (steered entrance); None: the scheme's own."""
    claim: RunClaim | None = None
    flags: tuple[str, ...] = ()
    """What the engine noticed: `malformed`, `upgrade`, `trailers`, ..."""

    def header(self, name: str) -> str | None:
        """The first value of a field (lower-case name), or None."""
        for field, value in self.headers:
            if field == name:
                return value
        return None
