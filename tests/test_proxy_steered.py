"""The steered entrances: SNI or Host says where a client meant to go, and without either nobody knows."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from door_stage import Stage, connected, hear, over_tls, say, shut, spoken, stage

from proxy.listener_opening import Patience


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as running:
        yield running


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[Stage]:
    """For clients whose silence is waited for; one that speaks may be later than that on a busy machine."""
    async with stage(tmp_path, patience=Patience(head=0.3, hello=0.3)) as running:
        yield running


async def test_host_decides_in_the_clear(here: Stage) -> None:
    async with connected(here.http) as wire:
        await say(wire, b"GET /x HTTP/1.1\r\nHost: api.example.com\r\n\r\n")
        assert (await hear(wire))[0] == 200
    [request] = here.gate.requests
    assert (request.scheme, request.port, request.names) == ("http", 80, (("host", "api.example.com"),))


async def test_sni_decides_over_tls(here: Stage) -> None:
    async with over_tls(here.https, here.trusting) as wire:
        await say(wire, b"GET /x HTTP/1.1\r\nHost: api.example.com\r\n\r\n")
        assert (await hear(wire))[0] == 200
    assert here.gate.requests[0].port == 443


async def test_tls_without_a_name_is_recorded_and_closed(here: Stage) -> None:
    nameless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    nameless.check_hostname = False
    nameless.verify_mode = ssl.CERT_NONE
    with pytest.raises(ConnectionError):
        async with connected(here.https, nameless, ""):
            pass
    await here.gate.asked(1)
    assert "no SNI" in here.gate.raw[0].what


@pytest.mark.parametrize(
    ("data", "what"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "HTTP in the clear on a TLS port", id="http"),
        pytest.param(b"\x00\x01", "neither TLS nor HTTP", id="binary"),
        pytest.param(b"", "the client sent nothing", id="silence"),
    ],
)
async def test_what_is_no_tls_is_recorded_and_closed(hasty: Stage, data: bytes, what: str) -> None:
    async with spoken(hasty.https, data) as wire:
        assert await shut(wire) == b""
    assert what in hasty.gate.raw[0].what
    assert hasty.gate.raw[0].port == 443


async def test_a_bare_connection_is_an_attempt(here: Stage) -> None:
    async with connected(here.http):
        pass
    await here.gate.asked(1)
    assert "closed before its first byte" in here.gate.raw[0].what


async def test_bytes_that_are_not_http_are_refused_in_the_clear(here: Stage) -> None:
    async with connected(here.http) as wire:
        await say(wire, b"\x00\x01\x02")
        assert (await hear(wire))[0] == 400
    assert here.gate.raw[0].flags == ("malformed",)
