"""HTTP/2 through mitmproxy: each stream by its own names, gRPC with its trailers, clients that need no ALPN."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from http2_client import Http2Client, Stream
from mitm_house import MitmHouse, mitm_house

from ledger.reply import Reply
from policies.http_request import HttpRequest
from policies.raw_connection import RawConnection

NAME = "sandbox.test"


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[MitmHouse]:
    async with mitm_house(tmp_path) as house:
        yield house


async def connected(house: MitmHouse, target: str, *, alpn: tuple[str, ...] = ("h2",)) -> Http2Client:
    return Http2Client(*await house.tunnel(target, alpn=alpn))


async def test_http2_to_http2_keeps_the_request_and_its_answer(house: MitmHouse) -> None:
    place = await house.stand_in.http2(name=NAME)
    house.stand_in.names.set(NAME, (place.address,))
    house.opt_in(f"{NAME}:{place.port}")
    client = await connected(house, f"{NAME}:{place.port}")

    one = client.send(f"{NAME}:{place.port}", "/a?b=c", method="POST", body=b"hello")
    two = client.send(f"{NAME}:{place.port}", "/second")
    await client.until(one, two)
    client.writer.close()

    assert (one.headers[":status"], one.body) == ("200", b'{"real":true}')
    assert "alt-svc" not in one.headers
    assert sorted(place.requests) == [
        f"GET {NAME}:{place.port} /second\n".encode(),
        f"POST {NAME}:{place.port} /a?b=c\nhello".encode(),
    ]
    assert len(place.arrivals) == 1
    seen = house.gate.taken[0].seen
    assert isinstance(seen, HttpRequest)
    assert (seen.protocol, seen.names[-1]) == ("h2", ("authority", f"{NAME}:{place.port}"))


async def test_streams_of_one_connection_are_decided_by_their_own_authority(house: MitmHouse) -> None:
    place = await house.stand_in.http2(name=NAME)
    for name in (NAME, "other.test"):
        house.stand_in.names.set(name, (place.address,))
    house.opt_in(f"{NAME}:{place.port}", f"other.test:{place.port}")
    client = await connected(house, f"{NAME}:{place.port}")

    good, coalesced = client.send(f"{NAME}:{place.port}", "/good"), client.send(f"other.test:{place.port}", "/bad")
    await client.until(good, coalesced)
    client.writer.close()

    assert good.headers[":status"] == "200"
    assert coalesced.headers[":status"] == "403"
    assert [request.split()[2] for request in place.requests] == [b"/good"]


async def test_a_body_without_a_length_is_framed_for_an_http1_destination(house: MitmHouse) -> None:
    place = await house.stand_in.http(tls=NAME)
    house.stand_in.names.set(NAME, (place.address,))
    house.opt_in(f"{NAME}:{place.port}")
    client = await connected(house, f"{NAME}:{place.port}", alpn=("h2", "http/1.1"))

    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    stream = client.send(f"{NAME}:{place.port}", "/outer", method="POST", body=smuggled)
    await client.until(stream)
    client.writer.close()

    assert stream.headers[":status"] == "200"
    (request,) = place.requests
    assert request.startswith(b"POST /outer HTTP/1.1\r\n")
    assert request.endswith(b"\r\n\r\n" + smuggled)


MALFORMED = [
    pytest.param({"path": "/x HTTP/1.1\r\nHost: evil"}, id="line-break-in-the-path"),
    pytest.param({"authority": "a b"}, id="space-in-the-authority"),
    pytest.param({"fields": (("x", "a\r\nhost: evil"),)}, id="line-break-in-a-value"),
    pytest.param({"fields": (("transfer-encoding", "chunked"),)}, id="transfer-encoding"),
    pytest.param({"fields": (("connection", "upgrade"), ("upgrade", "h2c"))}, id="upgrade"),
    pytest.param({"fields": (("Upper", "x"),)}, id="upper-case-name"),
    pytest.param({"fields": ((":path", "/again"),)}, id="second-path"),
    pytest.param({"method": "CONNECT"}, id="connect"),
    pytest.param({"scheme": "ftp"}, id="other-scheme"),
    pytest.param({"path": "no-slash"}, id="relative-path"),
]


@pytest.mark.parametrize("trick", MALFORMED)
async def test_a_head_that_two_readers_could_read_differently_is_recorded_and_ends_the_connection(
    house: MitmHouse, trick: dict[str, object]
) -> None:
    place = await house.stand_in.http(tls=NAME)
    house.stand_in.names.set(NAME, (place.address,))
    house.opt_in(f"{NAME}:{place.port}")
    client = await connected(house, f"{NAME}:{place.port}", alpn=("h2", "http/1.1"))

    stream = client.send(**{"authority": f"{NAME}:{place.port}", **trick})  # type: ignore[arg-type] # one of its own
    await client.until(stream)
    client.writer.close()

    assert stream.headers.get(":status") in (None, "400")
    assert house.stand_in.arrivals == []
    assert [type(taken.seen) for taken in house.gate.taken] == [RawConnection]


CONNECTS = [
    pytest.param((), "as in a CONNECT, which is not served over HTTP/2", id="a-tunnel"),
    pytest.param(
        ((":scheme", "https"), (":path", "/chat"), (":protocol", "websocket")), "':protocol' is unknown", id="extended"
    ),
    pytest.param(((":scheme", "https"), (":path", "/")), "'CONNECT' is not served over HTTP/2", id="half-of-each"),
]


@pytest.mark.parametrize(("fields", "why"), CONNECTS)
async def test_connect_over_http2_is_refused_in_words(
    house: MitmHouse, fields: tuple[tuple[str, str], ...], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """RFC 9113, 8.5, and RFC 8441, which is not offered."""
    client = await connected(house, f"{NAME}:443", alpn=("h2", "http/1.1"))
    number = client.http2.get_next_available_stream_id()
    client.http2.send_headers(number, [(":method", "CONNECT"), (":authority", "x.test:443"), *fields])
    client.http2.send_data(number, b"hello")
    client.streams[number] = stream = Stream()
    client.writer.write(client.http2.data_to_send())
    await client.until(stream)
    client.writer.close()

    (taken,) = house.gate.taken
    assert isinstance(taken.seen, RawConnection)
    assert why in taken.seen.what
    assert stream.headers.get(":status") == ("400" if fields else None)
    assert [record.message for record in caplog.records] == []


async def test_a_host_field_that_differs_from_the_authority_is_refused_and_recorded(house: MitmHouse) -> None:
    place = await house.stand_in.http2(name=NAME)
    house.opt_in(f"{NAME}:{place.port}")
    client = await connected(house, f"{NAME}:{place.port}")
    stream = client.send(f"{NAME}:{place.port}", fields=(("host", "other.test"),))
    await client.until(stream)
    client.writer.close()
    assert stream.headers.get(":status") != "200"
    assert house.stand_in.arrivals == []
    assert len(house.gate.taken) == 1


async def test_https_with_a_colon_is_a_scheme_too(house: MitmHouse) -> None:
    client = await connected(house, "fcm.test:443")
    stream = client.send("fcm.test", method="POST", scheme="https:", body=b"{}")
    await client.until(stream)
    client.writer.close()
    assert stream.headers[":status"] == "200"
    assert house.gate.taken[0].effect.target.host == "fcm.test"


async def test_a_client_that_begins_with_the_preface_without_alpn_is_served(house: MitmHouse) -> None:
    client = await connected(house, "api.push.apple.test:443", alpn=())
    stream = client.send("api.push.apple.test", "/3/device/x", method="POST", body=b"{}")
    await client.until(stream)
    client.writer.close()
    assert stream.headers[":status"] == "200"
    seen = house.gate.taken[0].seen
    assert isinstance(seen, HttpRequest)
    assert seen.protocol == "h2"


GRPC = (("content-type", "application/grpc"), ("te", "trailers"))


async def test_a_refused_grpc_call_is_answered_in_trailers_only(house: MitmHouse) -> None:
    house.gate.answer = lambda decision: Reply("refused", 403, (), b'{"detail":"no opt-in; 100% sure"}')
    client = await connected(house, "grpc.test:443")
    stream = client.send("grpc.test", "/pkg.Service/Do", method="POST", body=b"\0\0\0\0\0", fields=GRPC)
    await client.until(stream)
    client.writer.close()
    assert stream.headers[":status"] == "200"
    assert stream.headers["grpc-status"] == "7"
    assert stream.headers["grpc-message"] == "no opt-in; 100%25 sure"
    assert "content-length" not in stream.headers
    assert (stream.body, stream.trailers) == (b"", {})


async def test_a_captured_grpc_call_is_answered_with_a_message_and_trailers(house: MitmHouse) -> None:
    client = await connected(house, "grpc.test:443")
    stream = client.send("grpc.test", "/pkg.Service/Do", method="POST", body=b"\0\0\0\0\0", fields=GRPC)
    await client.until(stream)
    client.writer.close()
    assert stream.body == b"\0\0\0\0\0"
    assert stream.trailers == {"grpc-status": "0"}
    assert "content-length" not in stream.headers


async def test_an_opted_in_grpc_call_gets_the_real_trailers(house: MitmHouse) -> None:
    place = await house.stand_in.http2(name=NAME, trailers=True)
    house.stand_in.names.set(NAME, (place.address,))
    house.opt_in(f"{NAME}:{place.port}")
    client = await connected(house, f"{NAME}:{place.port}")
    stream = client.send(f"{NAME}:{place.port}", "/pkg.Service/Do", method="POST", body=b"\0\0\0\0\1x", fields=GRPC)
    await client.until(stream)
    client.writer.close()
    assert stream.trailers == {"grpc-status": "0"}
    assert place.requests[0].endswith(b"\n\0\0\0\0\1x")
    assert house.gate.taken[0].reply is not None
    assert house.gate.taken[0].reply.trailers == (("grpc-status", "0"),)


async def test_a_long_upload_to_an_http2_destination_arrives_whole(house: MitmHouse) -> None:
    place = await house.stand_in.http2(name=NAME)
    house.stand_in.names.set(NAME, (place.address,))
    house.opt_in(f"{NAME}:{place.port}")
    client = await connected(house, f"{NAME}:{place.port}")
    body = bytes(range(256)) * (48 * 256)  # 3 MB: beyond every window, and beyond what may wait
    number = client.http2.get_next_available_stream_id()
    head = [(":method", "PUT"), (":scheme", "https"), (":path", "/o"), (":authority", f"{NAME}:{place.port}")]
    client.http2.send_headers(number, head)
    client.streams[number] = stream = Stream()
    sent = 0
    async with asyncio.timeout(60):
        while sent < len(body):
            room = min(client.http2.local_flow_control_window(number), client.http2.max_outbound_frame_size)
            if room == 0:
                data = await client.reader.read(65536)
                client.http2.receive_data(data)
            else:
                client.http2.send_data(number, body[sent : sent + room])
                sent += room
            client.writer.write(client.http2.data_to_send())
            await client.writer.drain()
    client.http2.end_stream(number)
    client.writer.write(client.http2.data_to_send())
    await client.until(stream)
    client.writer.close()
    assert stream.headers[":status"] == "200"
    assert place.requests[0].partition(b"\n")[2] == body


async def test_many_streams_at_once_to_an_http1_destination_all_arrive_once(house: MitmHouse) -> None:
    place = await house.stand_in.http(tls=NAME)
    house.stand_in.names.set(NAME, (place.address,))
    house.opt_in(f"{NAME}:{place.port}")
    client = await connected(house, f"{NAME}:{place.port}", alpn=("h2", "http/1.1"))

    streams = [client.send(f"{NAME}:{place.port}", f"/{number}") for number in range(40)]
    await client.until(*streams)
    client.writer.close()

    assert [stream.headers[":status"] for stream in streams] == ["200"] * 40
    arrived = sorted(int(request.split()[1][1:]) for request in place.requests)
    assert arrived == list(range(40))
    await house.gate.until(lambda: all(taken.left and taken.settled for taken in house.gate.taken))
