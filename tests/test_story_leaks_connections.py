"""Ways round that are connections rather than requests: tunnels, handshakes, names that move, hooks that fail.

The same stand-in, ways in and engines as in `test_story_leaks`, which lists what of safety.md is shown where.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from leak_house import (
    ADDRESS,
    ENGINES,
    OPEN,
    SHUT,
    WAYS,
    Engine,
    LeakHouse,
    Way,
    head,
    leak_house,
    opted_in,
    stayed,
)
from leak_octets import NOT_HTTP, PREFACE, encrypted_hello, hello, hello_with

from proxy.mitm_flow import Fault

TLS_WAYS: tuple[Way, ...] = ("explicit-https", "steered-https")
NAMES = {"mitm": OPEN, "door": SHUT}


@pytest_asyncio.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LeakHouse]:
    async with leak_house(tmp_path_factory.mktemp("leaks")) as house:
        yield house


@pytest_asyncio.fixture(autouse=True)
async def nothing_arrives(house: LeakHouse) -> AsyncIterator[None]:
    """Whatever a test here does, the stand-in is not reached."""
    house.usual_policy()
    before = len(house.stand_in.arrivals)
    yield
    assert await house.reached() == before


def rows(ways: tuple[Way, ...] = WAYS) -> pytest.MarkDecorator:
    pairs = [pytest.param(way, engine, id=f"{way}-{engine}") for way in ways for engine in ENGINES]
    return pytest.mark.parametrize(("way", "engine"), pairs)


async def tunnel(house: LeakHouse, engine: Engine, port: int) -> tuple[bytes, bool]:
    """What a CONNECT to a port is answered with, and whether all that came of it stayed."""
    async with house.visit("explicit-https", engine) as visit:
        reader, writer = await visit.connect()
        writer.write(f"CONNECT {NAMES[engine]}:{port} HTTP/1.1\r\nHost: {NAMES[engine]}:{port}\r\n\r\n".encode())
        told = await head(reader)
        writer.close()
        return told, all(map(stayed, await visit.captures()))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("port", [22, 25, 53, 853, 3306, 5432, 8125])
async def test_a_tunnel_to_a_port_nobody_named_ends_here(house: LeakHouse, engine: Engine, port: int) -> None:
    assert (await tunnel(house, engine, port))[1]


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_tunnel_on_which_nothing_is_said_dials_nothing(house: LeakHouse, engine: Engine) -> None:
    assert await tunnel(house, engine, house.secure.port) == (b"HTTP/1.1 200 Connection established\r\n\r\n", True)


@rows(TLS_WAYS)
async def test_a_handshake_after_which_nothing_is_said_dials_nothing(
    house: LeakHouse, way: Way, engine: Engine
) -> None:
    async with house.visit(way, engine) as visit:
        streams = await visit.begin(f"{NAMES[engine]}:{house.secure.port}", NAMES[engine])
        assert streams is not None
        streams[1].close()
        assert all(map(stayed, await visit.captures()))


@rows(TLS_WAYS)
async def test_a_client_that_pins_certificates_is_recorded_as_unreadable(
    house: LeakHouse, way: Way, engine: Engine
) -> None:
    name = NAMES[engine]
    async with house.visit(way, engine) as visit:
        reader, writer = await visit.connect()
        if way == "explicit-https":
            writer.write(f"CONNECT {name}:{house.secure.port} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
            await head(reader)
        with pytest.raises(ssl.SSLCertVerificationError):
            await writer.start_tls(ssl.create_default_context(), server_hostname=name)
        (capture,) = await visit.captures()
    assert stayed(capture)
    assert "unreadable" in capture.flags


@pytest.mark.parametrize("octets", [pytest.param(octets, id=name) for name, octets in NOT_HTTP.items()])
@rows(("explicit-https", "steered-http", "steered-https"))
async def test_bytes_that_are_no_http_reach_nobody(house: LeakHouse, way: Way, engine: Engine, octets: bytes) -> None:
    async with house.visit(way, engine) as visit:
        streams = await visit.begin(f"{NAMES[engine]}:{house.secure.port}", NAMES[engine])
        assert streams is not None
        writer = streams[1]
        writer.write(octets)
        await writer.drain()
        writer.close()
        assert all(map(stayed, await visit.captures()))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("octets", [pytest.param(octets, id=name) for name, octets in NOT_HTTP.items()])
async def test_bytes_in_a_tunnel_that_are_no_tls_reach_nobody(house: LeakHouse, engine: Engine, octets: bytes) -> None:
    async with house.visit("explicit-https", engine) as visit:
        reader, writer = await visit.connect()
        writer.write(f"CONNECT {NAMES[engine]}:443 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await head(reader)
        writer.write(octets)
        writer.write_eof()
        await head(reader)
        assert all(map(stayed, await visit.captures()))


HELLOS = {
    "cut-into-many-records": lambda name: hello(name, cut=40),
    "cut-within-its-head": lambda name: hello(name, cut=2),
    "very-long": lambda name: hello(name, protocols=100),
    "longer-than-is-read": lambda name: hello(name, protocols=290),
    "encrypted-inside": lambda name: hello_with(name, encrypted_hello()),
    "with-two-names": lambda name: hello_with(name, twice=True),
    "with-a-nul-in-its-name": lambda name: hello_with(f"{name}\0.other.test"),
    "without-a-name": lambda name: hello_with(""),
    "with-a-number-for-a-name": lambda name: hello_with(ADDRESS),
}


@pytest.mark.parametrize("kind", HELLOS)
@rows(TLS_WAYS)
async def test_an_odd_hello_reaches_nobody(house: LeakHouse, way: Way, engine: Engine, kind: str) -> None:
    name = NAMES[engine]
    async with house.visit(way, engine) as visit:
        reader, writer = await visit.connect()
        if way == "explicit-https":
            writer.write(f"CONNECT {name}:{house.secure.port} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
            await head(reader)
        with contextlib.suppress(ConnectionError):
            writer.write(HELLOS[kind](name))
            writer.write_eof()
            await head(reader)
        assert all(map(stayed, await visit.captures()))


def get(name: str, port: int, way: Way, *fields: str, path: str = "/allowed/x") -> bytes:
    target = f"http://{name}:{port}{path}" if way == "explicit-http" else path
    return "\r\n".join((f"GET {target} HTTP/1.1", f"Host: {name}:{port}", *fields, "", "")).encode()


@pytest.mark.parametrize("way", WAYS)
async def test_a_hook_that_raises_lets_nothing_out(house: LeakHouse, way: Way) -> None:
    """Of the engine that has hooks. It cannot be recorded by a hook that failed: the refusal is all there is."""
    house.doors.engine.fault.arm(f"fails-{way}")
    async with house.visit(way, "mitm") as visit:
        streams = await visit.begin(f"{OPEN}:{house.port(way)}", OPEN)
        assert streams is not None
        streams[1].write(get(OPEN, house.port(way), way, f"{Fault.HEADER}: fails-{way}"))
        assert (await head(streams[0])).startswith(b"HTTP/1.1 503")


MOVED = {
    "to-a-private-address": ("10.0.0.1",),
    "to-metadata-and-the-right-one": (ADDRESS, "169.254.169.254"),
    "to-link-local": ("fe80::1",),
    "to-a-mapped-private-one": ("::ffff:10.0.0.1",),
    "to-nat64-of-loopback": ("64:ff9b::7f00:201",),
    "to-6to4-of-loopback": ("2002:7f00:201::1",),
    "to-unspecified": ("0.0.0.0",),
    "to-multicast": ("224.0.0.1",),
    "to-what-is-no-address": ("127.1",),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("answers", [pytest.param(answers, id=name) for name, answers in MOVED.items()])
async def test_a_name_that_was_rebound_is_not_dialled(house: LeakHouse, way: Way, answers: tuple[str, ...]) -> None:
    """Judged at its one resolution, however right the next answer would be. The door resolves nothing."""
    house.stand_in.names.set(OPEN, answers, (ADDRESS,))
    asked = len(house.stand_in.names.asked)
    async with house.visit(way, "mitm") as visit:
        streams = await visit.begin(f"{OPEN}:{house.port(way)}", OPEN)
        assert streams is not None
        streams[1].write(get(OPEN, house.port(way), way))
        assert (await head(streams[0]))[9:12] in (b"403", b"502")
        assert all(map(stayed, await visit.captures()))
    assert house.stand_in.names.asked[asked:] == [OPEN]
    house.stand_in.names.set(OPEN, (ADDRESS,))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", [ADDRESS, OPEN, SHUT, "localhost", "127.0.2.1."])
async def test_soundstages_own_sockets_are_never_reached_through_it(
    house: LeakHouse, engine: Engine, name: str
) -> None:
    """A server of the stand-in plays the dashboard. Every name of it is opted in, which no policy file could say."""
    own = await house.stand_in.http(address=ADDRESS)
    house.policy("".join(opted_in(to, (own.port,), more="") for to in (ADDRESS, OPEN)))
    house.judging.own_sockets.append((own.address, own.port))
    try:
        async with house.visit("explicit-http", engine) as visit:
            reader, writer = await visit.connect()
            writer.write(get(name, own.port, "explicit-http", path="/api/captures"))
            assert (await head(reader))[9:12] == b"403"
            assert all(map(stayed, await visit.captures()))
    finally:
        house.judging.own_sockets.remove((own.address, own.port))


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_request_pipelined_behind_another_is_judged_by_itself(house: LeakHouse, engine: Engine) -> None:
    port = house.plain.port
    octets = get(SHUT, port, "explicit-http") + get(OPEN, port, "explicit-http", path="/elsewhere")
    async with house.visit("explicit-http", engine) as visit:
        reader, writer = await visit.connect()
        writer.write(octets)
        await head(reader)
        assert all(map(stayed, await visit.captures(2)))


async def test_a_connect_on_a_kept_connection_opens_no_tunnel(house: LeakHouse) -> None:
    port = house.plain.port
    async with house.visit("explicit-http", "mitm") as visit:
        reader, writer = await visit.connect()
        writer.write(get(SHUT, port, "explicit-http") + f"CONNECT {OPEN}:{port} HTTP/1.1\r\n\r\nraw".encode())
        await head(reader)
        assert all(map(stayed, await visit.captures(2)))


async def test_a_client_that_goes_away_in_the_middle_of_its_upload_sends_nothing(house: LeakHouse) -> None:
    """Nothing is dialled before the whole request is here."""
    for way in WAYS:
        async with house.visit(way, "mitm") as visit:
            streams = await visit.begin(f"{OPEN}:{house.port(way)}", OPEN)
            assert streams is not None
            octets = get(OPEN, house.port(way), way, "Content-Length: 1000").replace(b"GET", b"POST", 1)
            streams[1].write(octets + b"only a part of it")
            await streams[1].drain()
            await asyncio.sleep(0)
            streams[1].close()
            (capture,) = await visit.captures()
        assert stayed(capture)


async def test_the_preface_alone_is_recorded(house: LeakHouse) -> None:
    async with house.visit("explicit-https", "mitm") as visit:
        streams = await visit.begin(f"{OPEN}:{house.secure.port}", OPEN)
        assert streams is not None
        streams[1].write(PREFACE[:24])
        await streams[1].drain()
        streams[1].close()
        assert all(map(stayed, await visit.captures()))
