"""Conversations with the SOCKS entrance: who it takes a client for, what it grants, what it refuses and records."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from door_stage import Wire, connected, hear, say, shut
from transparent_stage import CLAIM, Redirected, redirected

from policies.http_request import RunClaim
from proxy.listener import Listener
from proxy.listener_opening import Opener, Patience
from proxy.socks import SocksEntrance

NAME = "api.example.com"
ASKED = f"GET /x HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode()
GREETED, GRANTED = b"\x05\x01\x00", b"\x05\x00\x00\x01" + bytes(6)


@contextlib.asynccontextmanager
async def entrance(folder: Path, seconds: float = 10.0) -> AsyncIterator[Redirected]:
    async with redirected(folder) as here:
        opener = Opener(here.door.chooser, here.gate, Patience())
        listener = Listener(SocksEntrance(here.entrance, opener, CLAIM, seconds=seconds))
        here.straight = await listener.start("127.0.0.1", 0)
        yield here
        await listener.stop()


@pytest.fixture(scope="module")
async def standing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Redirected]:
    async with entrance(tmp_path_factory.mktemp("socks")) as made:
        yield made


@pytest.fixture
def here(standing: Redirected) -> Redirected:
    return standing.fresh()


async def heard(wire: Wire, size: int) -> bytes:
    return await asyncio.wait_for(wire[0].readexactly(size), 60)


def asking(name: str, port: int, command: int = 1) -> bytes:
    return bytes((5, command, 0, 3, len(name))) + name.encode() + port.to_bytes(2)


async def through(wire: Wire, name: str, port: int) -> None:
    await say(wire, GREETED)
    assert await heard(wire, 2) == b"\x05\x00"
    await say(wire, asking(name, port))
    assert await heard(wire, 10) == GRANTED


async def test_http_by_name(here: Redirected) -> None:
    async with connected(here.straight) as wire:
        await through(wire, NAME, 80)
        await say(wire, ASKED)
        assert (await hear(wire))[0] == 200
    [request] = here.gate.requests
    assert request.names == (("socks", f"{NAME}:80"), ("host", NAME))
    assert request.claim == CLAIM


async def test_tls_by_name(here: Redirected) -> None:
    async with connected(here.straight) as wire:
        await through(wire, NAME, 443)
        await asyncio.wait_for(wire[1].start_tls(here.door.trusting, server_hostname=NAME), 60)
        await say(wire, ASKED)
        assert (await hear(wire))[0] == 200
    assert here.gate.requests[0].names == (("socks", f"{NAME}:443"), ("sni", NAME), ("host", NAME))


async def test_a_client_that_waits_for_no_answer_loses_nothing(here: Redirected) -> None:
    async with connected(here.straight) as wire:
        await say(wire, GREETED + asking(NAME, 80) + ASKED)
        assert await heard(wire, 12) == b"\x05\x00" + GRANTED
        assert (await hear(wire))[0] == 200


async def test_messages_may_trickle(here: Redirected) -> None:
    async with connected(here.straight) as wire:
        await say(wire, *(bytes([octet]) for octet in GREETED + asking(NAME, 80) + ASKED[:4]))
        assert await heard(wire, 12) == b"\x05\x00" + GRANTED
        await say(wire, ASKED[4:])
        assert (await hear(wire))[0] == 200


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        pytest.param(b"\x01\xcb\x00\x71\x09", "203.0.113.9", id="ipv4"),
        pytest.param(b"\x04\x20\x01\x0d\xb8" + bytes(11) + b"\x09", "[2001:db8::9]", id="ipv6"),
    ],
)
async def test_an_address_is_no_name(here: Redirected, address: bytes, shown: str) -> None:
    async with connected(here.straight) as wire:
        await say(wire, GREETED + b"\x05\x01\x00" + address + b"\x00\x50")
        assert await heard(wire, 12) == b"\x05\x00" + GRANTED
        await say(wire, ASKED)
        assert (await hear(wire))[0] == 200
    assert here.gate.requests[0].names == (("address", f"{shown}:80"), ("host", NAME))


async def test_an_address_of_a_name_is_that_name(here: Redirected) -> None:
    here.names["198.18.0.9"] = NAME
    async with connected(here.straight) as wire:
        await say(wire, GREETED + b"\x05\x01\x00\x01\xc6\x12\x00\x09\x00\x50")
        assert await heard(wire, 12) == b"\x05\x00" + GRANTED
        await say(wire, ASKED)
        assert (await hear(wire))[0] == 200
    assert here.gate.requests[0].names == (("dns", f"{NAME}:80"), ("host", NAME))


async def test_credentials_claim_a_run_before_the_entrance_does(here: Redirected) -> None:
    async with connected(here.straight) as wire:
        await say(wire, b"\x05\x03\x00\x01\x02")
        assert await heard(wire, 2) == b"\x05\x02"
        await say(wire, b"\x01\x04ci-7\x06secret")
        assert await heard(wire, 2) == b"\x01\x00"
        await say(wire, asking(NAME, 80))
        assert await heard(wire, 10) == GRANTED
        await say(wire, ASKED)
        assert (await hear(wire))[0] == 200
    assert here.gate.requests[0].claim == RunClaim("ci-7", "secret", otherwise=CLAIM)


@pytest.mark.parametrize(
    ("user", "claim"),
    [
        pytest.param(b"ci-7:secret", RunClaim("ci-7", "secret", otherwise=CLAIM), id="run-and-token"),
        pytest.param(b"alice", CLAIM, id="whoever-is-logged-in"),
        pytest.param(b"", CLAIM, id="nobody"),
    ],
)
async def test_version_4a_has_a_user_alone(here: Redirected, user: bytes, claim: RunClaim) -> None:
    async with connected(here.straight) as wire:
        await say(wire, b"\x04\x01\x00\x50\0\0\0\x01" + user + b"\0" + NAME.encode() + b"\0" + ASKED)
        assert await heard(wire, 8) == b"\x00\x5a" + bytes(6)
        assert (await hear(wire))[0] == 200
    [request] = here.gate.requests
    assert (request.names[0], request.claim) == (("socks", f"{NAME}:80"), claim)


@pytest.mark.parametrize("port", [25, 587, 465])
async def test_mail_is_served_at_once(here: Redirected, port: int) -> None:
    async with connected(here.straight) as wire:
        await through(wire, "mx.example.com", port)
        assert await asyncio.wait_for(wire[0].readline(), 60) == b"220 here\r\n"
    assert here.handed.mail == [(port == 465, port, CLAIM, f"mx.example.com:{port}")]


async def test_another_protocol_is_recorded_by_its_name_and_reset(here: Redirected) -> None:
    async with connected(here.straight) as wire:
        await through(wire, "git.example.com", 22)
        await say(wire, b"SSH-2.0-OpenSSH_9\r\n")
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(wire[0].read(1), 60)
    [raw] = here.gate.raw
    assert (raw.protocol, raw.names, raw.port) == ("ssh", (("socks", "git.example.com:22"),), 22)


@pytest.mark.parametrize(
    ("said", "answer", "what", "names"),
    [
        pytest.param(
            GREETED + asking(NAME, 53, 3),
            b"\x05\x00\x05\x07",
            "pass UDP packets on",
            (("socks", f"{NAME}:53"),),
            id="udp-associate",
        ),
        pytest.param(
            GREETED + asking("1.2.3.4", 80, 2), b"\x05\x00\x05\x07", "BIND", (("address", "1.2.3.4:80"),), id="bind"
        ),
        pytest.param(
            b"\x04\x02\x00\x50\x01\x02\x03\x04\0", b"\x00\x5b", "BIND", (("address", "1.2.3.4:80"),), id="bind-of-4"
        ),
        pytest.param(GREETED + asking("a b", 80), b"\x05\x00\x05\x01", "neither a name", (), id="no-name"),
        pytest.param(GREETED + b"\x05\x01\x00\x07\0", b"\x05\x00\x05\x08", "unknown type 7", (), id="address-type"),
        pytest.param(b"\x05\x01\x01", b"\x05\xff", "offers neither", (), id="gssapi-alone"),
        pytest.param(b"\x05\x01\x02\x09secret", b"\x05\x02\x01\x01", "unknown version", (), id="odd-credentials"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"", "no SOCKS", (), id="http"),
    ],
)
async def test_what_is_no_connection_is_refused_and_recorded(
    here: Redirected, said: bytes, answer: bytes, what: str, names: object
) -> None:
    async with connected(here.straight) as wire:
        await say(wire, said)
        assert (await shut(wire))[: len(answer) or 1] == answer
    [raw] = here.gate.raw
    assert what in raw.what
    assert (raw.names, raw.protocol, raw.claim) == (names, "socks", CLAIM)
    assert b"secret" not in (raw.opening.data or b"")


async def test_a_handshake_that_stops_is_recorded_and_one_that_never_began_is_not(here: Redirected) -> None:
    async with connected(here.straight):
        pass
    async with connected(here.straight) as wire:
        await say(wire, GREETED)
        await heard(wire, 2)
    await here.gate.asked(1)
    assert [raw.what for raw in here.gate.raw] == ["a SOCKS handshake that was not finished"]


async def test_a_handshake_has_an_end(tmp_path: Path) -> None:
    async with entrance(tmp_path, seconds=0.3) as here, connected(here.straight) as wire:
        await say(wire, GREETED + b"\x05")
        assert await shut(wire) == b"\x05\x00"
        assert here.gate.raw[0].what == "a SOCKS handshake that was not finished"
