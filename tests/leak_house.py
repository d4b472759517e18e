"""LeakHouse: the real gateway's rooms, wired as the gateway wires them, before a stand-in for the internet.

Nothing is faked but the internet: its resolver is the test's, its servers log every connection. Whether something
leaked is read from that log; whether it was recorded, from the ledger.
"""

import asyncio
import contextlib
import itertools
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from stand_in import Place, StandIn, standing_in

from ledger.capture import Capture
from ledger.reader import Reader
from proxy.listener import Listener
from proxy.steered import SteeredPlain, SteeredTls
from soundstage.gateway_entrances import Entrances, entrances
from soundstage.gateway_gate import Judging, judging
from soundstage.gateway_ground import Ground, ground
from soundstage.settings import Settings

Engine = Literal["door", "mitm"]
Way = Literal["explicit-http", "explicit-https", "steered-http", "steered-https"]
ENGINES: tuple[Engine, ...] = ("door", "mitm")
WAYS: tuple[Way, ...] = ("explicit-http", "explicit-https", "steered-http", "steered-https")

OPEN, SECOND = "open.story.test", "second.story.test"
"""Opted in, on the stand-in's ports, for paths below /allowed."""
SHUT, ELSEWHERE = "shut.story.test", "elsewhere.story.test"
"""Nobody opted these in. They are at the same address."""
BELOW = "below.story.test"
"""`*.` of it is opted in, it itself is not."""
ADDRESS = "127.0.2.1"
NAMES = (OPEN, SECOND, SHUT, ELSEWHERE, BELOW, f"x.{BELOW}", f"evil{BELOW}", f"x.{OPEN}", f"evil{OPEN}")
BOUND_SECONDS = 60
_sources = itertools.count()

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def opted_in(
    to: str, ports: tuple[int, ...], *, expires: datetime | None = None, more: str = "paths: [/allowed/**]"
) -> str:
    """Entries of a policy file that open a host on these ports of the stand-in."""
    until = (expires or datetime.now(UTC) + timedelta(days=1)).isoformat()
    name = to.removeprefix("*.").replace(":", "-")
    return "".join(
        f'  - {{id: {name}-{port}, to: "{to}:{port}", why: a test, owner: tests, expires: "{until}", '
        f"addresses: [127.0.0.0/8]{', ' if more else ''}{more}}}\n"
        for port in ports
    )


@dataclass
class LeakHouse:
    """The gateway, the stand-in, and where each way in is."""

    folder: Path
    stand_in: StandIn
    plain: Place
    secure: Place
    ground: Ground
    judging: Judging
    doors: Entrances
    ways: dict[Way, tuple[str, int]] = field(default_factory=dict)

    @property
    def reader(self) -> Reader:
        return Reader(self.ground.ledger, self.ground.store)

    def port(self, way: Way) -> int:
        """Of the stand-in's server that speaks what this way speaks."""
        return self.secure.port if way.endswith("https") else self.plain.port

    def policy(self, entries: str) -> None:
        """Put a policy file with these opt-ins in force, as a reload does."""
        path = self.folder / "policy.yaml"
        path.write_text(f"version: 1\nopt_in:\n{entries}" if entries else "version: 1\n")
        self.judging.policy.reload()
        assert self.judging.policy.error is None, self.judging.policy.error

    def usual_policy(self) -> None:
        """What most stories start from: two names, the names below one, and an address, opened below /allowed."""
        ports = (self.plain.port, self.secure.port)
        self.policy("".join(opted_in(to, ports) for to in (OPEN, SECOND, f"*.{BELOW}", ADDRESS)))

    @contextlib.asynccontextmanager
    async def visit(self, way: Way, engine: Engine = "door") -> AsyncIterator["Visit"]:
        """One client with an address of its own, by which its captures are found."""
        number = next(_sources)
        source = f"127.3.{number // 250}.{number % 250 + 1}"
        visit = Visit(self, way, engine, source, self.reader.last_seq())
        try:
            yield visit
        finally:
            await visit.leave()

    async def recorded(self, since: int, count: int = 1, source: str | None = None) -> list[Capture]:
        """What was recorded after `since`, of all clients or of one, once that is at least so many."""
        async with asyncio.timeout(BOUND_SECONDS):
            async for _ in self.ground.writer.subscribe():
                found = [kept.capture for kept in self.reader.since(since, 1000)]
                mine = [capture for capture in found if source in (None, capture.effect.source)]
                if len(mine) >= count:
                    return mine
        raise AssertionError("the ledger was closed")

    def forgotten(self) -> int:
        """Where the ledger stands, with all forgotten that the stand-in has met."""
        for place in self.stand_in.places:
            place.arrivals.clear()
            place.requests.clear()
        return self.reader.last_seq()

    async def reached(self) -> int:
        """How many connections have reached the stand-in, none of those underway missed.

        A connection of our own to each server is accepted after all that came before it.
        """
        for place in tuple(self.stand_in.places):
            before = len(place.arrivals)
            _, writer = await asyncio.open_connection(place.address, place.port)
            mine = writer.get_extra_info("sockname")[:2]
            async with asyncio.timeout(BOUND_SECONDS):
                while not any(arrival.peer == mine for arrival in place.arrivals[before:]):
                    place.arrived.clear()
                    await place.arrived.wait()
            writer.close()
            place.arrivals[:] = [arrival for arrival in place.arrivals if arrival.peer != mine]
        return len(self.stand_in.arrivals)


@dataclass
class Visit:
    """One client's connections by one way."""

    house: LeakHouse
    way: Way
    engine: Engine
    source: str
    since: int
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _mine: list[tuple[str, int]] = field(default_factory=list)

    async def connect(self) -> Streams:
        """To the entrance; of the mitm engine's clients it is known before their first byte which engine it will be."""
        reader, writer = await asyncio.open_connection(*self.house.ways[self.way], local_addr=(self.source, 0))
        self._writers.append(writer)
        if self.engine == "mitm":
            self._mine.append(writer.get_extra_info("sockname")[:2])
            self.house.doors.chooser.forced.update(self._mine)
        return reader, writer

    async def begin(self, connect: str, sni: str, alpn: tuple[str, ...] = ()) -> Streams | None:
        """Connected, with the tunnel and the TLS that the way needs; None where either was refused."""
        reader, writer = await self.connect()
        if self.way == "explicit-https":
            writer.write(f"CONNECT {connect} HTTP/1.1\r\nHost: {connect}\r\n\r\n".encode())
            if not (await head(reader)).startswith(b"HTTP/1.1 200"):
                return None
        if self.way.endswith("https"):
            try:
                await writer.start_tls(careless_tls(alpn), server_hostname=sni)
            except (OSError, ssl.SSLError):
                return None
        return reader, writer

    async def captures(self, count: int = 1) -> list[Capture]:
        """What the ledger holds of this client, once that is at least so many."""
        return await self.house.recorded(self.since, count, self.source)

    async def leave(self) -> None:
        """Close everything."""
        self.house.doors.chooser.forced.difference_update(self._mine)
        for writer in self._writers:
            writer.transport.abort()


ENDS_AFTER = (1, 5, 20)
"""Seconds until an opt-in ends, each tried after the other: the first in which something leaves on this machine."""


def stayed(capture: Capture) -> bool:
    """Whether a capture says that nothing left and that it was answered here, or refused."""
    return not capture.left and (capture.decision.verdict in ("deny", "capture") or capture.fidelity == "refused")


async def head(reader: asyncio.StreamReader) -> bytes:
    """The head of an answer, or what came until the connection ended."""
    got = b""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        async with asyncio.timeout(BOUND_SECONDS):
            while b"\r\n\r\n" not in got and (data := await reader.read(65536)):
                got += data
    return got


def careless_tls(alpn: tuple[str, ...] = ()) -> ssl.SSLContext:
    """A client's context that believes anybody, as an attacker's does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


@contextlib.asynccontextmanager
async def leak_house(folder: Path) -> AsyncIterator[LeakHouse]:
    """For one block. The steered ways have listeners of their own that mean the stand-in's ports, not 80 and 443."""
    async with contextlib.AsyncExitStack() as rooms:
        stand_in = await rooms.enter_async_context(standing_in(folder / "outside"))
        plain, secure = await stand_in.http(address=ADDRESS), await stand_in.http(address=ADDRESS, tls=OPEN)
        for name in NAMES:
            stand_in.names.set(name, (ADDRESS,))
        settings = _settings(folder, stand_in)
        floor = await rooms.enter_async_context(ground(settings))
        judge = await rooms.enter_async_context(judging(settings, floor))
        doors = await rooms.enter_async_context(entrances(settings, floor, judge, stand_in.names))
        house = LeakHouse(folder, stand_in, plain, secure, floor, judge, doors)
        house.usual_policy()
        judge.gate.open = True
        house.ways["explicit-http"] = house.ways["explicit-https"] = doors.bound["proxy"]
        steered: dict[Way, Listener] = {
            "steered-http": Listener(SteeredPlain(doors.chooser, judge.gate, meant_port=plain.port)),
            "steered-https": Listener(SteeredTls(doors.chooser, judge.gate, meant_port=secure.port)),
        }
        for way, listener in steered.items():
            house.ways[way] = await listener.start("127.0.0.1", 0)
            rooms.push_async_callback(listener.stop)
        yield house


def _settings(folder: Path, stand_in: StandIn) -> Settings:
    policy = folder / "policy.yaml"
    policy.write_text("version: 1\n")
    return Settings(
        proxy_port=0,
        smtp_port=0,
        smtps_port=0,
        https_port=0,
        http_port=0,
        dns_port=0,
        socks_port=0,
        data_dir=folder / "data",
        policy=(policy,),
        upstream_ca_file=stand_in.ca.path,
    )
