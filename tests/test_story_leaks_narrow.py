"""Narrow opt-ins: what a careful user lets out for reading, for one path, for one method, lets out nothing else.

Each row would leave, but for what is odd in it; the stand-in for the destination receives nothing of it.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from http2_client import Http2Client
from leak_house import ADDRESS, OPEN, LeakHouse, leak_house, opted_in, stayed
from leak_sending import Sending, entry, sent

GET_ONLY, READS, STORE, PARTNER, WHOLE, ANY = (
    "get.story.test", "reads.story.test", "store.story.test", "partner.story.test", "whole.story.test", "any.story.test"
)  # fmt: skip
STRIPE, GOOGLE = "api.stripe.com", "storage.googleapis.com"
BEHIND = b"DELETE /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n"
"""What a server that takes no body with a GET reads as the next request."""
INSIDE = b"--b\r\nContent-Type: application/http\r\n\r\nDELETE /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n--b--\r\n"
TESTED = "Authorization: Bearer sk_test_51Hxxxxxxxxxxxxxxxxxxxxx"
ASKING = (
    "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: eA=="
)  # fmt: skip


@pytest_asyncio.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LeakHouse]:
    async with leak_house(tmp_path_factory.mktemp("leaks")) as house:
        shut = entry(house, PARTNER, "paths: [/v1/admin/**, /v1/keys], do: deny").replace("{id: ", "{id: no-")
        house.policy(
            entry(house, GET_ONLY, "methods: [GET]")
            + entry(house, READS, "intent: read")
            + entry(house, STORE, "methods: [PUT], paths: [/qa/**]")
            + entry(house, PARTNER, "paths: [/v1/**]")
            + entry(house, WHOLE, "")
            + entry(house, ANY, "paths: [/any/**, /a-path/**]")
            + entry(house, GOOGLE, "paths: [/storage/v1/b/qa/**]")
            + entry(house, STRIPE, "credentials: test")
            + shut.replace(", addresses: [127.0.0.0/8]", "")
        )
        yield house


def copied(field: str) -> Sending:
    return Sending(STORE, "/qa/x", b"", "", "PUT", ("Content-Length: 0", f"{field}: /qa/y"))


LEAVES = {
    "a-get": Sending(GET_ONLY, "/x", method="GET", content_type=""),
    "a-read": Sending(READS, "/x", method="GET", content_type=""),
    "a-test-credential": Sending(STRIPE, "/v1/charges", b"", "", "GET", (TESTED,)),
    "a-write-of-one-place": Sending(STORE, "/qa/x", b"a", "", "PUT"),
    "a-get-with-a-body-where-everything-is-opted-in": Sending(WHOLE, "/x", BEHIND, "text/plain", "GET"),
    "a-copy-within-what-is-opted-in": Sending(GOOGLE, "/storage/v1/b/qa/o/x/rewriteTo/b/qa/o/y"),
    "a-batch-where-everything-is-opted-in": Sending(WHOLE, "/v1/$batch", INSIDE, "multipart/mixed; boundary=b"),
    "a-batch-that-is-a-number": Sending(PARTNER, "/v1/orders", b'{"batch": 7}'),
    "an-open-path": Sending(PARTNER, "/v1/orders"),
    "a-websocket": Sending(PARTNER, "/v1/orders", b"", "", "GET", ASKING),
    "an-escaped-space": Sending(PARTNER, "/v1/a%20b"),
}
STAYS = {
    # A WebSocket begins with a GET, and says whatever it likes
    "a-websocket-where-get-is-opted-in": Sending(GET_ONLY, "/x", b"", "", "GET", ASKING),
    "a-websocket-where-reads-are-opted-in": Sending(READS, "/x", b"", "", "GET", ASKING),
    "a-websocket-where-test-credentials-are-opted-in": Sending(
        STRIPE, "/v1/charges", b"", "", "GET", (TESTED, *ASKING)
    ),
    "a-websocket-with-a-body": Sending(PARTNER, "/v1/orders", b"\x81\x80abcd", "", "GET", ASKING),
    "a-get-with-a-request-for-its-body": Sending(PARTNER, "/v1/orders", BEHIND, "text/plain", "GET"),
    "a-get-with-a-body-where-get-is-opted-in": Sending(GET_ONLY, "/x", BEHIND, "text/plain", "GET"),
    # What an object store copies on its own
    **{
        f"a-copy-by-{field.lower()}": copied(field)
        for field in ("X-Oss-Copy-Source", "X-Cos-Copy-Source", "X-Obs-Copy-Source", "X-Tos-Copy-Source",
                      "X-Bce-Copy-Source", "X-Copy-From", "X-Obs-Rename-Source")
    },
    "a-copy-to-another-bucket": Sending(GOOGLE, "/storage/v1/b/qa/o/x/rewriteTo/b/live/o/x"),
    "a-copy-to-another-bucket-of-old": Sending(GOOGLE, "/storage/v1/b/qa/o/x/copyTo/b/live/o/x"),
    # Requests inside a request
    "a-batch-of-odata": Sending(PARTNER, "/v1/$batch", INSIDE, "multipart/mixed; boundary=b"),
    "a-batch-in-json": Sending(PARTNER, "/v1/%24batch", b'{"requests": [{"method": "DELETE", "url": "/elsewhere"}]}'),
    "a-batch-by-its-type": Sending(PARTNER, "/v1/orders", INSIDE, "Multipart/Mixed; boundary=b"),
    "a-batch-where-many-paths-are-opted-in": Sending(ANY, "/any/path", INSIDE, "multipart/mixed; boundary=b"),
    "a-batch-of-azure": Sending(PARTNER, "/v1/x?restype=container&comp=batch", INSIDE, "text/plain"),
    "a-batch-of-meta": Sending(
        PARTNER, "/v1/x", b"batch=%5B%7B%22method%22%3A%22DELETE%22%7D%5D", "application/x-www-form-urlencoded"
    ),
    # Paths that some servers decode before they part them
    "an-escaped-question-mark": Sending(PARTNER, "/v1/admin%3Fx"),
    "an-escaped-semicolon": Sending(PARTNER, "/v1/admin%3Bx/users"),
    "an-escaped-number-sign": Sending(PARTNER, "/v1/keys%23x"),
    "a-denied-path-in-a-format": Sending(PARTNER, "/v1/keys.json"),
    "a-denied-path-and-a-space": Sending(PARTNER, "/v1/keys%20"),
    "a-denied-path-and-a-dot": Sending(PARTNER, "/v1/keys."),
}  # fmt: skip


@pytest.mark.parametrize("sending", [pytest.param(one, id=name) for name, one in LEAVES.items()])
async def test_the_same_without_anything_odd_arrives(house: LeakHouse, sending: Sending) -> None:
    assert (await sent(house, sending)).arrived.endswith(sending.body)


@pytest.mark.parametrize("sending", [pytest.param(one, id=name) for name, one in STAYS.items()])
async def test_what_is_not_meant_stays(house: LeakHouse, sending: Sending) -> None:
    came = await sent(house, sending)
    assert came.arrived == b""
    assert not came.capture.left


@pytest.mark.parametrize("speaks", ["http/1.1", "h2"])
async def test_a_length_without_a_body_is_not_passed_on(house: LeakHouse, speaks: str) -> None:
    """Over HTTP/2 it may be said. Who passes such a request on by HTTP/1.1, as many a destination's own front does,
    takes the beginning of the next request for its body."""
    place = house.secure if speaks == "http/1.1" else await house.stand_in.http2(name=OPEN, address=ADDRESS)
    house.policy(opted_in(OPEN, (place.port,)))
    before = await house.reached()
    async with house.visit("explicit-https") as visit:
        streams = await visit.begin(f"{OPEN}:{place.port}", OPEN, ("h2",))
        assert streams is not None
        client = Http2Client(*streams)
        promise = (("content-length", "5"),)
        await client.until(client.send(f"{OPEN}:{place.port}", "/allowed/x", method="POST", fields=promise))
        assert all(map(stayed, await visit.captures()))
    assert await house.reached() == before


CALL = bytes(5)
"""A message of gRPC that says nothing."""
GRPC = (("content-type", "application/grpc"), ("te", "trailers"))


async def test_of_the_streams_of_one_connection_only_what_is_opted_in_arrives(house: LeakHouse) -> None:
    """The destination's connection is open, and each stream is judged by itself: gRPC's own methods among them."""
    place = await house.stand_in.http2(name=OPEN, address=ADDRESS)
    house.policy(opted_in(OPEN, (place.port,), more="methods: [POST], paths: [/shop.Orders/Get]"))
    authority = f"{OPEN}:{place.port}"
    async with house.visit("explicit-https") as visit:
        streams = await visit.begin(authority, OPEN, ("h2",))
        assert streams is not None
        client = Http2Client(*streams)
        open_ones = [
            client.send(authority, "/shop.Orders/Get", method="POST", body=CALL * count, fields=GRPC)
            for count in (1, 3)
        ]
        shut = [
            client.send(authority, path, method=method, body=CALL, fields=(*GRPC, *more))
            for path, method, more in (
                ("/shop.Orders/Delete", "POST", ()),
                ("/shop.orders/get", "POST", ()),
                ("/shop.Orders/Get/", "POST", ()),
                ("/shop.Orders%2FGet", "POST", ()),
                ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "POST", ()),
                ("/grpc.health.v1.Health/Check", "POST", ()),
                ("/shop.Orders/Get", "PUT", ()),
                ("/shop.Orders/Get", "POST", (("x-http-method-override", "DELETE"),)),
            )
        ]
        await client.until(*open_ones, *shut)
        captures = await visit.captures(len(open_ones) + len(shut))
    assert len(place.requests) == len(open_ones)
    assert all(request.startswith(b"POST %b /shop.Orders/Get" % authority.encode()) for request in place.requests)
    assert sum(not stayed(capture) for capture in captures) == len(open_ones)


async def test_what_is_said_ahead_of_a_websocket_that_is_not_opened_stays(house: LeakHouse) -> None:
    """The destination answers the handshake as any request: what follows it is a request, and none."""
    place = await house.stand_in.http(address=ADDRESS)
    house.policy(opted_in(OPEN, (place.port,)))
    frame = b"\x81\x85\0\0\0\0after"
    behind = f"GET http://{OPEN}:{place.port}/elsewhere HTTP/1.1\r\nHost: {OPEN}:{place.port}\r\n\r\n"
    handshake = Sending(OPEN, "/allowed/x", b"", "", "GET", ASKING).octets(place.port, absolute=True)
    for ahead in (frame, behind.encode()):
        place.requests.clear()
        async with house.visit("explicit-http") as visit:
            streams = await visit.begin("", "")
            assert streams is not None
            streams[1].write(handshake + ahead)
            first, *others = await visit.captures(2)
        assert first.left
        assert all(map(stayed, others))
        assert len(place.requests) == 1
        assert b"after" not in place.received
        assert b"elsewhere" not in place.received
