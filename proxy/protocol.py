"""Protocol: what a connection that is neither TLS nor HTTP speaks, told from its first bytes or guessed by its port.

Nothing is answered by it: it is what a capture is found under. Pure; what each protocol begins with is in `protocol_*`.
"""

from dataclasses import dataclass

from proxy.protocol_binary import BINARY
from proxy.protocol_port import BY_PORT, TITLES
from proxy.protocol_text import TEXT

UNKNOWN = "tcp"
LOOKED_AT = 4_096
"""Octets: no protocol needs more to be told."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol's name as captures carry it, and how sure that is."""

    name: str
    guessed: bool = False

    @property
    def what(self) -> str:
        """A phrase for the reason."""
        if self.name == UNKNOWN:
            return "a protocol that was not recognised"
        title = TITLES.get(self.name, self.name)
        return f"{title} by its port, which is a guess" if self.guessed else title


def recognise(seen: bytes, port: int) -> Protocol | None:
    """What these first bytes begin, or None where they begin nothing known, or not yet. `port` decides between two."""
    head = seen[:LOOKED_AT]
    name = next((name for name, begins in (*TEXT, *BINARY) if begins(head)), None)
    return None if name is None else Protocol(_between(name, port))


def guess(port: int) -> Protocol:
    """What usually listens on a port."""
    name = BY_PORT.get(port)
    return Protocol(UNKNOWN) if name is None else Protocol(name, guessed=True)


def not_http(seen: bytes, port: int) -> str:
    """A sentence for bytes that came where HTTP belongs, as inside TLS."""
    found = recognise(seen, port)
    return "the bytes are not HTTP" if found is None else f"the bytes are not HTTP but {found.what}"


def _between(name: str, port: int) -> str:
    """FTP and POP3 begin with the same words; whose port it is says which."""
    usual = BY_PORT.get(port)
    return usual if name == "pop3" and usual == "ftp" else name
