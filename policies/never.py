"""Never: the destinations no rule can open. Judged before anything else, by name and number as sent.

What a name resolves to is judged again, by address.py, when something is dialled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from policies.address import OPENED_BY_ADDRESSES, classify
from policies.decision import Decision
from policies.effect import Effect
from policies.host import as_address, canonical_host

Socket = tuple[str, int]

_METADATA_NAMES = frozenset(
    {
        "metadata", "metadata.google.internal", "metadata.goog", "metadata.azure.internal", "metadata.azure.com",
        "instance-data", "instance-data.ec2.internal", "metadata.packet.net", "metadata.platformequinix.com",
        "metadata.tencentyun.com", "api.metadata.cloud.ibm.com", "rancher-metadata",
    }
)  # fmt: skip
_LOOPBACK_NAMES = frozenset(
    {"localhost", "localhost.localdomain", "localhost6", "localhost6.localdomain6", "ip6-localhost", "ip6-loopback"}
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which rule keeps a destination shut, and the sentence people read."""

    rule: str
    reason: str


class Never:
    """The rules themselves, with the listening sockets of Soundstage that must not be reached through it."""

    def __init__(self, own_sockets: Sequence[Socket] = ()) -> None:
        self._own = frozenset((canonical_host(address), port) for address, port in own_sockets)
        self._own_ports = frozenset(port for _, port in self._own)

    def decision(self, effect: Effect) -> Decision | None:
        """The denial of an effect that nothing may open, or None."""
        if effect.conflicts:
            reason = f"its destination is in doubt: {'; '.join(effect.conflicts)}"
            return Decision(verdict="deny", rule="never:names-disagree", reason=reason)
        found = self.refusal(effect.target.host, effect.target.port)
        if found is None and effect.address is not None:
            # A name that comes with the connection does not make its address another one.
            found = self.refusal(effect.address, effect.target.port)
        return None if found is None else Decision(verdict="deny", rule=found.rule, reason=found.reason)

    def refusal(self, host: str, port: int) -> Refusal | None:
        """Why this canonical host and port is never reached, or None."""
        found = refusal_of_host(host)
        if found is None and port in self._own_ports and self._is_own(host, port):
            reason = (
                f"{_spelt(host)}:{port} is a listening socket of Soundstage itself, which is never reached through it"
            )
            return Refusal("never:own-socket", reason)
        return found

    def refusal_of_url(self, url: str) -> Refusal | None:
        """The same for where an opt-in sends things, a URL already checked."""
        parts = urlsplit(url)
        usual = {"http": 80, "https": 443, "smtp": 25, "smtps": 465}[parts.scheme]
        return self.refusal(canonical_host(parts.hostname or ""), parts.port or usual)

    def _is_own(self, host: str, port: int) -> bool:
        if (host, port) in self._own:
            return True
        if not _is_loopback(host):
            return False
        by_name = as_address(host) is None
        # A wildcard socket listens on every loopback address, a loopback one may be what the name resolves to.
        return any(own_port == port and _hears_loopback(own, by_name) for own, own_port in self._own)


@lru_cache(maxsize=4096)
def refusal_of_host(host: str) -> Refusal | None:
    """Why this canonical host is never reached, whatever the port, or None."""
    if host in _METADATA_NAMES or any(host.endswith("." + name) for name in _METADATA_NAMES if "." in name):
        return Refusal("never:metadata", f"{host} is a cloud metadata service, which nothing may ever reach")
    address = as_address(host)
    kind = "public" if address is None else classify(address)
    if kind == "metadata":
        return Refusal("never:metadata", f"{host} is a cloud metadata service, which nothing may ever reach")
    if kind == "link_local":
        return Refusal("never:link-local", f"{host} is a link-local address, which nothing may ever reach")
    if kind != "public" and kind not in OPENED_BY_ADDRESSES:
        return Refusal("never:address", f"{host} is no address of any one host ({kind}), so nothing may ever reach it")
    return None


def _is_loopback(host: str) -> bool:
    address = as_address(host)
    if address is not None:
        return classify(address) == "loopback"
    return host in _LOOPBACK_NAMES or host.endswith(".localhost")


def _hears_loopback(own: str, by_name: bool) -> bool:
    address = as_address(own)
    if address is None:
        return False
    return address.is_unspecified or (by_name and classify(address) == "loopback")


def _spelt(host: str) -> str:
    return f"[{host}]" if ":" in host else host
