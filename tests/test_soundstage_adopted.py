"""Adoption without a run around it: what may be passed, and for how long it is served."""

import asyncio
import contextlib
import json
import os
import resource
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from running import PATIENCE

from policies.http_request import RunClaim
from proxy.accept import Peer
from soundstage.adopted import AdoptedEntrances, adopted
from soundstage.adoption import Adoption
from soundstage.adoption_socket import AdoptionServer, Sockets

CLAIM = RunClaim("run-1", "token")


async def greets(sock: socket.socket, peer: Peer) -> None:
    await asyncio.get_running_loop().sock_sendall(sock, b"served")


class Silent:
    """Stands in for a DNS responder."""

    def __init__(self) -> None:
        self.started = 0

    async def start_on(self, stream: socket.socket, datagram: socket.socket) -> None:
        self.started += 1

    async def stop(self) -> None:
        self.started -= 1


def entrances() -> AdoptedEntrances:
    by_name = dict.fromkeys(("redirected", "proxy", "smtp", "smtps"), greets)
    return AdoptedEntrances(by_name, {"4": Silent(), "6": Silent()})


def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def datagrams() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


@pytest.mark.parametrize(
    ("name", "make", "says"),
    [
        pytest.param("web", listening, "'web' is served by nothing", id="unknown-name"),
        pytest.param("tcp4", datagrams, "is no TCP socket", id="udp-for-tcp"),
        pytest.param("dns-udp4", listening, "is no UDP socket", id="tcp-for-udp"),
        pytest.param("tcp4", socket.socket, "does not listen", id="not-listening"),
        pytest.param("tcp4", lambda: socket.socket(socket.AF_UNIX), "is no TCP socket", id="unix"),
        pytest.param("dns-tcp4", listening, "DNS needs both", id="half-of-dns"),
    ],
)
async def test_refused(name: str, make: object, says: str) -> None:
    assert callable(make)
    with make() as sock, pytest.raises(ValueError, match=says):
        async with adopted({name: sock}, entrances()):
            pytest.fail("it was served")


@contextlib.asynccontextmanager
async def serving(data_dir: Path, claims: list[RunClaim | None]) -> AsyncIterator[AdoptionServer]:
    @contextlib.asynccontextmanager
    async def adopt(claim: RunClaim | None, sockets: Sockets) -> AsyncIterator[None]:
        if claim != CLAIM:
            raise ValueError("nobody's run")
        async with adopted(sockets, entrances()):
            claims.append(claim)
            yield

    server = AdoptionServer(adopt)
    await server.start(data_dir)
    try:
        yield server
    finally:
        await server.stop()


async def said(place: tuple[str, int]) -> bytes:
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection(*place)
        heard = await reader.read()
        writer.close()
        return heard


async def test_served_for_as_long_as_the_connection_stays(tmp_path: Path) -> None:
    claims: list[RunClaim | None] = []
    sock = listening()
    place = sock.getsockname()
    async with serving(tmp_path, claims):
        async with Adoption(tmp_path, CLAIM, {"tcp4": sock.fileno()}).kept():
            assert await said(place) == b"served"
        sock.close()
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await said(place)
                except ConnectionError:
                    break
    assert claims == [CLAIM]


async def test_taken_over_again_by_the_next_gateway(tmp_path: Path) -> None:
    """What connects meanwhile waits in the socket, which the launcher keeps."""
    claims: list[RunClaim | None] = []
    with listening() as sock:
        first = serving(tmp_path, claims)
        await first.__aenter__()
        async with Adoption(tmp_path, CLAIM, {"tcp4": sock.fileno()}).kept():
            await first.__aexit__(None, None, None)
            waiting = asyncio.ensure_future(said(sock.getsockname()))
            async with serving(tmp_path, claims):
                assert await waiting == b"served"
    assert claims == [CLAIM, CLAIM]


async def test_a_refusal_is_told(tmp_path: Path) -> None:
    with listening() as sock:
        async with serving(tmp_path, []):
            with pytest.raises(ValueError, match="nobody's run"):
                async with Adoption(tmp_path, RunClaim("other", "x"), {"tcp4": sock.fileno()}).kept():
                    pytest.fail("it was adopted")


async def test_without_a_gateway_nothing_is_adopted(tmp_path: Path) -> None:
    with listening() as sock, pytest.raises(OSError, match="No such file"):
        async with Adoption(tmp_path, CLAIM, {"tcp4": sock.fileno()}).kept():
            pytest.fail("it was adopted")


async def test_a_deep_folder_is_reached(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    claims: list[RunClaim | None] = []
    with listening() as sock:
        async with serving(deep, claims), Adoption(deep, CLAIM, {"tcp4": sock.fileno()}).kept():
            assert await said(sock.getsockname()) == b"served"


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    ("octets", "names"),
    [
        pytest.param(None, ["tcp4", "tcp6", "smtp"], id="a-pipe-among-sockets"),
        pytest.param(b"{", [], id="no-json"),
        pytest.param(b"7", [], id="no-message"),
        pytest.param(b"[" * 60_000, [], id="too-deep"),
        pytest.param(b"{}", [], id="nothing-named"),
    ],
)
async def test_nothing_that_is_passed_wrongly_stays_open(
    tmp_path: Path, octets: bytes | None, names: list[str]
) -> None:
    """A gateway without descriptors serves nobody."""
    message = octets or json.dumps({"claim": {"run": "run-1", "token": "token"}, "sockets": names}).encode()
    reading, writing = os.pipe()
    with listening() as sock:
        async with serving(tmp_path, []):
            before = open_files()
            for _ in range(5):
                with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
                    asking.setblocking(False)
                    asking.connect(str(tmp_path / "adopt.sock"))
                    socket.send_fds(asking, [message], [reading, sock.fileno(), sock.fileno()])
                    async with asyncio.timeout(PATIENCE):
                        assert b"refused" in await asyncio.get_running_loop().sock_recv(asking, 65_536)
            async with asyncio.timeout(PATIENCE):
                while open_files() > before:  # noqa: ASYNC110 - the other side closes, and tells nobody
                    await asyncio.sleep(0.01)
    os.close(reading)
    os.close(writing)


async def test_a_moment_without_descriptors_does_not_end_adopting(tmp_path: Path) -> None:
    claims: list[RunClaim | None] = []
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with listening() as sock:
        async with serving(tmp_path, claims):
            async with Adoption(tmp_path, CLAIM, {"tcp4": sock.fileno()}).kept():
                with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
                    asking.setblocking(False)
                    resource.setrlimit(resource.RLIMIT_NOFILE, (asking.fileno(), limits[1]))
                    try:
                        asking.connect(str(tmp_path / "adopt.sock"))
                        for _ in range(20):
                            await asyncio.sleep(0)
                    finally:
                        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            async with Adoption(tmp_path, CLAIM, {"tcp4": sock.fileno()}).kept():
                assert await said(sock.getsockname()) == b"served"
