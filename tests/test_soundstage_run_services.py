"""What `--service` may name, and the relay that carries it."""

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest
from running import PATIENCE

from soundstage.addresses import Addresses
from soundstage.run_plan import own_ports
from soundstage.run_services import read_services, relayed
from soundstage.trouble import ConfigError

OWN = {8080: "proxy", 8025: "dashboard"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param("8080", "Soundstage's own port (proxy)", id="own-proxy"),
        pytest.param("8025", "Soundstage's own port (dashboard)", id="own-dashboard"),
        pytest.param("0", "ports are 1 to 65535", id="zero"),
        pytest.param("65536", "ports are 1 to 65535", id="too-high"),
        pytest.param("/nowhere/at/all", "cannot be reached", id="no-such-path"),
        pytest.param("/etc", "neither a port nor a unix socket", id="a-folder"),
    ],
)
def test_refused(given: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read_services([given], OWN, tmp_path)
    assert says in str(refused.value)
    assert given in str(refused.value)


def test_soundstages_own_sockets_are_refused_by_any_path(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(data / "control.sock"))
        (tmp_path / "link").symlink_to(data / "control.sock")
        with pytest.raises(ConfigError, match="own data directory"):
            read_services([str(tmp_path / "link")], {}, data)


def test_ports_and_sockets_are_taken_once(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "db.sock"))
        services = read_services(["5432", str(tmp_path / "db.sock"), "5432"], OWN, tmp_path / "data")
    assert services.told() == ("5432", str(tmp_path / "db.sock"))


def test_own_ports_are_all_that_is_listened_on() -> None:
    known = {"proxy": "127.0.0.1:1", "https": "127.0.0.1:2", "http": "127.0.0.1:3", "dns": "[::1]:4"}
    bound = Addresses(**known, smtp="0.0.0.0:5", smtps="0.0.0.0:6", dashboard="http://127.0.0.1:7", ca="/ca.pem")
    assert set(own_ports(bound)) == {1, 2, 3, 4, 5, 6, 7}


def listening() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.bind(("127.0.0.1", 0))
    made.listen()
    return made


async def test_relay_passes_octets_and_ends_both_ways() -> None:
    async def shouting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read()).upper())
        writer.close()

    server = await asyncio.start_server(shouting, "127.0.0.1", 0)
    inside = listening()
    place = inside.getsockname()
    async with server, relayed([(inside, server.sockets[0].getsockname()[:2])]):
        reader, writer = await asyncio.open_connection(*place)
        writer.write(b"select 1" * 10_000)
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b"SELECT 1" * 10_000
        writer.close()


async def test_relay_to_nobody_closes() -> None:
    with contextlib.closing(listening()) as gone:
        nobody = gone.getsockname()
    inside = listening()
    place = inside.getsockname()
    async with relayed([(inside, nobody)]):
        reader, writer = await asyncio.open_connection(*place)
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
        writer.close()
