"""MitmHouse: real listeners, rules and dialler round mitmproxy, with a gate that remembers and a stand-in outside."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from explicit_stage import explicit_entrance
from stand_in import StandIn, standing_in

from ledger.reply import Reply
from policies.decision import Decision
from policies.describe import describe
from policies.effect import UNATTRIBUTED, Effect
from policies.pack import Packs
from policies.policy import Policy
from policies.policy_file import load_policy
from proxy.ca import CertificateAuthority
from proxy.connection import Connection
from proxy.engines import EngineChooser
from proxy.listener import Listener
from proxy.mitm_engine import MitmEngine
from proxy.mitm_flow import FlowHooks
from proxy.steered import SteeredPlain, SteeredTls
from sinks.dialler import Dialler
from sinks.in_flight import InFlight
from sinks.passage import Answer, Departure, Outcome, Seen


@dataclass
class Taken:
    """One capture: what the gate was asked, what it decided, and what became of it."""

    seen: Seen
    effect: Effect
    decision: Decision
    left: bool
    reply: Reply | None = None
    settled: list[tuple[bool, Reply | None]] = field(default_factory=list)


class MemoryGate:
    """Describes and decides with the real rules; remembers instead of writing."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.packs = Packs([])
        self.taken: list[Taken] = []
        self.answer: Callable[[Decision], Reply] = _answer
        self.trouble: Callable[[Seen], Exception | None] = lambda seen: None
        self.trouble_settling: Callable[[], Exception | None] = lambda: None
        self._changed = asyncio.Event()

    def keeps_body(self, head: object) -> bool:
        return True

    async def take(self, seen: Seen) -> Outcome:
        error = self.trouble(seen)
        if error is not None:
            raise error
        effect, _ = describe(seen, self.packs, run=UNATTRIBUTED)
        decision = self.policy.decide(effect, datetime.now(UTC))
        taken = Taken(seen, effect, decision, decision.leaves)
        self.taken.append(taken)
        self._changed.set()
        await asyncio.sleep(0)
        name = f"capture-{len(self.taken)}"
        if not decision.leaves:
            taken.reply = self.answer(decision)
            return Answer(name, effect, decision, taken.reply)

        async def settle(left: bool, reply: Reply | None) -> None:
            error = self.trouble_settling()
            if error is not None:
                raise error
            taken.left = left
            if reply is not None and reply.after and taken.reply is not None:
                taken.reply = replace(reply, body=taken.reply.body + reply.body)
            else:
                taken.reply = reply
            taken.settled.append((left, reply))
            self._changed.set()

        def would_leave(other: Effect) -> bool:
            return self.policy.decide(other, datetime.now(UTC)).leaves

        return Departure(name, effect, decision, settle, would_leave=would_leave)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what the gate has seen to satisfy a condition, for a minute at most."""
        async with asyncio.timeout(60):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


def _answer(decision: Decision) -> Reply:
    if decision.verdict == "capture":
        return Reply("generic", 200, (("content-type", "application/json"),), b'{"captured":true}')
    return Reply(
        "refused", 403, (("content-type", "application/problem+json"),), f'{{"detail":"{decision.rule}"}}'.encode()
    )


@dataclass
class MitmHouse:
    """Everything, with the addresses of the entrances. Every connection goes to mitmproxy."""

    stand_in: StandIn
    gate: MemoryGate
    engine: MitmEngine
    dialler: Dialler
    ca: CertificateAuthority
    folder: Path
    chooser: EngineChooser
    proxy: tuple[str, int] = ("", 0)
    https: tuple[str, int] = ("", 0)
    http: tuple[str, int] = ("", 0)

    def opt_in(self, *targets: str, **more: object) -> None:
        """Put a policy in force that lets these `host` or `host:port` targets be reached on loopback."""
        until = more.pop("expires", datetime.now(UTC) + timedelta(days=1))
        assert isinstance(until, datetime)
        addresses = more.pop("addresses", "127.0.0.0/8")
        lines = ["version: 1", "opt_in:"]
        for number, target in enumerate(targets):
            extra = "".join(f", {key}: {value}" for key, value in more.items())
            lines.append(
                f'  - {{id: o{number}, to: "{target}", why: a test, owner: me, '
                f'expires: "{until.isoformat()}", addresses: [{addresses}]{extra}}}'
            )
        path = self.folder / "policy.yaml"
        path.write_text("\n".join(lines) + "\n")
        self.gate.policy = load_policy([path], packs=self.gate.packs, now=datetime.now(UTC))

    def client_tls(self, *alpn: str) -> ssl.SSLContext:
        """A client's context that trusts Soundstage's CA alone."""
        context = ssl.create_default_context(cafile=str(self.ca.path))
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context

    async def tunnel(
        self, target: str, *, sni: str | None = None, alpn: tuple[str, ...] = ("http/1.1",)
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """CONNECT to `host:port`, then TLS."""
        reader, writer = await asyncio.open_connection(*self.proxy)
        writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        await writer.start_tls(self.client_tls(*alpn), server_hostname=sni or target.rpartition(":")[0])
        return reader, writer

    async def say(self, octets: bytes, *, to: tuple[str, int] | None = None, ends: bytes = b"") -> bytes:
        """Send bytes in the clear, and return what comes until the end, or until `ends` has been seen."""
        reader, writer = await asyncio.open_connection(*(to or self.proxy))
        writer.write(octets)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        try:
            return await until_end(reader, ends)
        finally:
            writer.close()


async def until_end(reader: asyncio.StreamReader, ends: bytes = b"") -> bytes:
    """All that comes, in a minute at most."""
    got = b""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(60):
            while data := await reader.read(65536):
                got += data
                if ends and ends in got:
                    break
    return got


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset, as a client that dies does."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class _NoDoor:
    async def serve(self, sock: socket.socket, connection: Connection) -> None:
        raise AssertionError("this house has no door")


@contextlib.asynccontextmanager
async def mitm_house(
    folder: Path, flows: type[FlowHooks] = FlowHooks, in_flight: InFlight | None = None
) -> AsyncIterator[MitmHouse]:
    """A house for one block."""
    async with standing_in(folder / "outside") as stand_in:
        ca = CertificateAuthority.open(folder)
        gate = MemoryGate(Policy.built_in())
        dialler = Dialler(stand_in.names)
        engine = MitmEngine(
            gate, dialler, ca, extra_ca=stand_in.ca.path, spool=folder, flows=flows, in_flight=in_flight
        )
        chooser = EngineChooser(_NoDoor(), engine, may_leave=lambda host, port: True, speaks_http2=lambda host: False)
        house = MitmHouse(stand_in, gate, engine, dialler, ca, folder, chooser)
        listeners = (
            Listener(explicit_entrance(chooser, gate), in_flight),
            Listener(SteeredTls(chooser, gate), in_flight),
            Listener(SteeredPlain(chooser, gate), in_flight),
        )
        house.proxy, house.https, house.http = [await listener.start("127.0.0.1", 0) for listener in listeners]
        try:
            yield house
        finally:
            engine.shut_all()
            for listener in listeners:
                await listener.stop()
