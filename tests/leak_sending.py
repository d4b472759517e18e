"""LeakSending: whole requests sent to the leak house by one way, and which of them its stand-in received."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from leak_house import ADDRESS, BOUND_SECONDS, LeakHouse, Way, head

from ledger.capture import Capture


@dataclass(frozen=True)
class Sending:
    """One request, all its names in agreement."""

    host: str
    path: str
    body: bytes = b""
    content_type: str = "application/json"
    method: str = "POST"
    fields: tuple[str, ...] = ()

    def octets(self, port: int, *, absolute: bool) -> bytes:
        target = f"http://{self.host}:{port}{self.path}" if absolute else self.path
        typed = [f"Content-Type: {self.content_type}"] if self.content_type else []
        sized = [f"Content-Length: {len(self.body)}"] if self.body else []
        lines = [f"{self.method} {target} HTTP/1.1", f"Host: {self.host}:{port}", *typed, *sized, *self.fields, "", ""]
        return "\r\n".join(lines).encode() + self.body


@dataclass(frozen=True)
class Sent:
    """What came of it."""

    arrived: bytes
    """What the stand-in received of it, head and body; empty where nothing did."""
    told: bytes
    """The answer, head and body."""
    capture: Capture


def entry(house: LeakHouse, host: str, more: str) -> str:
    """Of a policy file: an opt-in of one host on the stand-in's ports, narrowed by `more`."""
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    house.stand_in.names.set(host, (ADDRESS,))
    return "".join(
        f'  - {{id: {host}-{port}, to: "{host}:{port}", why: a test, owner: tests, expires: "{until}", '
        f"addresses: [127.0.0.0/8]{', ' if more else ''}{more}}}\n"
        for port in (house.plain.port, house.secure.port)
    )


async def sent(house: LeakHouse, sending: Sending, way: Way = "explicit-http") -> Sent:
    """One request on a connection of its own."""
    place = house.secure if way.endswith("https") else house.plain
    before, asked = len(house.stand_in.arrivals), len(place.requests)
    async with house.visit(way) as visit:
        streams = await visit.begin(f"{sending.host}:{place.port}", sending.host)
        assert streams is not None
        streams[1].write(sending.octets(place.port, absolute=way == "explicit-http"))
        told = await _answer(streams[0])
        streams[1].close()
        (capture,) = await visit.captures()
    connections = await house.reached() - before
    arrived = b"".join(place.requests[asked:])
    assert bool(connections) is bool(arrived), "a connection without a request is a leak as well"
    return Sent(arrived, told, capture)


async def _answer(reader: asyncio.StreamReader) -> bytes:
    told = await head(reader)
    start, _, body = told.partition(b"\r\n\r\n")
    size = int(start.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
    if len(body) < size:
        async with asyncio.timeout(BOUND_SECONDS):
            told += await reader.readexactly(size - len(body))
    return told
