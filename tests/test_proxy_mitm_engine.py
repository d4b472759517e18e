"""What may leave, leaves exactly so, once, and is known to have left; everything else reaches nobody."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from mitm_house import MitmHouse, mitm_house, reset, until_end

from ledger.trouble import LedgerUnavailable
from policies.http_request import HttpRequest
from proxy.mitm_tickets import Tickets
from sinks.dialler import NoTicket


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[MitmHouse]:
    async with mitm_house(tmp_path) as house:
        yield house


async def test_an_opted_in_request_in_the_clear_arrives_as_it_was_sent(house: MitmHouse) -> None:
    place = await house.stand_in.http()
    house.stand_in.names.set("sandbox.test", (place.address,))
    house.opt_in(f"sandbox.test:{place.port}")
    host = f"sandbox.test:{place.port}"

    told = await house.say(
        f"POST http://{host}/v1/things?a=1 HTTP/1.1\r\nHost: {host}\r\nX-Odd-Case: 1\r\nContent-Length: 4\r\n"
        "Proxy-Authorization: Basic cjp0\r\nConnection: close\r\n\r\nbody".encode()
    )

    assert told.startswith(b"HTTP/1.1 200 OK\r\n")
    assert told.endswith(b'{"real":true}')
    assert b"alt-svc" not in told.lower()
    assert place.requests == [
        f"POST /v1/things?a=1 HTTP/1.1\r\nHost: {host}\r\nX-Odd-Case: 1\r\nContent-Length: 4\r\n"
        "Connection: close\r\n\r\nbody".encode()
    ]
    (taken,) = house.gate.taken
    assert taken.left
    assert taken.reply is not None
    assert (taken.reply.fidelity, taken.reply.status, taken.reply.body) == ("real", 200, b'{"real":true}')


async def test_an_opted_in_request_over_tls_is_verified_and_answered(house: MitmHouse) -> None:
    place = await house.stand_in.http(tls="sandbox.test")
    house.stand_in.names.set("sandbox.test", (place.address,))
    house.opt_in(f"sandbox.test:{place.port}")

    reader, writer = await house.tunnel(f"sandbox.test:{place.port}")
    for _ in range(2):
        writer.write(f"GET /x HTTP/1.1\r\nHost: sandbox.test:{place.port}\r\n\r\n".encode())
        assert b'{"real":true}' in await until_end(reader, b"true}")
    writer.close()

    assert len(place.arrivals) == 1, "the upstream connection is kept"
    assert len(place.requests) == 2
    await house.gate.until(lambda: all(taken.settled for taken in house.gate.taken))
    assert [taken.left for taken in house.gate.taken] == [True, True]
    assert house.stand_in.names.asked == ["sandbox.test"], "resolved once for the one dial"


async def test_a_captured_request_reaches_nobody(house: MitmHouse) -> None:
    place = await house.stand_in.http()
    house.stand_in.names.set("nobody.test", (place.address,))

    told = await house.say(
        f"POST http://nobody.test:{place.port}/ HTTP/1.1\r\nHost: nobody.test:{place.port}\r\nContent-Length: 2\r\n"
        "Connection: close\r\n\r\nhi".encode()
    )

    assert told.startswith(b"HTTP/1.1 200")
    assert b"Soundstage-Capture: capture-1" in told
    assert house.stand_in.arrivals == []
    assert house.stand_in.names.asked == []
    assert [taken.decision.verdict for taken in house.gate.taken] == ["capture"]


async def test_a_hook_that_raises_on_the_second_request_of_an_open_connection_delivers_nothing(
    house: MitmHouse,
) -> None:
    place = await house.stand_in.http(tls="sandbox.test")
    house.stand_in.names.set("sandbox.test", (place.address,))
    house.opt_in(f"sandbox.test:{place.port}")
    reader, writer = await house.tunnel(f"sandbox.test:{place.port}")
    request = f"GET /%s HTTP/1.1\r\nHost: sandbox.test:{place.port}\r\n\r\n"
    writer.write((request % "first").encode())
    await until_end(reader, b"true}")

    house.gate.trouble = lambda seen: RuntimeError("a bug")
    writer.write((request % "second").encode())
    told = await until_end(reader)
    writer.close()

    assert told.startswith(b"HTTP/1.1 503")
    assert len(place.requests) == 1
    assert b"second" not in place.received


async def test_a_fault_in_the_very_first_hook_delivers_nothing(house: MitmHouse) -> None:
    place = await house.stand_in.http()
    house.opt_in(f"127.0.2.1:{place.port}")
    house.engine.fault.arm("s3cret")
    request = (
        f"GET http://127.0.2.1:{place.port}/ HTTP/1.1\r\nHost: 127.0.2.1:{place.port}\r\n"
        "Soundstage-Self-Test: s3cret\r\nConnection: close\r\n\r\n"
    ).encode()

    assert (await house.say(request)).startswith(b"HTTP/1.1 503")
    assert house.stand_in.arrivals == []
    assert house.gate.taken == []
    assert (await house.say(request)).startswith(b"HTTP/1.1 200"), "the fault strikes once"


async def test_what_cannot_be_recorded_does_not_leave(house: MitmHouse) -> None:
    place = await house.stand_in.http()
    house.opt_in(f"127.0.2.1:{place.port}")
    house.gate.trouble = lambda seen: LedgerUnavailable("/srv/data: the disk is full")

    told = await house.say(
        f"GET http://127.0.2.1:{place.port}/ HTTP/1.1\r\nHost: 127.0.2.1:{place.port}\r\n\r\n".encode()
    )

    assert told.startswith(b"HTTP/1.1 503")
    assert b"cannot record" in told
    assert b"/srv/data" not in told
    assert house.stand_in.arrivals == []


async def test_a_destination_that_refuses_is_settled_as_not_left(house: MitmHouse) -> None:
    place = await house.stand_in.http()
    await house.stand_in.stop()
    house.opt_in(f"127.0.2.1:{place.port}")

    told = await house.say(
        f"GET http://127.0.2.1:{place.port}/ HTTP/1.1\r\nHost: 127.0.2.1:{place.port}\r\n\r\n".encode()
    )

    assert told.startswith(b"HTTP/1.1 502")
    (taken,) = house.gate.taken
    assert taken.settled[0][0] is False


@pytest.mark.parametrize("size", [0, 1, 70_000, 9 * 1024 * 1024])
async def test_a_body_of_any_length_arrives_whole(house: MitmHouse, size: int) -> None:
    place = await house.stand_in.http(tls="sandbox.test")
    house.stand_in.names.set("sandbox.test", (place.address,))
    house.opt_in(f"sandbox.test:{place.port}")
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    reader, writer = await house.tunnel(f"sandbox.test:{place.port}")
    writer.write(
        f"PUT /o HTTP/1.1\r\nHost: sandbox.test:{place.port}\r\nContent-Length: {size}\r\n\r\n".encode() + body
    )
    assert b'{"real":true}' in await until_end(reader, b"true}")
    writer.close()

    assert place.requests[0].endswith(b"\r\n\r\n" + body)
    seen = house.gate.taken[0].seen
    assert isinstance(seen, HttpRequest)
    assert seen.body.size == size


async def test_an_opt_in_that_ends_closes_what_is_open(house: MitmHouse) -> None:
    place = await house.stand_in.http()
    for seconds in (1, 5, 20):  # on a busy machine nothing leaves within the first
        house.opt_in(f"127.0.2.1:{place.port}", expires=datetime.now(UTC) + timedelta(seconds=seconds))
        reader, writer = await asyncio.open_connection(*house.proxy)
        host = f"127.0.2.1:{place.port}"
        writer.write(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        if (await until_end(reader, b"}")).endswith(b"true}"):
            break
        writer.close()

    assert await until_end(reader) == b"", "closed by Soundstage"
    async with asyncio.timeout(60):
        await place.arrivals[-1].over.wait()
    writer.close()


async def test_a_client_that_waits_for_100_continue_is_told_to_go_on(house: MitmHouse) -> None:
    place = await house.stand_in.http()
    house.opt_in(f"127.0.2.1:{place.port}")
    host = f"127.0.2.1:{place.port}"
    reader, writer = await asyncio.open_connection(*house.proxy)
    writer.write(
        f"PUT http://{host}/ HTTP/1.1\r\nHost: {host}\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n".encode()
    )
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
    writer.write(b"hi")
    assert b'{"real":true}' in await until_end(reader, b"true}")
    writer.close()
    assert place.requests[0].endswith(b"\r\n\r\nhi")


async def test_an_aws_chunked_body_is_described_and_forwarded_undecoded(house: MitmHouse) -> None:
    place = await house.stand_in.http()
    house.opt_in(f"127.0.2.1:{place.port}")
    host = f"127.0.2.1:{place.port}"
    body = b"5;chunk-signature=abc\r\nhello\r\n0;chunk-signature=def\r\n\r\n"
    await house.say(
        f"PUT http://{host}/o HTTP/1.1\r\nHost: {host}\r\nContent-Encoding: aws-chunked\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        + body
    )
    assert place.requests[0].endswith(b"\r\n\r\n" + body)
    seen = house.gate.taken[0].seen
    assert isinstance(seen, HttpRequest)
    assert seen.body.data == body


async def test_a_client_that_dies_while_its_request_is_decided_leaves_nothing_open(house: MitmHouse) -> None:
    place = await house.stand_in.trap()
    house.opt_in(f"127.0.2.1:{place.port}")
    host = f"127.0.2.1:{place.port}"
    _, writer = await asyncio.open_connection(*house.proxy)
    writer.write(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    await house.gate.until(lambda: bool(house.gate.taken))
    reset(writer)
    await house.gate.until(lambda: bool(house.gate.taken[0].settled))
    async with asyncio.timeout(60):
        for arrival in place.arrivals:
            await arrival.over.wait()


async def test_nothing_is_dialled_without_a_ticket(house: MitmHouse) -> None:
    tickets = Tickets(house.dialler, "client-1")
    with pytest.raises(NoTicket):
        await tickets.dial("127.0.2.1", 80)
    tickets.void()
    with pytest.raises(NoTicket):
        await tickets.dial("127.0.2.1", 80)


async def test_an_answer_that_is_none_is_told_as_such_and_known_to_have_left(house: MitmHouse) -> None:
    place = await house.stand_in.http(answer=b"this is no HTTP\r\n\r\n")
    house.opt_in(f"127.0.2.1:{place.port}")
    host = f"127.0.2.1:{place.port}"
    told = await house.say(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert told.startswith(b"HTTP/1.1 502")
    assert b"application/problem+json" in told
    assert len(place.requests) == 1
    await house.gate.until(lambda: bool(house.gate.taken[0].settled))
    assert house.gate.taken[0].left


async def test_an_answer_that_breaks_off_is_known_to_have_left(house: MitmHouse) -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it")
        await writer.drain()

    place = await house.stand_in.listen(lambda place, arrival: half)
    house.opt_in(f"127.0.2.1:{place.port}")
    host = f"127.0.2.1:{place.port}"
    told = await house.say(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert told.endswith(b"half of it")
    await house.gate.until(lambda: bool(house.gate.taken[0].settled))
    left, reply = house.gate.taken[0].settled[-1]
    assert left
    assert reply is not None
    assert (reply.status, reply.body, reply.flags) == (200, b"half of it", ("broken_off",))


async def test_a_long_answer_passes_whole_and_is_kept_in_part(house: MitmHouse) -> None:
    size = 3 * 1024 * 1024
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode() + b"x" * size
    place = await house.stand_in.http(answer=answer)
    house.opt_in(f"127.0.2.1:{place.port}")
    host = f"127.0.2.1:{place.port}"
    told = await house.say(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert told.endswith(b"x" * size)
    reply = house.gate.taken[0].reply
    assert reply is not None
    assert (len(reply.body), reply.flags) == (256 * 1024, ("reply_truncated",))
