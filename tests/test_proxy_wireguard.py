"""The WireGuard entrance without a tunnel: its port, its flows as the library hands them over, and what they become.

Flows are stood in for by a stream of the library's shape; that real ones are like it, test_story_wireguard shows.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from mitmproxy_rs import Stream

from policies.http_request import NameSource, RunClaim
from proxy.accept import Peer, PortInUse
from proxy.connection import Entrance
from proxy.refused_packets_head import PacketHead
from proxy.transparent_destination import Place
from proxy.wireguard import WireGuardEntrance
from proxy.wireguard_keys import is_key, make_private_key, public_key
from proxy.wireguard_packets import WAITING, DroppedPackets
from sinks.in_flight import InFlight


class Flow:
    """What the library hands over: what the client says, and what it is told."""

    def __init__(self, peer: Place, meant: Place, *said: bytes, ends: bool = True) -> None:
        self._info = {"peername": peer, "sockname": meant}
        self._said: asyncio.Queue[bytes] = asyncio.Queue()
        for piece in (*said, *([b""] if ends else [])):
            self._said.put_nowait(piece)
        self.more = self._said.put_nowait
        self.told: list[bytes] = []
        self.ended = self.closed = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._info.get(name, default)

    async def read(self, n: int) -> bytes:
        return await self._said.get()

    def write(self, data: bytes) -> None:
        if self.closed:
            raise OSError("the tunnel has ended")
        self.told.append(data)

    async def drain(self) -> None:
        await asyncio.sleep(0)

    def write_eof(self) -> None:
        self.ended = True

    def close(self) -> None:
        self.closed = True


@dataclass
class Road:
    """Answers what was said in capitals, once the client has ended; remembers what it was asked."""

    asked: list[tuple[str, int, Place, str]] = field(default_factory=list)
    breaks: bool = False
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(
        self,
        sock: socket.socket,
        peer: Peer,
        meant: Place,
        source: NameSource = "address",
        *,
        claim: RunClaim | None = None,
        entrance: Entrance = "transparent",
    ) -> None:
        self.asked.append((peer.address, peer.port, meant, entrance))
        self.reached.set()
        if self.breaks:
            raise RuntimeError("a bug of the road")
        loop = asyncio.get_running_loop()
        heard = b""
        while piece := await loop.sock_recv(sock, 100_000):
            heard += piece
        await loop.sock_sendall(sock, heard.upper())


class Questions:
    def __init__(self) -> None:
        self.asked: list[tuple[bytes, str, str, str]] = []

    async def respond(self, wire: bytes, source: str, protocol: str, server: str = "") -> bytes | None:
        self.asked.append((wire, source, protocol, server))
        return None if wire == b"nonsense" else b"answer"


PEER = ("10.135.0.2", 40_000)
PEERS = [PEER[0], "fd53:5753::2"]


def a_key() -> str:
    """A peer's public one."""
    return public_key(make_private_key())


@dataclass
class Stage:
    entrance: WireGuardEntrance
    road: Road
    questions: Questions
    dropped: DroppedPackets
    in_flight: InFlight
    counted: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self, flow: Flow) -> None:
        await asyncio.wait_for(self.entrance.connected(cast("Stream", flow)), 60)

    async def send(self, flow: Flow) -> None:
        await asyncio.wait_for(self.entrance.datagrams(cast("Stream", flow)), 60)


@pytest.fixture
async def here() -> AsyncIterator[Stage]:
    road, questions, dropped, in_flight = Road(), Questions(), DroppedPackets(), InFlight()
    entrance = WireGuardEntrance(
        make_private_key(), road=road, questions=questions, dropped=dropped, in_flight=in_flight
    )
    await entrance.serve_peers({a_key(): PEERS})
    stage = Stage(entrance, road, questions, dropped, in_flight)

    def tell() -> bool:
        stage.counted.set()
        return True

    dropped.told = tell
    yield stage
    await entrance.stop()


async def test_a_connection_takes_the_road_by_where_it_was_meant_to_go(here: Stage) -> None:
    flow = Flow(PEER, ("1.2.3.4", 443), b"hello ", b"x" * 200_000)
    await here.connect(flow)
    assert here.road.asked == [(*PEER, ("1.2.3.4", 443), "wireguard")]
    assert b"".join(flow.told) == b"HELLO " + b"X" * 200_000
    assert (flow.ended, flow.closed) == (True, True)
    assert here.entrance.open_connections == 0


async def test_an_ipv4_address_within_ipv6_is_that_address(here: Stage) -> None:
    await here.connect(Flow(("fd53:5753::2", 1), ("::ffff:169.254.169.254", 80)))
    assert here.road.asked[0][2] == ("169.254.169.254", 80)


async def test_a_road_that_breaks_ends_the_connection(here: Stage, caplog: pytest.LogCaptureFixture) -> None:
    here.road.breaks = True
    flow = Flow(PEER, ("1.2.3.4", 443), b"hello", ends=False)
    await here.connect(flow)
    assert (flow.told, flow.closed) == ([], True)
    assert "ended in a bug; nothing left" in caplog.text


async def test_dns_is_answered_whatever_resolver_was_meant(here: Stage) -> None:
    flow = Flow(PEER, ("2001:db8::53", 53), b"question", b"nonsense", b"another")
    await here.send(flow)
    asked = [("question", PEER[0]), ("nonsense", PEER[0]), ("another", PEER[0])]
    assert [(wire.decode(), source) for wire, source, *_ in here.questions.asked] == asked
    assert {(protocol, server) for *_, protocol, server in here.questions.asked} == {("dns", "[2001:db8::53]:53")}
    assert (flow.told, flow.closed) == ([b"answer", b"answer"], True)


async def test_a_pair_of_ends_stays_open_until_the_tunnel_ends_it(here: Stage) -> None:
    """Closed by us, what came later from the same ends would be lost: the library brings it to nobody."""
    flow = Flow(PEER, ("8.8.8.8", 123), b"first", ends=False)
    sending = asyncio.ensure_future(here.send(flow))
    for number in (1, 2):
        async with asyncio.timeout(60):
            while here.dropped.counters().get("udp") != number:
                await here.counted.wait()
                here.counted.clear()
        assert not flow.closed
        flow.more(b"another")
    flow.more(b"")
    await sending
    assert flow.closed


async def test_any_other_datagram_is_dropped_and_told(here: Stage) -> None:
    told: list[bool] = []

    def tell() -> bool:
        told.append(True)
        return True

    here.dropped.told = tell
    flow = Flow(PEER, ("8.8.8.8", 443), b"q" * 1_200, b"again")
    await here.send(flow)
    assert (flow.told, flow.closed, len(told)) == ([], True, 2)
    first, second = here.dropped.take()
    assert first == PacketHead(PEER[0], "8.8.8.8", "udp", 443, opening=b"q" * 100)
    assert second.opening == b"again"
    assert (here.dropped.take(), here.dropped.counters()) == ([], {"udp": 2})


async def test_an_address_that_is_no_peer_s_is_dropped_and_told(here: Stage) -> None:
    spoofed = ("10.0.3.7", 40_000)
    flow = Flow(spoofed, ("1.2.3.4", 443), b"hello", ends=False)
    await here.connect(flow)
    await here.send(Flow(spoofed, ("8.8.8.8", 53), b"question"))
    assert (flow.told, flow.closed, here.road.asked, here.questions.asked) == ([], True, [], [])
    first, second = here.dropped.take()
    assert first == PacketHead("10.0.3.7", "1.2.3.4", "tcp", 443)
    assert (second.source, second.target, second.protocol) == ("10.0.3.7", "8.8.8.8", "udp")


def test_a_flood_is_counted_beyond_what_is_kept() -> None:
    dropped = DroppedPackets()
    for _ in range(WAITING + 5):
        dropped.drop(PacketHead(PEER[0], "8.8.8.8", "udp", 443))
    dropped.drop(PacketHead(PEER[0], "8.8.8.8", "gre"))
    assert len(dropped.take()) == WAITING
    assert dropped.counters() == {"udp": WAITING + 5, "other": 1}


def free(place: Place) -> bool:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as other:
        try:
            other.bind(place)
        except OSError:
            return False
    return True


async def test_the_port_is_held_before_there_is_a_peer_and_between_peers(here: Stage) -> None:
    place = await here.entrance.start("127.0.0.1", 0)
    assert not free(place)
    for peers in ({a_key(): PEERS}, dict[str, list[str]](), {a_key(): PEERS, a_key(): []}):
        await here.entrance.serve_peers(peers)
        assert list(here.entrance.peers) == list(peers)
        assert not free(place)
    await here.entrance.stop()
    await here.entrance.stop()
    assert free(place)


async def test_a_port_that_cannot_be_had_is_said(here: Stage) -> None:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as other:
        other.bind(("127.0.0.1", 0))
        with pytest.raises(PortInUse, match="over UDP cannot be bound"):
            await here.entrance.start(*other.getsockname())


async def test_what_is_open_ends_with_the_entrance(here: Stage) -> None:
    flow = Flow(PEER, ("1.2.3.4", 443), ends=False)
    connecting = asyncio.ensure_future(here.connect(flow))
    await asyncio.wait_for(here.road.reached.wait(), 60)
    assert here.entrance.open_connections == 1
    await here.entrance.stop()
    await connecting
    assert flow.closed


def test_keys() -> None:
    private = make_private_key()
    assert is_key(private)
    assert public_key(private) == public_key(private) != public_key(make_private_key())
    for wrong in ("", "abc", "A" * 43, "A" * 60, "\u00e4" * 44):
        assert not is_key(wrong)
        with pytest.raises(ValueError, match="32 octets in base64"):
            public_key(wrong)
