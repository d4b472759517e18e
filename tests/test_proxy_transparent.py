"""Conversations with the transparent entrance: whatever arrives is served by where it was meant to go, or recorded."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from door_stage import connected, hear, say, shut, spoken
from transparent_stage import CLAIM, SHORT, Redirected, redirected

from policies.http_request import NameSource
from proxy.listener_opening import Patience
from proxy.transparent_destination import Place

NAME = "api.example.com"
ASKED = f"GET /x HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode()


@pytest.fixture(scope="module")
async def standing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Redirected]:
    async with redirected(tmp_path_factory.mktemp("redirected")) as made:
        yield made


@pytest.fixture
def here(standing: Redirected) -> Redirected:
    return standing.fresh()


@pytest.fixture(scope="module")
async def standing_hasty(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Redirected]:
    async with redirected(tmp_path_factory.mktemp("hasty"), patience=SHORT) as made:
        yield made


@pytest.fixture
def hasty(standing_hasty: Redirected) -> Redirected:
    """Waits for no client's first words as long as one needs on a busy machine."""
    return standing_hasty.fresh()


def trusting(here: Redirected, *alpn: str) -> ssl.SSLContext:
    context = here.door.trusting
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


async def test_tls_is_served_for_the_name_in_sni_and_keeps_the_address(here: Redirected) -> None:
    async with connected(here.address, trusting(here), NAME) as wire:
        await say(wire, ASKED)
        assert (await hear(wire))[0] == 200
    [request] = here.gate.requests
    assert request.names == (("address", "1.1.1.1:443"), ("sni", NAME), ("host", NAME))
    assert (request.port, request.claim) == (443, CLAIM)


async def test_tls_goes_to_any_port(here: Redirected) -> None:
    here.meant = ("1.1.1.1", 8447)
    async with connected(here.address, trusting(here), NAME) as wire:
        await say(wire, ASKED)
        assert (await hear(wire))[0] == 200
    assert here.gate.requests[0].port == 8447


@pytest.mark.parametrize(
    ("address", "host"),
    [pytest.param("1.1.1.1", "1.1.1.1", id="ipv4"), pytest.param("2001:db8::1", "[2001:db8::1]", id="ipv6")],
)
async def test_tls_to_a_bare_address_is_served_for_that_address(here: Redirected, address: str, host: str) -> None:
    here.meant = (address, 443)
    async with connected(here.address, trusting(here), address) as wire:  # RFC 6066: no SNI for an address
        await say(wire, f"GET /dns-query?dns=AAAB HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert (await hear(wire))[0] == 200
    assert here.gate.requests[0].names == (("address", f"{host}:443"), ("host", host))


async def test_an_address_of_a_name_is_that_name(here: Redirected) -> None:
    here.names["198.18.0.9"] = NAME
    here.meant = ("198.18.0.9", 443)
    nameless = trusting(here)
    nameless.check_hostname = False
    async with connected(here.address, nameless, "") as wire:
        await say(wire, ASKED)
        assert (await hear(wire))[0] == 200
        certificate = wire[1].get_extra_info("ssl_object").getpeercert()
    assert here.gate.requests[0].names == (("dns", f"{NAME}:443"), ("host", NAME))
    assert ("DNS", NAME) in certificate["subjectAltName"]


@pytest.mark.parametrize(
    ("meant", "source", "name"),
    [
        pytest.param(("db.example.com", 80), "socks", ("socks", "db.example.com:80"), id="socks-by-name"),
        pytest.param(("2001:db8::7", 80), "address", ("address", "[2001:db8::7]:80"), id="ipv6"),
        pytest.param(("198.18.0.9", 80), "socks", ("dns", f"{NAME}:80"), id="socks-to-an-address-of-a-name"),
    ],
)
async def test_http_in_the_clear(here: Redirected, meant: Place, source: NameSource, name: tuple[str, str]) -> None:
    here.names["198.18.0.9"] = NAME
    here.meant, here.source = meant, source
    async with connected(here.address) as wire:
        await say(wire, b"GET ", ASKED[4:])
        assert (await hear(wire))[0] == 200
    [request] = here.gate.requests
    assert request.names == (name, ("host", NAME))
    assert request.scheme == "http"


async def test_a_malformed_request_is_refused_by_the_door(here: Redirected) -> None:
    async with connected(here.address) as wire:
        await say(wire, b"GET / HTTP/1.1\r\nHost : x\r\n\r\n")
        assert (await hear(wire))[0] == 400
    assert here.gate.raw[0].flags == ("malformed",)


@pytest.mark.parametrize("port", [25, 587, 2525, 465])
async def test_mail_is_served_at_once(here: Redirected, port: int) -> None:
    here.names["198.18.0.9"] = "mx.example.com"
    here.meant = ("198.18.0.9", port)
    async with connected(here.address) as wire:
        assert await asyncio.wait_for(wire[0].readline(), 60) == b"220 here\r\n"
    assert here.handed.mail == [(port == 465, port, CLAIM, f"mx.example.com:{port}")]


QUESTION = bytes.fromhex("001d1a2b01000001000000000000076578616d706c6503636f6d0000010001")


async def test_dns_over_tcp_is_answered_wherever_it_was_meant_to_go(here: Redirected) -> None:
    here.meant = ("8.8.8.8", 53)
    async with connected(here.address) as wire:
        await say(wire, QUESTION)
        assert await shut(wire) == b"answer"
    assert here.handed.questions == ["8.8.8.8:53"]


async def test_dns_over_tcp_is_only_recorded_where_nobody_answers_it(tmp_path: Path) -> None:
    async with redirected(tmp_path, with_questions=False) as here:
        here.meant = ("8.8.8.8", 53)
        async with connected(here.address) as wire:
            await say(wire, QUESTION)
            assert await shut(wire) == b""
    assert [raw.protocol for raw in here.gate.raw] == ["dns-tcp"]


@pytest.mark.parametrize(
    ("port", "said", "protocol", "flags"),
    [
        pytest.param(22, b"SSH-2.0-Go\r\n", "ssh", (), id="ssh"),
        pytest.param(4000, b"*1\r\n$4\r\nPING\r\n", "redis", (), id="redis-on-any-port"),
        pytest.param(5432, bytes.fromhex("0000000804d2162f"), "postgresql", (), id="postgresql"),
        pytest.param(1883, b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00", "mqtt", (), id="mqtt"),
        pytest.param(143, b"a1 LOGIN me secret\r\n", "imap", (), id="imap"),
        pytest.param(3306, b"", "mysql", ("guessed",), id="silent-where-the-server-speaks-first"),
        pytest.param(40_000, b"", "tcp", (), id="silent-on-a-port-of-nobody-s"),
        pytest.param(9092, b"\xde\xad\xbe\xef", "kafka", ("guessed",), id="nonsense-on-a-known-port"),
        pytest.param(40_000, b"hail, server", "tcp", (), id="words-nobody-knows"),
        pytest.param(53, b"\xde\xad", "dns-tcp", ("guessed",), id="no-dns-on-its-port"),
        pytest.param(40_000, b"\x16\x03\x01\x00\x05hello", "tcp", (), id="no-tls-after-all"),
    ],
)
async def test_what_nobody_here_speaks_is_recorded_and_reset(
    hasty: Redirected, port: int, said: bytes, protocol: str, flags: tuple[str, ...]
) -> None:
    hasty.meant = ("203.0.113.9", port)
    async with spoken(hasty.address, said) as wire:
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(wire[0].read(1), 60)
    [raw] = hasty.gate.raw
    assert (raw.protocol, raw.flags, raw.port, raw.claim) == (protocol, flags, port, CLAIM)
    assert raw.names == (("address", f"203.0.113.9:{port}"),)
    assert b"secret" not in (raw.opening.data or b"")


async def test_a_silent_client_is_told_from_one_that_only_connects(hasty: Redirected) -> None:
    hasty.meant = ("203.0.113.9", 5432)
    async with connected(hasty.address):
        pass
    await hasty.gate.asked(1)
    assert "closed before its first byte: PostgreSQL by its port, which is a guess" in hasty.gate.raw[0].what
    hasty.meant = ("203.0.113.9", 40_000)
    async with connected(hasty.address) as wire:
        assert await shut(wire) == b""
    assert hasty.gate.raw[1].what == "a connection on which the client sent nothing"


@pytest.mark.parametrize(
    ("port", "protocol", "flags"),
    [
        pytest.param(993, "imaps", ("guessed",), id="imaps"),
        pytest.param(853, "dot", ("encrypted_dns", "guessed"), id="dns-over-tls"),
    ],
)
async def test_tls_in_which_nobody_would_answer_is_not_begun(
    here: Redirected, port: int, protocol: str, flags: tuple[str, ...]
) -> None:
    here.meant = ("203.0.113.9", port)
    with pytest.raises(ConnectionResetError):
        async with connected(here.address, trusting(here), NAME):
            pass
    [raw] = here.gate.raw
    assert (raw.protocol, raw.flags) == (protocol, flags)
    assert raw.names == (("address", f"203.0.113.9:{port}"), ("sni", NAME))


async def test_tls_that_carries_no_http_is_refused_and_recorded(here: Redirected) -> None:
    here.meant = ("203.0.113.9", 5671)
    async with connected(here.address, trusting(here), NAME) as wire:
        await say(wire, b"AMQP\x00\x00\x09\x01")
        assert (await hear(wire))[0] == 400
    [raw] = here.gate.raw
    assert raw.names == (("address", "203.0.113.9:5671"), ("sni", NAME))
    assert raw.what == "the bytes are not HTTP but AMQP (RabbitMQ, Qpid)"


async def test_what_was_not_redirected_is_recorded_and_reset(here: Redirected) -> None:
    async with connected(here.straight) as wire:
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(wire[0].read(1), 60)
    [raw] = here.gate.raw
    assert raw.flags == ("not_redirected",)
    assert raw.port == here.straight[1]


async def test_an_opening_that_trickles_has_an_end(tmp_path: Path) -> None:
    patience = Patience(silence=5.0, hello=0.3)
    async with redirected(tmp_path, patience=patience) as here, connected(here.address) as wire:
        await say(wire, b"\x16", b"\x03", b"\x01", b"\x40")
        assert await shut(wire) == b""
    assert "whose first 4 octets begin nothing known" in here.gate.raw[0].what


async def test_what_the_gateway_dialled_itself_does_not_come_back_in(here: Redirected) -> None:
    with socket.socket() as mine:
        mine.setblocking(False)
        mine.bind(("127.0.0.1", 0))
        here.own_ends.add(mine.getsockname())
        loop = asyncio.get_running_loop()
        await asyncio.wait_for(loop.sock_connect(mine, here.address), 60)
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(loop.sock_recv(mine, 1), 60)
    [raw] = here.gate.raw
    assert (raw.flags, raw.names) == (("loop",), (("address", "1.1.1.1:443"),))
    assert "redirected back to it" in raw.what
