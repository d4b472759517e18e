"""Conversations with the door, byte for byte: order, framing, refusals, slow and vanishing clients."""

import asyncio
import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path

import pytest
from door_stage import RememberingGate, Stage, connected, hear, hear_all, over_tls, say, spoken, stage

from ledger.reply import Reply
from proxy.door_limits import DoorLimits

GET = b"GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"POST /a HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as running:
        yield running


async def test_the_answer_byte_for_byte(here: Stage) -> None:
    async with connected(here.http) as wire:
        await say(wire, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert await hear_all(wire) == (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nSoundstage-Verdict: capture\r\n"
            b"Soundstage-Capture: capture-1\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"
        )


async def test_a_thousand_pipelined_requests_are_answered_in_order(here: Stage) -> None:
    async with over_tls(here.https, here.trusting) as wire:
        requests = b"".join(b"GET /%d HTTP/1.1\r\nHost: api.example.com\r\n\r\n" % n for n in range(1000))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(say(wire, requests))
            for n in range(1000):
                assert (await hear(wire))[1]["soundstage-capture"] == f"capture-{n + 1}"
    assert [request.target for request in here.gate.requests] == [f"/{n}" for n in range(1000)]


async def test_a_second_request_waits_for_the_answer_to_the_first(tmp_path: Path) -> None:
    gate = RememberingGate()
    gate.go.clear()
    async with stage(tmp_path, gate) as here, connected(here.http) as wire:
        await say(wire, GET, POST)
        await gate.asked(1)
        assert len(gate.taken) == 1
        gate.go.set()
        assert (await hear(wire))[0] == (await hear(wire))[0] == 200
    assert [request.method for request in gate.requests] == ["GET", "POST"]


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([POST], id="at-once"),
        pytest.param([POST[:-5], POST[-5:]], id="head-then-body"),
        pytest.param([bytes([octet]) for octet in POST], id="octet-by-octet"),
        pytest.param([b"\r\n" + POST], id="after-an-empty-line"),
        pytest.param(
            [
                b"POST /a HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n",
                b"3\r\nllo\r\n0\r\n\r\n",
            ],
            id="in-chunks",
        ),
    ],
)
async def test_a_body_is_the_same_however_it_comes(here: Stage, pieces: list[bytes]) -> None:
    async with connected(here.http) as wire:
        await say(wire, *pieces)
        assert (await hear(wire))[0] == 200
        await say(wire, GET)
        assert (await hear(wire))[0] == 200
    assert [request.body.data for request in here.gate.requests] == [b"hello", b""]


async def test_trailers_are_flagged(here: Stage) -> None:
    async with connected(here.http) as wire:
        chunked = (
            b"POST /a HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n"
        )
        await say(wire, chunked)
        await hear(wire)
    assert here.gate.requests[0].flags == ("trailers",)


async def test_a_client_that_expects_100_is_told_to_go_on_once(here: Stage) -> None:
    head = b"POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    async with connected(here.http) as wire:
        await say(wire, head)
        assert (await hear(wire))[0] == 100
        await say(wire, b"hello")
        assert (await hear(wire))[0] == 200
        await say(wire, head + b"hello")
        assert (await hear(wire))[0] == 200


async def test_the_answer_to_head_has_a_length_and_no_body(here: Stage) -> None:
    async with connected(here.http) as wire:
        await say(wire, GET.replace(b"GET", b"HEAD"))
        head = await asyncio.wait_for(wire[0].readuntil(b"\r\n\r\n"), 60)
        assert b"Content-Length: 3\r\n" in head
        await say(wire, GET)
        assert (await hear(wire))[2] == b"ok\n"


@pytest.mark.parametrize(
    ("head", "names"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", (("host", "a"), ("host", "b")), id="two-hosts"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", (("host", ""),), id="no-host"),
        pytest.param(b"GET / HTTP/1.0\r\n\r\n", (), id="no-host-in-1.0"),
        pytest.param(
            b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
            (("absolute", "b"), ("host", "a")),
            id="absolute-and-host",
        ),
    ],
)
async def test_names_that_disagree_are_the_gates_to_judge(
    here: Stage, head: bytes, names: tuple[tuple[str, str], ...]
) -> None:
    async with connected(here.http) as wire:
        await say(wire, head)
        assert (await hear(wire))[0] == 200
    assert here.gate.requests[0].names == names


SMUGGLING = [
    pytest.param(CHUNKED[:-2] + b"Content-Length: 4\r\n\r\n", id="both-lengths"),
    pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n", id="two-lengths"),
    pytest.param(CHUNKED + b"5\nhello\r\n0\r\n\r\n", id="bare-lf-chunk"),
    pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\x0bchunked\r\n\r\n", id="control-before-coding"),
    pytest.param(b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="chunked-in-1.0"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", id="folded"),
    pytest.param(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", id="space-before-colon"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", id="nul"),
    pytest.param(b"GET / HTTP/1.1\nHost: a\n\n\r\n\r\n", id="bare-line-feeds"),
    pytest.param(b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", id="another-scheme"),
    pytest.param(b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", id="connect-at-the-steered-entrance"),
    pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="http2-preface"),
    pytest.param(b"\x16\x03\x01\x02\x00\x01", id="tls-in-the-clear"),
    pytest.param(b"\x00\x01\x02", id="binary"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 300 + b"\r\n", id="too-many-fields"),
]


@pytest.mark.parametrize("data", SMUGGLING)
async def test_what_is_ambiguous_is_refused_recorded_and_ends_the_connection(here: Stage, data: bytes) -> None:
    async with connected(here.http) as wire:
        await say(wire, data + GET)
        status, fields, body = await hear(wire)
        assert (status, fields["connection"]) == (400, "close")
        assert b'"detail"' in body
        assert await hear_all(wire) == b""
    assert here.gate.requests == []
    assert [raw.flags for raw in here.gate.raw] == [("malformed",)]


async def test_a_head_that_ends_in_line_feeds_alone_is_refused_at_once(here: Stage) -> None:
    """Its client waits for an answer, and sends nothing more."""
    async with connected(here.http) as wire:
        await say(wire, b"GET / HTTP/1.1\nHost: a\n\n")
        assert (await hear(wire))[0] == 400
    assert "line feed without a carriage return" in here.gate.raw[0].what


async def test_a_refusal_waits_for_its_record(here: Stage) -> None:
    here.gate.trouble = RuntimeError("no")
    async with connected(here.http) as wire:
        await say(wire, b"GET / HTTP/1.1\r\nHost : a\r\n\r\n")
        assert (await hear(wire))[0] == 503


async def test_credentials_of_a_malformed_head_are_not_kept(here: Stage) -> None:
    async with connected(here.http) as wire:
        await say(wire, b"GET /?key=sk_live_1 HTTP/1.1\r\nAuthorization: Bearer sk_live_2\r\nX : sk_live\r\n\r\n")
        await hear(wire)
    kept = here.gate.raw[0].opening.data
    assert kept is not None
    assert b"Authorization: [removed:credential]" in kept
    assert b"sk_live_1" not in kept
    assert b"sk_live_2" not in kept


@pytest.mark.parametrize(
    ("head", "data"),
    [
        pytest.param(b"Content-Length: 101\r\n\r\n", b"", id="by-length"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n", b"65\r\n" + b"x" * 101 + b"\r\n", id="by-chunks"),
    ],
)
async def test_a_body_that_is_too_long_is_refused_and_recorded(tmp_path: Path, head: bytes, data: bytes) -> None:
    async with stage(tmp_path, limits=DoorLimits(body_octets=100)) as here, connected(here.http) as wire:
        await say(wire, b"POST / HTTP/1.1\r\nHost: a.example\r\n" + head + data)
        status, _, body = await hear(wire)
        assert (status, json.loads(body)["title"]) == (413, HTTPStatus(413).phrase)
        assert here.gate.raw[0].flags == ("oversized",)
        assert here.gate.raw[0].names == (("host", "a.example"),)
        assert here.gate.raw[0].port == 80
        assert here.gate.requests == []


async def test_a_head_that_never_ends_is_refused(here: Stage) -> None:
    async with connected(here.http) as wire:
        await say(wire, b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000)
        assert (await hear(wire))[0] == 431


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: a", id="in-the-head"),
        pytest.param(POST[:-1], id="in-the-body"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe", id="in-a-chunk"),
    ],
)
async def test_a_client_that_falls_silent_is_refused_and_recorded(tmp_path: Path, sent: bytes) -> None:
    quick = DoorLimits(head_seconds=0.05, body_stall_seconds=0.05)
    async with stage(tmp_path, limits=quick) as here, over_tls(here.https, here.trusting) as wire:
        await say(wire, sent)
        assert (await hear(wire))[0] == 408
        assert await hear_all(wire) == b""
        assert [raw.flags for raw in here.gate.raw] == [("truncated",)]


@pytest.mark.parametrize("sent", [pytest.param(GET[:-2], id="in-the-head"), pytest.param(POST[:-1], id="in-the-body")])
async def test_a_client_that_vanishes_is_recorded(here: Stage, sent: bytes) -> None:
    async with over_tls(here.https, here.trusting) as wire:
        await say(wire, sent)
    await here.gate.asked(1)
    assert [raw.flags for raw in here.gate.raw] == [("truncated",)]


async def test_a_client_that_closes_its_half_still_gets_its_answer(here: Stage) -> None:
    async with connected(here.http) as wire:
        await say(wire, GET + GET)
        wire[1].write_eof()
        assert (await hear_all(wire)).count(b"HTTP/1.1 200 OK") == 2


async def test_what_arrived_is_recorded_though_its_client_is_gone(tmp_path: Path) -> None:
    gate = RememberingGate()
    gate.go.clear()
    async with stage(tmp_path, gate) as here:
        async with connected(here.http) as wire:
            await say(wire, GET + POST)
            await gate.asked(1)
            wire[1].transport.abort()
        gate.go.set()
        await gate.asked(2)
    assert [request.method for request in gate.requests] == ["GET", "POST"]


async def test_an_idle_connection_is_closed(tmp_path: Path) -> None:
    async with stage(tmp_path, limits=DoorLimits(idle_seconds=0.05)) as here, spoken(here.http, GET) as wire:
        await hear(wire)
        assert await hear_all(wire) == b""
        assert here.gate.raw == []


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply("shaped", 200, (("X", "a\r\nSet-Cookie: b"),), b""), id="line-break-in-a-value"),
        pytest.param(Reply("shaped", 101, (), b""), id="switching-protocols"),
        pytest.param(Reply("shaped", 0, (), b""), id="no-status"),
    ],
)
async def test_an_answer_that_cannot_be_written_is_no_success(tmp_path: Path, reply: Reply) -> None:
    async with stage(tmp_path, RememberingGate(reply)) as here, connected(here.http) as wire:
        await say(wire, GET)
        status, fields, _ = await hear(wire)
        assert status == 503
        assert "set-cookie" not in fields


async def test_http_1_0_is_closed_unless_it_asks_to_be_kept(here: Stage) -> None:
    async with connected(here.http) as wire:
        await say(wire, b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert (await hear(wire))[1]["connection"] == "keep-alive"
        await say(wire, b"GET / HTTP/1.0\r\n\r\n")
        assert (await hear(wire))[1]["connection"] == "close"
        assert await hear_all(wire) == b""
