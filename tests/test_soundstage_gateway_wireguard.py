"""The WireGuard entrance in the gateway's rooms: when it is there, whose peers it serves, what it says of trouble."""

import socket
from collections.abc import AsyncIterator

import pytest
from leak_house import LeakHouse, leak_house

from soundstage.gateway_facts import GatewayFacts
from soundstage.gateway_wireguard import WireGuard, wireguard
from soundstage.settings import Settings
from soundstage.trouble import ConfigError
from soundstage.wireguard_peers import FILE, PeerBook


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LeakHouse]:
    async with leak_house(tmp_path_factory.mktemp("wireguard")) as made:
        yield made


@pytest.fixture
def book(house: LeakHouse) -> PeerBook:
    (house.folder / "data" / FILE).unlink(missing_ok=True)
    return PeerBook(house.folder / "data")


def settings(house: LeakHouse, port: int | None = 0) -> Settings:
    return Settings(data_dir=house.folder / "data", wireguard_port=port)


async def test_without_a_port_there_is_none(house: LeakHouse) -> None:
    async with wireguard(settings(house, None), house.ground, house.judging, house.doors) as tunnels:
        assert (tunnels.entrance, tunnels.missing(), tunnels.metrics()) == (None, [], {})
        with pytest.raises(ValueError, match="has no WireGuard entrance"):
            await tunnels.answers()["wireguard"]({})
    assert "wireguard" not in house.doors.bound
    assert WireGuard().missing() == []


async def test_the_file_s_peers_are_served_when_it_is_read_again(house: LeakHouse, book: PeerBook) -> None:
    async with wireguard(settings(house), house.ground, house.judging, house.doors) as tunnels:
        assert tunnels.entrance is not None
        ask = tunnels.answers()["wireguard"]
        host, port = house.doors.bound["wireguard"]
        assert (await ask({})) == {"peers": 0, "place": f"{host}:{port}"}
        first, _ = book.add("first")
        second, _ = book.add("second")
        assert (await ask({}))["peers"] == 2
        told = GatewayFacts(house.ground, house.judging, house.doors, tunnels=tunnels).metrics()
        assert told["soundstage_wireguard_peers"] == 2
        assert told["soundstage_wireguard_open_flows"] == told["soundstage_open_flows"] == 0
        assert told["soundstage_wireguard_dropped_packets"] == 0
        assert list(tunnels.entrance.peers) == [first.public_key, second.public_key]
        book.remove("first")
        assert (await ask({}))["peers"] == 1
        assert list(tunnels.entrance.peers) == [second.public_key]


async def test_a_broken_file_is_told_and_the_peers_before_it_stay(house: LeakHouse, book: PeerBook) -> None:
    peer, _ = book.add("vm")
    async with wireguard(settings(house), house.ground, house.judging, house.doors) as tunnels:
        assert tunnels.entrance is not None
        assert list(tunnels.entrance.peers) == [peer.public_key]
        (house.folder / "data" / FILE).write_text("{")
        with pytest.raises(ValueError, match="serves other peers than it should"):
            await tunnels.answers()["wireguard"]({})
        assert "cannot be read" in tunnels.missing()[0]
        assert list(tunnels.entrance.peers) == [peer.public_key]
        (house.folder / "data" / FILE).write_text("[]")
        await tunnels.reread()
        assert tunnels.missing() == []
        assert list(tunnels.entrance.peers) == []


async def test_a_broken_file_stops_the_start(house: LeakHouse, book: PeerBook) -> None:
    assert book.read() == ()
    (house.folder / "data" / FILE).write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        async with wireguard(settings(house), house.ground, house.judging, house.doors):
            pass


async def test_a_port_that_is_taken_stops_the_start(house: LeakHouse, book: PeerBook) -> None:
    assert book.read() == ()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        with pytest.raises(ConfigError, match="wireguard listener cannot start") as refused:
            async with wireguard(settings(house, other.getsockname()[1]), house.ground, house.judging, house.doors):
                pass
    assert "SOUNDSTAGE_WIREGUARD_PORT" in str(refused.value.hint)
