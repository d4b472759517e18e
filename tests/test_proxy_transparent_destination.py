"""Where a redirected connection was meant to go, as a real kernel's connection tracking tells it."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator

import pytest
from redirecting_namespace import PORT, RedirectingNamespace, redirecting

from proxy.accept import AcceptLoop, Peer
from proxy.transparent_destination import Place, original_destination, own_place, plain_address, reset_at_close, shown

__all__ = ["redirecting"]


class Told:
    """An entrance that keeps what the kernel told of each connection, and resets it."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[Place | None, Place]] = asyncio.Queue()

    async def __call__(self, sock: socket.socket, peer: Peer) -> None:
        self.heard.put_nowait((original_destination(sock), own_place(sock)))
        reset_at_close(sock)


@pytest.fixture
async def told(redirecting: RedirectingNamespace) -> AsyncIterator[Told]:
    made = Told()
    listening = redirecting.listening("::")  # IPv4 comes here too, as ::ffff:127.0.0.1
    loop = AcceptLoop(listening, made)
    yield made
    await loop.stop()


@pytest.mark.parametrize(
    ("meant", "family"),
    [
        pytest.param(("1.1.1.1", 443), socket.AF_INET, id="ipv4"),
        pytest.param(("198.18.3.4", 5432), socket.AF_INET, id="an-address-of-a-name"),
        pytest.param(("169.254.169.254", 80), socket.AF_INET, id="metadata"),
        pytest.param(("2606:4700:4700::1111", 853), socket.AF_INET6, id="ipv6"),
        pytest.param(("::ffff:9.9.9.9", 53), socket.AF_INET6, id="ipv4-within-ipv6"),
    ],
)
async def test_the_kernel_knows_where_a_connection_was_meant_to_go(
    told: Told, redirecting: RedirectingNamespace, meant: Place, family: int
) -> None:
    client = redirecting.client(family)
    await asyncio.wait_for(asyncio.get_running_loop().sock_connect(client, meant), 60)
    destination, own = await asyncio.wait_for(told.heard.get(), 60)
    assert destination == (plain_address(meant[0]), meant[1])
    assert own[1] == PORT
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(asyncio.get_running_loop().sock_recv(client, 1), 60)
    client.close()


@pytest.mark.parametrize(
    ("host", "family"),
    [pytest.param("127.0.0.1", socket.AF_INET, id="ipv4"), pytest.param("::1", socket.AF_INET6, id="ipv6")],
)
async def test_a_connection_that_was_not_redirected_has_our_own_place(
    told: Told, redirecting: RedirectingNamespace, host: str, family: int
) -> None:
    client = redirecting.client(family)
    await asyncio.wait_for(asyncio.get_running_loop().sock_connect(client, (host, PORT)), 60)
    destination, own = await asyncio.wait_for(told.heard.get(), 60)
    assert own == (host, PORT)
    assert destination in (None, own)
    client.close()


def test_an_untracked_socket_has_no_destination() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert original_destination(ours) is None
        assert own_place(ours) == ("", 0)
        reset_at_close(ours)
        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == struct.pack("ii", 1, 0)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        pytest.param("::ffff:1.2.3.4", "1.2.3.4", id="mapped"),
        pytest.param("fe80::1%eth0", "fe80::1", id="zone"),
        pytest.param("2001:DB8:0::1", "2001:db8::1", id="as-usually-spelt"),
        pytest.param("api.example.com", "api.example.com", id="a-name-stays"),
    ],
)
def test_addresses_are_spelt_one_way(text: str, plain: str) -> None:
    assert plain_address(text) == plain


def test_places_are_shown_with_brackets_where_they_need_them() -> None:
    assert shown("2001:db8::1", 443) == "[2001:db8::1]:443"
    assert shown("api.example.com", 25) == "api.example.com:25"
