"""What a connection that may speak anything begins with, told from as few bytes as it takes, and within its time."""

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.listener_opening import Patience
from proxy.peek import PeekEnded
from proxy.protocol import Protocol
from proxy.transparent_opening import UNDECIDED, Begun, first_bytes, read_begun

HTTP = Begun(http=True)


@pytest.mark.parametrize(
    ("seen", "begun"),
    [
        pytest.param(b"GET /", HTTP, id="http"),
        pytest.param(b"get / ", HTTP, id="http-in-small-letters"),
        pytest.param(b"OPTIONS * HTTP/1.1\r\n", HTTP, id="options"),
        pytest.param(b"GET http://api.example.com/ HTTP/1.1\r\n", HTTP, id="absolute"),
        pytest.param(b"M-SEARCH x HTTP/1.1\r\n", HTTP, id="any-method-with-a-version"),
        pytest.param(b"CONNECT a.example:443 HTTP/1.1\r\n", HTTP, id="connect"),
        pytest.param(b"GET", None, id="perhaps-http"),
        pytest.param(b"PRI * HTTP/2.0\r\n", Begun(http2=True), id="http2"),
        pytest.param(b"PRI", None, id="perhaps-http2"),
        pytest.param(b"\x16\x03\x01", None, id="perhaps-tls"),
        pytest.param(b"\x16\x02", Begun(), id="no-tls-after-all"),
        pytest.param(b"OPTIONS sip:a@b SIP/2.0\r\n", Begun(protocol=Protocol("sip")), id="sip-is-not-http"),
        pytest.param(b"EHLO x\r\n", Begun(protocol=Protocol("smtp")), id="smtp-is-not-http"),
        pytest.param(b"GET key\r\n", Begun(protocol=Protocol("redis")), id="redis-is-not-http"),
        pytest.param(b"get key\r\n", Begun(protocol=Protocol("memcached")), id="memcached-is-not-http"),
        pytest.param(b'CONNECT {"verbose":false}\r\n', Begun(protocol=Protocol("nats")), id="nats-is-not-http"),
        pytest.param(b"EHLO x", None, id="half-a-line"),
        pytest.param(b"hello there\n", None, id="nothing-known"),
    ],
)
def test_openings(seen: bytes, begun: Begun | None) -> None:
    assert read_begun(seen, 40_000) == begun


@given(st.binary(min_size=1, max_size=300), st.integers(1, 65_535))
def test_no_bytes_are_trouble(seen: bytes, port: int) -> None:
    begun = read_begun(seen, port)
    assert begun is None or sum((begun.hello is not None, begun.http, begun.http2, begun.protocol is not None)) <= 1


async def opened(*pieces: bytes, patience: Patience) -> tuple[Begun, bytes]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        for piece in pieces:
            theirs.send(piece)
        found = await asyncio.wait_for(first_bytes(ours, 40_000, patience), 60)
        assert ours.recv(65_536) == b"".join(pieces)  # none of them were taken
        return found


async def test_pieces_are_put_together() -> None:
    assert await opened(b"EH", b"LO x\r", b"\n", patience=Patience()) == (
        Begun(protocol=Protocol("smtp")),
        b"EHLO x\r\n",
    )


async def test_a_line_without_an_end_is_nothing_known() -> None:
    begun, seen = await opened(b"x" * (UNDECIDED + 10), patience=Patience())
    assert begun == Begun()
    assert len(seen) == UNDECIDED


@pytest.mark.parametrize(
    ("piece", "patience"),
    [
        pytest.param(b"", Patience(silence=0.05), id="silent"),
        pytest.param(b"\xde\xad", Patience(more=0.05), id="nonsense"),
        pytest.param(b"hello there\n", Patience(more=0.05), id="a-line-nobody-knows"),
        pytest.param(b"half a li", Patience(hello=0.05), id="half-a-line"),
        pytest.param(b"\x16\x03\x01\x40", Patience(hello=0.05), id="half-a-hello"),
    ],
)
async def test_every_wait_has_an_end(piece: bytes, patience: Patience) -> None:
    with pytest.raises(PeekEnded) as ended:
        await opened(piece, patience=patience)
    assert (ended.value.why, ended.value.seen) == ("silent", piece)


@pytest.mark.parametrize("port", [80, 443])
async def test_who_is_slow_to_begin_where_clients_begin_is_waited_for(port: int) -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        opening = asyncio.ensure_future(first_bytes(ours, port, Patience(silence=0.01, hello=60)))
        await asyncio.wait({opening}, timeout=0.2)
        theirs.send(b"GET / HTTP/1.1\r\n")
        assert (await opening)[0] == Begun(http=True)
