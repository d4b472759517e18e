"""Hooks that nothing holds, and connections that come from the door between two requests."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio
from explicit_stage import explicit_entrance
from mitm_house import MitmHouse, mitm_house, until_end
from mitmproxy.connection import Client, Server
from mitmproxy.http import HTTPFlow, Request
from mitmproxy.proxy import commands
from mitmproxy.proxy.layers.http._hooks import HttpConnectHook
from mitmproxy.proxy.layers.modes import Socks5AuthHook
from mitmproxy.proxy.layers.tcp import TcpStartHook
from mitmproxy.proxy.layers.udp import UdpStartHook

from ledger.intake import BodyIntake
from proxy.connection import Connection
from proxy.door import Door
from proxy.engines import EngineChooser
from proxy.listener import Listener
from proxy.mitm_connection import HeldConnection
from proxy.mitm_flow import Fault, FlowHooks
from proxy.mitm_hooks import HeldHooks, UnheldHook
from proxy.mitm_tickets import Tickets
from proxy.mitm_tls import ClientTls, ServerTls


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[MitmHouse]:
    async with mitm_house(tmp_path) as house:
        yield house


def hooks(house: MitmHouse, connection: Connection) -> HeldHooks:
    return HeldHooks(
        FlowHooks(house.gate, connection, Fault()),
        connection,
        client_tls=ClientTls(house.ca),
        server_tls=ServerTls(),
        intakes=lambda request: None,
        spool=None,
    )


@pytest.mark.parametrize("kind", [TcpStartHook, UdpStartHook, Socks5AuthHook, HttpConnectHook])
async def test_a_hook_that_nothing_holds_ends_the_connection(house: MitmHouse, kind: type[commands.StartHook]) -> None:
    theirs, ours = await asyncio.open_connection(*house.http)
    held = HeldConnection(
        theirs,
        ours,
        tls=False,
        tickets=Tickets(house.dialler, "1"),
        hooks=hooks(house, Connection("1", "127.0.0.1", 1, "explicit")),
        failed=lambda: None,
    )
    with pytest.raises(asyncio.CancelledError) as ended:
        await held.handle_hook(kind(object()))
    assert isinstance(ended.value.__cause__, UnheldHook)
    assert held.closed
    ours.close()


class Lifting(FlowHooks):
    """A bug that lifts the refusal without a decision."""

    async def request(self, held: HeldConnection, flow: HTTPFlow) -> None:
        flow.response = None
        flow.request.data.host, flow.request.data.port = self.aim

    aim = ("", 0)


async def test_a_refusal_lifted_without_a_recorded_decision_sends_nothing(tmp_path: Path) -> None:
    async with mitm_house(tmp_path, Lifting) as house:
        place = await house.stand_in.http()
        Lifting.aim = (place.address, place.port)
        host = f"{place.address}:{place.port}"
        house.opt_in(host)
        told = await house.say(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert b" 200 " not in told
        assert house.stand_in.arrivals == []


async def test_the_first_hook_arms_the_refusal_before_anything_else(house: MitmHouse) -> None:
    flow = HTTPFlow(
        Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2)), Server(address=("unnamed.invalid", 0)), live=True
    )
    flow.request = Request.make("GET", "http://example.com/")
    flows = FlowHooks(house.gate, Connection("1", "127.0.0.1", 1, "explicit"), Fault())
    await flows.requestheaders(cast("HeldConnection", None), flow)
    assert flow.response is not None
    assert flow.response.status_code == 503
    await flows.request(cast("HeldConnection", None), flow)
    assert flow.response.status_code == 503, "what was not read by our own readers is never judged, and never sent"
    assert house.gate.taken == []


async def test_a_kept_connection_comes_over_from_the_door_when_its_next_request_may_leave(house: MitmHouse) -> None:
    place = await house.stand_in.http()
    house.stand_in.names.set("sandbox.test", (place.address,))
    house.opt_in(f"sandbox.test:{place.port}")

    def may_leave(host: str, port: int) -> bool:
        return (host, port) == ("sandbox.test", place.port)

    door = Door(
        gate=house.gate,
        certificates=house.ca,
        intake=lambda keep: BodyIntake(None),
        may_leave=may_leave,
        other=house.engine,
    )
    chooser = EngineChooser(door, house.engine, may_leave=may_leave, speaks_http2=lambda host: False)
    listener = Listener(explicit_entrance(chooser, house.gate))
    reader, writer = await asyncio.open_connection(*await listener.start("127.0.0.1", 0))
    stays = b"POST http://other.test/ HTTP/1.1\r\nHost: other.test\r\nContent-Length: 2\r\n\r\nhi"
    host = f"sandbox.test:{place.port}"
    leaves = f"GET http://{host}/now HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()

    writer.write(stays + leaves)
    told = await until_end(reader, b'{"real":true}')
    writer.close()
    await listener.stop()

    assert told.count(b"HTTP/1.1 200") == 2
    assert [taken.decision.verdict for taken in house.gate.taken] == ["capture", "allow"]
    assert len(place.requests) == 1
    assert place.requests[0].startswith(b"GET /now ")
