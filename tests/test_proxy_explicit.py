"""The explicit entrance: tunnels of every kind, and what is no tunnel."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from door_stage import Stage, connected, hear, hear_all, say, shut, spoken, stage, tunnelled

from policies.http_request import RunClaim
from proxy.connection import Connection
from proxy.door_limits import DoorLimits
from proxy.listener_opening import Patience

CONNECT = b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as running:
        yield running


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[Stage]:
    """For clients whose silence is waited for; one that speaks may be later than that on a busy machine."""
    async with stage(tmp_path, patience=Patience(head=0.3, hello=0.3)) as running:
        yield running


async def test_http_in_the_clear_inside_a_tunnel(here: Stage) -> None:
    async with connected(here.explicit) as wire:
        await say(wire, b"CONNECT api.example.com:8080 HTTP/1.1\r\n\r\n", GET)
        assert await wire[0].readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 Connection established\r\n\r\n"
        assert (await hear(wire))[0] == 200
    [request] = here.gate.requests
    assert (request.scheme, request.names) == (
        "http",
        (("connect", "api.example.com:8080"), ("host", "api.example.com")),
    )


async def test_the_claim_of_a_tunnel_is_its_requests_claim(here: Stage) -> None:
    async with connected(here.explicit) as wire:
        claimed = CONNECT.replace(b"\r\n\r\n", b"\r\nProxy-Authorization: Basic cnVuOnRva2Vu\r\n\r\n")
        await say(wire, claimed, GET)
        await wire[0].readuntil(b"\r\n\r\n")
        await hear(wire)
    assert here.gate.requests[0].claim == RunClaim("run", "token")


async def test_a_tunnel_without_sni_gets_a_certificate_for_its_own_name(here: Stage) -> None:
    async with tunnelled(here, "127.0.0.1:443", "127.0.0.1") as wire:
        await say(wire, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert (await hear(wire))[0] == 200
    assert here.gate.requests[0].names == (("connect", "127.0.0.1:443"), ("host", "127.0.0.1"))


@pytest.mark.parametrize(
    ("inside", "what"),
    [
        pytest.param(b"SSH-2.0-OpenSSH\r\n", "SSH", id="ssh"),
        pytest.param(b"\x00\x00\x00\x01", "4 octets begin nothing known", id="binary"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2 alone", id="http2-in-the-clear"),
        pytest.param(b"\x16\x03\x01\x00\x04\x02\x00\x00\x00", "not recognised", id="server-hello"),
        pytest.param(b"\x16\x03\x01\x00\x04\x01", "6 octets begin nothing known", id="half-a-hello"),
        pytest.param(b"", "the client sent nothing", id="nothing"),
    ],
)
async def test_a_tunnel_of_anything_else_is_recorded_and_closed(hasty: Stage, inside: bytes, what: str) -> None:
    async with spoken(hasty.explicit, CONNECT + inside) as wire:
        assert await shut(wire) in (b"", b"HTTP/1.1 200 Connection established\r\n\r\n")
    [raw] = hasty.gate.raw
    assert what in raw.what
    assert (raw.names, raw.port) == ((("connect", "api.example.com:443"),), 443)


async def test_a_tunnel_to_where_a_server_nobody_here_is_speaks_first_is_refused_at_once(here: Stage) -> None:
    async with connected(here.explicit) as wire:
        await say(wire, b"CONNECT imap.example.com:143 HTTP/1.1\r\n\r\n")
        status, _, body = await hear(wire)
    assert status == 403
    assert b"the server speaks first" in body
    assert here.gate.raw[0].port == 143


@pytest.mark.parametrize("port", [25, 465, 587, 2525])
async def test_a_tunnel_to_a_mail_server_ends_at_ours(here: Stage, port: int) -> None:
    async with connected(here.explicit) as wire:
        head = f"CONNECT mx.example.com:{port} HTTP/1.1\r\nProxy-Authorization: Basic cnVuOnRva2Vu\r\n\r\n"
        await say(wire, head.encode())
        assert await hear_all(wire) == b"HTTP/1.1 200 Connection established\r\n\r\n"
    assert here.mail.handed == [(port == 465, port, RunClaim("run", "token"), f"mx.example.com:{port}")]
    assert here.gate.taken == [], "the mail server records what it is told"


@pytest.mark.parametrize(("port", "alpn"), [(993, []), (443, ["imap"])], ids=["by-its-port", "by-its-alpn"])
async def test_mail_read_under_tls_is_recorded_and_reset_at_once(here: Stage, port: int, alpn: list[str]) -> None:
    trusting = here.trusting
    if alpn:
        trusting.set_alpn_protocols(alpn)
    async with connected(here.explicit) as wire:
        await say(wire, f"CONNECT imap.example.com:{port} HTTP/1.1\r\n\r\n".encode())
        await wire[0].readuntil(b"\r\n\r\n")
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(wire[1].start_tls(trusting, server_hostname="imap.example.com"), 60)
    [raw] = here.gate.raw
    assert (raw.protocol, raw.port) == ("imaps", port)
    assert raw.names == (("connect", f"imap.example.com:{port}"), ("sni", "imap.example.com"))


async def test_a_client_that_waits_for_the_server_after_the_handshake_is_recorded_and_closed(tmp_path: Path) -> None:
    async with stage(tmp_path, limits=DoorLimits(silence_seconds=0.1)) as here:
        async with tunnelled(here, "mx.example.com:2465", "mx.example.com") as wire:
            assert await hear_all(wire) == b""
        [raw] = here.gate.raw
        assert "it may expect the server to speak first" in raw.what
        trusting = here.trusting
        trusting.set_alpn_protocols(["http/1.1"])
        async with connected(here.https, trusting, "api.example.com") as wire:
            with pytest.raises(TimeoutError):  # longer than a client without ALPN may be silent
                await asyncio.wait_for(wire[0].read(1), 0.3)
            await say(wire, GET)
            assert (await hear(wire))[0] == 200


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"CONNECT api.example.com HTTP/1.1\r\n\r\n", id="no-port"),
        pytest.param(b"CONNECT http://api.example.com/ HTTP/1.1\r\n\r\n", id="a-uri"),
        pytest.param(b"CONNECT api.example.com:99999 HTTP/1.1\r\n\r\n", id="no-such-port"),
        pytest.param(b"CONNECT a.example:443 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", id="with-a-body"),
        pytest.param(b"CONNECT a.example:443 HTTP/1.1\r\nX : y\r\n\r\n", id="malformed"),
        pytest.param(b"\x05\x01\x00", id="socks"),
        pytest.param(b"\x16\x03\x01\x00\x04\x02\x00\x00\x00", id="tls-to-the-proxy"),
    ],
)
async def test_what_is_no_tunnel_is_refused_and_recorded(here: Stage, head: bytes) -> None:
    async with connected(here.explicit) as wire:
        await say(wire, head)
        assert (await hear(wire))[0] == 400
    assert [raw.flags for raw in here.gate.raw] == [("malformed",)]


async def test_a_connection_on_which_nothing_comes_is_closed_and_no_attempt(hasty: Stage) -> None:
    async with connected(hasty.explicit) as wire:
        assert await hear_all(wire) == b""
    assert hasty.gate.taken == []


async def test_half_a_head_is_refused_in_time(tmp_path: Path) -> None:
    quick = Patience(head=0.3, hello=0.3)
    limits = DoorLimits(head_seconds=0.3)
    async with (
        stage(tmp_path, patience=quick, limits=limits) as here,
        spoken(here.explicit, b"GET http://a.example/ HT") as wire,
    ):
        assert (await hear(wire))[0] == 408


class Untouched:
    """Another engine, which keeps what it finds on the socket."""

    def __init__(self) -> None:
        self.found = b""
        self.connection: Connection | None = None

    async def serve(self, sock: socket.socket, connection: Connection) -> None:
        self.connection = connection
        loop = asyncio.get_running_loop()
        while len(self.found) < 6:
            self.found += await loop.sock_recv(sock, 100_000)
        sock.close()


async def test_what_may_leave_reaches_the_other_engine_untouched(tmp_path: Path) -> None:
    other = Untouched()
    request = b"GET http://out.example/ HTTP/1.1\r\nHost: out.example\r\n\r\n"
    async with (
        stage(tmp_path, may_leave=lambda host, port: (host, port) == ("out.example", 80), other=other) as here,
        connected(here.explicit) as wire,
    ):
        await say(wire, request)
        await hear_all(wire)
    assert other.found == request
    assert other.connection is not None
    assert (other.connection.tls, other.connection.names) == (False, ())


@pytest.mark.parametrize(
    ("leaves", "http2", "offered"),
    [
        pytest.param("api.example.com", "", ["http/1.1"], id="may-leave"),
        pytest.param("", "api.example.com", ["http/1.1"], id="pack-speaks-http2"),
        pytest.param("", "", ["h2"], id="offers-http2-alone"),
    ],
)
async def test_a_tunnel_reaches_the_other_engine_with_its_hello(
    tmp_path: Path, leaves: str, http2: str, offered: list[str]
) -> None:
    other = Untouched()
    async with (
        stage(
            tmp_path,
            other=other,
            may_leave=lambda host, port: host == leaves,
            speaks_http2=lambda host: host == http2,
        ) as here,
        connected(here.explicit) as wire,
    ):
        await say(wire, CONNECT)
        await wire[0].readuntil(b"\r\n\r\n")
        trusting = here.trusting
        trusting.set_alpn_protocols(offered)
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(wire[1].start_tls(trusting, server_hostname="api.example.com"), 60)
    assert other.found[:1] == b"\x16"
    assert other.connection is not None
    assert (other.connection.tls, other.connection.alpn) == (True, tuple(offered))
    assert other.connection.names == (("connect", "api.example.com:443"), ("sni", "api.example.com"))


async def test_a_client_of_http2_alone_is_recorded_where_nobody_speaks_it(here: Stage) -> None:
    trusting = here.trusting
    trusting.set_alpn_protocols(["h2"])
    with pytest.raises(ConnectionError):
        async with connected(here.https, trusting, "api.example.com"):
            pass
    await here.gate.asked(1)
    assert "HTTP/2 alone" in here.gate.raw[0].what
