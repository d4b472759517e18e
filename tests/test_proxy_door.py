"""The door as its clients see it: TLS, names, refusals, and where a connection goes that may leave."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from door_stage import Address, RememberingGate, Stage, connected, hear, hear_all, over_tls, say, stage, tunnelled

from ledger.trouble import CANNOT_RECORD, LedgerUnavailable
from policies.http_request import RunClaim
from proxy.connection import Connection
from proxy.door import certificate_name
from proxy.door_limits import DoorLimits
from sinks.gate import NotReady
from sinks.in_flight import InFlight

GET = b"GET /v1/charges?limit=3 HTTP/1.1\r\nHost: api.example.com\r\n\r\n"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as running:
        yield running


async def test_a_request_through_a_tunnel_carries_every_name(here: Stage) -> None:
    async with tunnelled(here, "api.example.com:443", "api.example.com") as wire:
        await say(wire, GET)
        status, fields, body = await hear(wire)
    assert (status, body) == (200, b"ok\n")
    assert (fields["soundstage-verdict"], fields["soundstage-capture"]) == ("capture", "capture-1")
    [request] = here.gate.requests
    assert request.names == (
        ("connect", "api.example.com:443"),
        ("sni", "api.example.com"),
        ("host", "api.example.com"),
    )
    assert (request.scheme, request.method, request.target, request.port) == (
        "https",
        "GET",
        "/v1/charges?limit=3",
        443,
    )


async def test_a_steered_request_is_known_by_sni_and_host(here: Stage) -> None:
    async with over_tls(here.https, here.trusting) as wire:
        await say(wire, GET)
        assert (await hear(wire))[0] == 200
    [request] = here.gate.requests
    assert request.names == (("sni", "api.example.com"), ("host", "api.example.com"))
    assert request.port == 443


async def test_fronting_is_shown_to_the_gate_as_it_is(here: Stage) -> None:
    async with tunnelled(here, "good.example:443", "front.example") as wire:
        await say(wire, b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        await hear(wire)
    assert [name for _, name in here.gate.requests[0].names] == ["good.example:443", "front.example", "evil.example"]


async def test_a_real_client_keeps_its_connection(here: Stage) -> None:
    proxy = httpx.Proxy(f"http://{here.explicit[0]}:{here.explicit[1]}", auth=("ci-1", "token"))
    async with httpx.AsyncClient(proxy=proxy, verify=here.trusting) as client:
        for _ in range(3):
            answer = await client.post("https://api.example.com/v1/x", data={"a": "b"})
            assert (answer.status_code, answer.text) == (200, "ok\n")
        assert (await client.get("http://plain.example/y")).status_code == 200
    assert here.gate.raw == []
    assert {request.claim for request in here.gate.requests} == {RunClaim("ci-1", "token")}
    assert all("proxy-authorization" not in dict(request.headers) for request in here.gate.requests)
    assert here.gate.requests[-1].names == (("absolute", "plain.example"), ("host", "plain.example"))


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        pytest.param(NotReady("the CA is not proved"), "the CA is not proved", id="not-ready"),
        pytest.param(LedgerUnavailable("/secret inner state is full"), CANNOT_RECORD, id="cannot-record"),
        pytest.param(RuntimeError("secret inner state"), "nothing left", id="bug"),
    ],
)
async def test_what_cannot_be_judged_or_recorded_is_refused(here: Stage, trouble: Exception, told: str) -> None:
    here.gate.trouble = trouble
    async with over_tls(here.https, here.trusting) as wire:
        await say(wire, GET)
        status, fields, body = await hear(wire)
        assert await hear_all(wire) == b""
    assert (status, fields["connection"]) == (503, "close")
    assert told in body.decode()
    assert "secret inner state" not in body.decode()


async def test_a_departure_is_settled_as_not_left_and_refused(here: Stage) -> None:
    here.gate.departs = True
    async with over_tls(here.https, here.trusting) as wire:
        await say(wire, GET)
        status, fields, _ = await hear(wire)
    assert (status, fields["connection"]) == (503, "close")
    assert here.gate.settled == [False]


async def test_a_client_that_does_not_trust_the_ca_is_recorded(here: Stage) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        async with over_tls(here.https, ssl.create_default_context()):
            pass
    await here.gate.asked(1)
    [raw] = here.gate.raw
    assert raw.names == (("sni", "api.example.com"),)
    assert raw.flags == ("unreadable",)
    assert "does not trust the CA, or pins certificates" in raw.what


async def test_a_client_that_closes_after_the_handshake_is_recorded(here: Stage) -> None:
    async with over_tls(here.https, here.trusting):
        pass
    await here.gate.asked(1)
    assert "may pin certificates" in here.gate.raw[0].what


async def test_an_upgrade_is_marked_and_never_switched(here: Stage) -> None:
    upgrade = b"GET /ws HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: H2C\r\n\r\n"
    async with connected(here.http) as wire:
        await say(wire, upgrade)
        assert (await hear(wire))[0] == 200
    assert here.gate.requests[0].flags == ("upgrade",)


class TakesOver:
    """Another engine, which answers the first head it is given with its own words."""

    def __init__(self) -> None:
        self.served: list[Connection] = []
        self.read = b""

    async def serve(self, sock: socket.socket, connection: Connection) -> None:
        self.served.append(connection)
        reader, writer = await asyncio.open_connection(sock=sock)
        seen = connection.early
        while b"\r\n\r\n" not in seen:
            seen += await reader.read(1000)
        self.read = seen
        writer.write(b"HTTP/1.1 200 Other\r\nContent-Length: 5\r\n\r\nother")
        writer.close()
        await writer.wait_closed()


async def test_a_later_request_that_may_leave_changes_engines_at_its_boundary(tmp_path: Path) -> None:
    other = TakesOver()
    async with (
        stage(tmp_path, may_leave=lambda host, port: (host, port) == ("out.example", 80), other=other) as here,
        connected(here.explicit) as wire,
    ):
        await say(wire, b"GET http://in.example/a HTTP/1.1\r\nHost: in.example\r\n\r\n")
        assert (await hear(wire))[2] == b"ok\n"
        leaving = b"GET http://out.example/b HTTP/1.1\r\nHost: out.example\r\n\r\n"
        await say(wire, leaving)
        assert (await hear(wire))[2] == b"other"
        assert other.read == leaving
    assert [request.names[0] for request in here.gate.requests] == [("absolute", "in.example")]


async def test_a_request_that_changes_engines_is_unfinished_all_the_while(tmp_path: Path) -> None:
    in_flight, begun = InFlight(), list[object]()

    class Looks(TakesOver):
        async def serve(self, sock: socket.socket, connection: Connection) -> None:
            begun.append(in_flight.going.get(connection.id))
            await super().serve(sock, connection)

    def may_leave(host: str, port: int) -> bool:
        begun.extend(in_flight.going.values() if host == "out.example" else ())
        return host == "out.example"

    async with (
        stage(tmp_path, may_leave=may_leave, other=Looks(), in_flight=in_flight) as here,
        connected(here.http) as wire,
    ):
        await say(wire, GET + GET.replace(b"api.example.com", b"out.example"))
        assert [(await hear(wire))[2] for _ in range(2)] == [b"ok\n", b"other"]
    assert begun[-1] is begun[-2]
    assert in_flight.size == 0


async def test_pipelined_requests_change_engines_in_order(tmp_path: Path) -> None:
    other = TakesOver()
    async with (
        stage(tmp_path, may_leave=lambda host, port: host == "out.example", other=other) as here,
        connected(here.http) as wire,
    ):
        inside, outside = b"GET / HTTP/1.1\r\nHost: in.example\r\n\r\n", b"GET / HTTP/1.1\r\nHost: out.example\r\n\r\n"
        await say(wire, inside * 3 + outside)
        assert [(await hear(wire))[2] for _ in range(4)] == [b"ok\n", b"ok\n", b"ok\n", b"other"]
        assert other.read == outside
        assert other.served[0].early == outside
    assert len(here.gate.requests) == 3


async def closed(address: Address) -> None:
    """Wait until nobody listens there any more."""
    async with asyncio.timeout(60):
        while True:
            try:
                async with connected(address):
                    pass
            except ConnectionError:
                return


async def test_stopping_lets_what_is_judged_be_answered(tmp_path: Path) -> None:
    gate = RememberingGate()
    gate.go.clear()
    async with stage(tmp_path, gate) as here, connected(here.http) as wire, asyncio.TaskGroup() as tasks:
        await say(wire, b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
        await gate.asked(1)
        tasks.create_task(here.listeners[2].stop())
        await closed(here.http)
        gate.go.set()
        status, fields, _ = await hear(wire)
        assert (status, fields["connection"]) == (200, "close")


def test_the_certificate_is_for_sni_and_without_it_for_the_tunnel() -> None:
    tunnel = Connection("1", "127.0.0.1", 1, "explicit", (("connect", "[::1]:443"),))
    assert certificate_name(tunnel) == "::1"
    both = Connection("1", "127.0.0.1", 1, "explicit", (("connect", "a.example:443"), ("sni", "b.example")))
    assert certificate_name(both) == "b.example"
    with pytest.raises(ValueError, match="named nobody"):
        certificate_name(Connection("1", "127.0.0.1", 1, "steered"))


async def test_what_is_still_judged_at_the_end_of_a_stop_is_forgotten_by_the_loop(tmp_path: Path) -> None:
    async with stage(tmp_path, limits=DoorLimits(stop_seconds=0.01)) as here:
        here.gate.go.clear()
        async with over_tls(here.https, here.trusting) as held, connected(here.http) as also_held:
            for wire in (held, also_held):
                await say(wire, GET)
            await here.gate.asked(2)
            for listener in here.listeners[1:]:
                await listener.stop()
            assert await hear_all(held) == await hear_all(also_held) == b""
        # Under the numbers of those sockets: of one that the loop took for the old one, it would hear nothing.
        async with contextlib.AsyncExitStack() as opened:
            wires = [await opened.enter_async_context(connected(here.explicit)) for _ in range(4)]
            for wire in wires:
                await say(wire, b"GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n")
            await here.gate.asked(6)
            here.gate.go.set()
            assert [(await hear(wire))[0] for wire in wires] == [200] * 4
