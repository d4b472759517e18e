"""A stage for tests of the door: real listeners on loopback, a real CA, and a gate that remembers what it was asked."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from explicit_stage import MailServer, explicit_entrance

from ledger.intake import BodyIntake
from ledger.reply import Reply
from policies.decision import Decision
from policies.effect import Effect, Target
from policies.http_request import HttpRequest
from policies.raw_connection import RawConnection
from proxy.ca import CertificateAuthority
from proxy.connection import Engine
from proxy.door import Door
from proxy.door_ask import Gate
from proxy.door_limits import DoorLimits
from proxy.engines import EngineChooser
from proxy.listener import Listener
from proxy.listener_opening import Patience
from proxy.steered import SteeredPlain, SteeredTls
from sinks.in_flight import InFlight
from sinks.passage import Answer, Departure, Outcome, Seen

Address = tuple[str, int]
EFFECT = Effect(
    channel="web",
    intent="read",
    protocol="http/1.1",
    target=Target(scheme="https", host="api.example.com", port=443),
    source="127.0.0.1",
)
CAPTURE = Decision(verdict="capture", rule="default:web", reason="everything is captured here")
ALLOW = Decision(verdict="allow", rule="opt-in", reason="this may leave")
PLAIN = Reply("generic", 200, (("Content-Type", "text/plain"),), b"ok\n")


class RememberingGate:
    """Answers everything with one reply, or fails in the way it is told to, and keeps what it was asked."""

    def __init__(self, reply: Reply = PLAIN) -> None:
        self.reply = reply
        self.trouble: Exception | None = None
        self.departs = False
        self.keeps = False
        self.taken: list[Seen] = []
        self.settled: list[bool] = []
        self.go = asyncio.Event()
        self.go.set()
        self._asked = asyncio.Event()

    async def take(self, seen: Seen) -> Outcome:
        self.taken.append(seen)
        self._asked.set()
        await self.go.wait()
        if self.trouble is not None:
            raise self.trouble
        capture_id = f"capture-{len(self.taken)}"
        if self.departs:
            return Departure(capture_id, EFFECT, ALLOW, self._settle)
        return Answer(capture_id, EFFECT, CAPTURE, self.reply)

    async def asked(self, times: int) -> None:
        """Wait until it was asked this often."""
        async with asyncio.timeout(60):
            while len(self.taken) < times:
                self._asked.clear()
                await self._asked.wait()

    async def _settle(self, left: bool, reply: Reply | None) -> None:
        self.settled.append(left)

    def keeps_body(self, head: HttpRequest) -> bool:
        return self.keeps

    @property
    def requests(self) -> list[HttpRequest]:
        return [seen for seen in self.taken if isinstance(seen, HttpRequest)]

    @property
    def raw(self) -> list[RawConnection]:
        return [seen for seen in self.taken if isinstance(seen, RawConnection)]


@dataclass
class Stage:
    """Three entrances over one door."""

    gate: RememberingGate
    ca: CertificateAuthority
    chooser: EngineChooser
    explicit: Address
    https: Address
    http: Address
    listeners: list[Listener] = field(default_factory=list)
    mail: MailServer = field(default_factory=MailServer)

    @property
    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca.path))


@contextlib.asynccontextmanager
async def stage(
    data_dir: Path,
    gate: RememberingGate | None = None,
    *,
    limits: DoorLimits | None = None,
    patience: Patience | None = None,
    may_leave: Callable[[str, int], bool] = lambda host, port: False,
    speaks_http2: Callable[[str], bool] = lambda host: False,
    other: Engine | None = None,
    judge: Gate | None = None,
    in_flight: InFlight | None = None,
) -> AsyncIterator[Stage]:
    """`judge`: another gate than one that only remembers."""
    gate = gate or RememberingGate()
    judge = judge or gate
    ca = CertificateAuthority.open(data_dir)
    incoming = data_dir / "incoming"
    incoming.mkdir(exist_ok=True)
    door = Door(
        gate=judge,
        certificates=ca,
        intake=lambda keep: BodyIntake(incoming if keep else None),
        limits=limits or DoorLimits(),
        may_leave=may_leave,
        other=other,
        in_flight=in_flight,
    )
    chooser = EngineChooser(door, other, may_leave=may_leave, speaks_http2=speaks_http2)
    waiting, mail = patience or Patience(), MailServer()
    listeners = [
        Listener(explicit_entrance(chooser, judge, waiting, mail), in_flight),
        Listener(SteeredTls(chooser, judge, patience=waiting), in_flight),
        Listener(SteeredPlain(chooser, judge, patience=waiting), in_flight),
    ]
    explicit, https, http = [await listener.start("127.0.0.1", 0) for listener in listeners]
    try:
        yield Stage(gate, ca, chooser, explicit, https, http, listeners, mail)
    finally:
        for listener in listeners:
            await listener.stop()


Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def say(wire: Wire, *pieces: bytes) -> None:
    for piece in pieces:
        wire[1].write(piece)
        await wire[1].drain()


async def hear(wire: Wire) -> tuple[int, dict[str, str], bytes]:
    """One response: status, fields (lower case), body by its Content-Length."""
    reader = wire[0]
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)).decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await asyncio.wait_for(reader.readexactly(int(fields.get("content-length", "0"))), 60)
    return int(head[0].split(" ")[1]), fields, body


async def hear_all(wire: Wire) -> bytes:
    """Everything until the other side closes."""
    return await asyncio.wait_for(wire[0].read(), 60)


async def shut(wire: Wire) -> bytes:
    """What came before the other side closed, or reset, the connection."""
    heard = b""
    with contextlib.suppress(ConnectionError):
        while piece := await asyncio.wait_for(wire[0].read(1000), 60):
            heard += piece
    return heard


@contextlib.asynccontextmanager
async def connected(
    address: Address, tls: ssl.SSLContext | None = None, name: str | None = None
) -> AsyncIterator[Wire]:
    opened = await asyncio.wait_for(asyncio.open_connection(*address, ssl=tls, server_hostname=name), 60)
    async with _closing(opened):
        yield opened


@contextlib.asynccontextmanager
async def spoken(address: Address, said: bytes) -> AsyncIterator[Wire]:
    """A connection on which this was said before it was accepted: however short the wait for it is, it is not late."""
    sock = socket.create_connection(address)
    sock.sendall(said)
    sock.setblocking(False)
    opened = await asyncio.open_connection(sock=sock)
    async with _closing(opened):
        yield opened


@contextlib.asynccontextmanager
async def _closing(opened: Wire) -> AsyncIterator[None]:
    try:
        yield
    finally:
        opened[1].close()
        # Of a connection that ended while TLS was begun on it, asyncio never says that it is closed.
        with contextlib.suppress(ConnectionError, ssl.SSLError, TimeoutError):
            await asyncio.wait_for(opened[1].wait_closed(), 1)


@contextlib.asynccontextmanager
async def tunnelled(here: Stage, authority: str, name: str) -> AsyncIterator[Wire]:
    """TLS inside CONNECT."""
    async with connected(here.explicit) as wire:
        await say(wire, f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
        status = await asyncio.wait_for(wire[0].readuntil(b"\r\n\r\n"), 60)
        assert status == b"HTTP/1.1 200 Connection established\r\n\r\n"
        await asyncio.wait_for(wire[1].start_tls(here.trusting, server_hostname=name), 60)
        yield wire


over_tls = partial(connected, name="api.example.com")
