"""The WireGuard entrance: the tunnels of machines elsewhere end here, in this process, and lead nowhere else.

TCP inside takes the road of redirected connections. DNS is answered, whatever resolver was meant. Any other UDP is
dropped and told. Nothing is passed on: there is no code here that could.
"""

import asyncio
import itertools
import logging
import socket
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Protocol

from mitmproxy_rs import Stream, wireguard

from proxy.accept import Peer, PortInUse
from proxy.refused_packets_head import PacketHead
from proxy.road import Road
from proxy.transparent_destination import Place, shown
from proxy.wireguard_stream import Bridge, ends_of
from sinks.in_flight import InFlight

DNS_PORT = 53
KEPT_OCTETS = 100
"""Of a datagram that is dropped, as much as the packet log of a containing host keeps."""
DATAGRAM = 65_535
_log = logging.getLogger(__name__)
_numbers = itertools.count(1)


class Answers(Protocol):
    """`proxy.dns_responder.DnsResponder`."""

    async def respond(self, wire: bytes, source: str, protocol: str, server: str = "") -> bytes | None:
        """The answer to one message; None: it gets none."""
        ...


class Dropped(Protocol):
    """`proxy.wireguard_packets.DroppedPackets`."""

    def drop(self, head: PacketHead) -> None:
        """Tell of a packet that gets no further."""
        ...


class WireGuardEntrance:
    """One UDP port. With no peer known it is held, and answers nobody."""

    def __init__(
        self, private_key: str, *, road: Road, questions: Answers, dropped: Dropped, in_flight: InFlight
    ) -> None:
        self._private_key = private_key
        self._road = road
        self._questions = questions
        self._dropped = dropped
        self._in_flight = in_flight
        self._places: list[Place] = []
        self._held: list[socket.socket] = []
        self._servers: list[wireguard.WireGuardServer] = []
        self._serving: set[asyncio.Task[None]] = set()
        self._changing = asyncio.Lock()
        self._sources: frozenset[str] = frozenset()
        self.peers: tuple[str, ...] = ()
        """The public keys that are served now."""

    @property
    def open_connections(self) -> int:
        """How many flows are being served now."""
        return len(self._serving)

    async def start(self, bind: str, port: int) -> Place:
        """Take the port, for no peer yet, and return the address really bound. Raises PortInUse."""
        try:
            self._held.append(_held(bind, port))
            port = self._held[0].getsockname()[1]
            if bind == "::":
                # The library's sockets are of one family each; our other listeners on :: take both.
                self._held.append(_held("0.0.0.0", port))
        except OSError as error:
            self._let_go()
            raise PortInUse(f"{shown(bind, port)} over UDP cannot be bound: {error.strerror}.") from error
        self._places = [held.getsockname()[:2] for held in self._held]
        return self._places[0]

    async def serve_peers(self, peers: Mapping[str, Sequence[str]]) -> None:
        """Serve these and nobody else from now on: public keys, and the addresses that each has in its tunnel.

        Every tunnel begins anew if they are others than before. What comes from an address that is no peer's is
        dropped, lest a machine speak in the name of one that stands elsewhere.
        Raises OSError where the port was taken meanwhile; then nobody is served.
        """
        async with self._changing:
            wanted = tuple(peers)
            if wanted == self.peers:
                return
            await self._close()
            self.peers, self._sources = (), frozenset(itertools.chain.from_iterable(peers.values()))
            for place in self._places:
                await self._listen(place, wanted)
            self.peers = wanted

    async def stop(self) -> None:
        """Close the port, and end every connection. Stopping twice is stopping once."""
        async with self._changing:
            await self._close()

    async def _listen(self, place: Place, peers: Sequence[str]) -> None:
        if not peers:
            self._held.append(_held(*place))
            return
        started = await wireguard.start_wireguard_server(
            *place, self._private_key, list(peers), self.connected, self.datagrams
        )
        self._servers.append(started)

    def _let_go(self) -> None:
        for held in self._held:
            held.close()
        self._held.clear()

    async def _close(self) -> None:
        self._let_go()
        servers, self._servers = self._servers, []
        for task in self._serving:
            task.cancel()
        if self._serving:
            await asyncio.wait(set(self._serving))
        for server in servers:
            server.close()
            await server.wait_closed()

    async def connected(self, stream: Stream) -> None:
        """As the tunnel calls it with each TCP connection, which it has accepted already."""
        await self._kept(self._serve(stream))

    async def datagrams(self, stream: Stream) -> None:
        """As the tunnel calls it with each new pair of UDP ends."""
        await self._kept(self._answer(stream))

    async def _kept(self, serving: Coroutine[Any, Any, None]) -> None:
        """In a task of ours, that can be ended without the tunnel's library having to know."""
        task = asyncio.Task(serving, loop=asyncio.get_running_loop())
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        try:
            await asyncio.wait({task})
            if not task.cancelled() and (error := task.exception()) is not None:
                _log.error("a flow of a tunnel ended in a bug; nothing left", exc_info=error)
        finally:
            task.cancel()

    async def _serve(self, stream: Stream) -> None:
        (address, port), meant = ends_of(stream)
        if address not in self._sources:
            self._dropped.drop(PacketHead(address, meant[0], "tcp", meant[1]))
            stream.close()  # type: ignore[no-untyped-call]  # its stub tells no types
            return
        peer = Peer(f"tunnel-{next(_numbers)}", address, port)
        bridge = Bridge(stream)
        try:
            self._in_flight.begin(peer.id, "a connection through a tunnel", address)
            await self._road.serve(bridge.sock, peer, meant, entrance="wireguard")
        finally:
            self._in_flight.end(peer.id)
            await bridge.close()

    async def _answer(self, stream: Stream) -> None:
        (address, _), (target, port) = ends_of(stream)
        try:
            # The library ends a flow that is silent for a minute. Closed by us before that, whatever came from the same
            # ends would be lost unseen.
            while packet := await stream.read(DATAGRAM):
                if port != DNS_PORT or address not in self._sources:
                    self._dropped.drop(PacketHead(address, target, "udp", port, opening=packet[:KEPT_OCTETS]))
                    continue
                answer = await self._questions.respond(packet, address, "dns", server=shown(target, port))
                if answer is not None:
                    stream.write(answer)
                    await stream.drain()
        except OSError:
            pass  # the tunnel has ended
        finally:
            _shut(stream)


def _shut(stream: Stream) -> None:
    try:
        stream.close()  # type: ignore[no-untyped-call]  # its stub tells no types
    except OSError:
        _log.debug("a flow had ended with its tunnel")


def _held(bind: str, port: int) -> socket.socket:
    """A socket that keeps the port and answers nothing. What comes is thrown away once its buffer is full."""
    made = socket.socket(socket.AF_INET6 if ":" in bind else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if made.family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((bind, port))
    except OSError:
        made.close()
        raise
    return made
