"""Adopted: the listeners on sockets of a contained run's own network, serving for as long as they are wanted."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from policies.http_request import RunClaim
from proxy.accept import Entrance
from proxy.listener import Listener
from sinks.in_flight import InFlight
from soundstage.adoption_socket import Sockets

TCP_NAMES = {"tcp4": "redirected", "tcp6": "redirected", "proxy": "proxy", "smtp": "smtp", "smtps": "smtps"}
"""What a passed socket is called, and the entrance that serves it."""
DNS_STREAM, DNS_DATAGRAM = "dns-tcp", "dns-udp"
DNS_ENDS = ("4", "6")
RUN_OUT_SECONDS = 10.0
"""For what a command has sent before it ended, and nobody has read yet."""


class AnswersNames(Protocol):
    """`proxy.dns_responder.DnsResponder`."""

    async def start_on(self, stream: socket.socket, datagram: socket.socket) -> None: ...

    async def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class AdoptedEntrances:
    """What serves one run's sockets, each stamping the run's claim on what it sees."""

    by_name: Mapping[str, Entrance]
    """`redirected`, `proxy`, `smtp`, `smtps`."""
    names: Mapping[str, AnswersNames]
    """By the digit of the IP version."""


@contextlib.asynccontextmanager
async def adopted(
    sockets: Sockets,
    entrances: AdoptedEntrances,
    in_flight: InFlight | None = None,
    claim: RunClaim | None = None,
    *,
    run_out_seconds: float = RUN_OUT_SECONDS,
) -> AsyncIterator[None]:
    """Serving while the block lasts, and what came until then to its end.

    `claim`: of the run whose they are. ValueError: a socket is not what its name says, and none is served.
    """
    for name, sock in sockets.items():
        _prove(name, sock)
    pairs = _pairs(sockets)
    listeners: list[Listener] = []
    async with contextlib.AsyncExitStack() as listening:
        for name, sock in sockets.items():
            if name in TCP_NAMES:
                listener = Listener(entrances.by_name[TCP_NAMES[name]], in_flight, claim=claim)
                listeners.append(listener)
                listener.start_on(sock)
                listening.push_async_callback(listener.stop)
        for digit, (stream, datagram) in pairs.items():
            await entrances.names[digit].start_on(stream, datagram)
            listening.push_async_callback(entrances.names[digit].stop)
        yield
        await asyncio.gather(*(listener.run_out(run_out_seconds) for listener in listeners))


def _pairs(sockets: Sockets) -> dict[str, tuple[socket.socket, socket.socket]]:
    pairs = {}
    for digit in DNS_ENDS:
        stream, datagram = sockets.get(DNS_STREAM + digit), sockets.get(DNS_DATAGRAM + digit)
        if stream is not None and datagram is not None:
            pairs[digit] = stream, datagram
        elif stream is not datagram:
            raise ValueError(f"DNS needs both {DNS_STREAM}{digit} and {DNS_DATAGRAM}{digit}")
    return pairs


def _prove(name: str, sock: socket.socket) -> None:
    kind = socket.SOCK_DGRAM if name.startswith(DNS_DATAGRAM) else socket.SOCK_STREAM
    if name not in TCP_NAMES and name[:-1] not in (DNS_STREAM, DNS_DATAGRAM):
        raise ValueError(f"a socket named {name[:40]!r} is served by nothing here")
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or sock.type != kind:
        raise ValueError(f"the socket passed as {name} is no {'UDP' if kind == socket.SOCK_DGRAM else 'TCP'} socket")
    if kind == socket.SOCK_STREAM and not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise ValueError(f"the socket passed as {name} does not listen")
