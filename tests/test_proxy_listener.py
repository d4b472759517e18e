"""Listeners: bound, told where, and closed."""

import asyncio
import socket

import pytest

from proxy.accept import Peer
from proxy.listener import Listener, PortInUse


async def echo_peer(sock: socket.socket, peer: Peer) -> None:
    await asyncio.get_running_loop().sock_sendall(sock, f"{peer.address} {peer.port}".encode())


async def test_a_listener_says_where_it_is_and_serves_there() -> None:
    listener = Listener(echo_peer)
    host, port = await listener.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(host, port)
    own = writer.get_extra_info("sockname")
    assert await reader.read() == f"127.0.0.1 {own[1]}".encode()
    writer.close()
    await writer.wait_closed()
    await listener.stop()
    await listener.stop()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(host, port)


async def test_a_port_in_use_is_said_with_its_address() -> None:
    first, second = Listener(echo_peer), Listener(echo_peer)
    _, port = await first.start("127.0.0.1", 0)
    with pytest.raises(PortInUse, match=rf"127\.0\.0\.1:{port} is in use by another program"):
        await second.start("127.0.0.1", port)
    await first.stop()


async def test_an_address_of_another_machine_is_said() -> None:
    with pytest.raises(PortInUse, match=r"192\.0\.2\.1:0 cannot be bound"):
        await Listener(echo_peer).start("192.0.2.1", 0)


async def test_a_loopback_address_of_version_6() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    listener = Listener(echo_peer)
    host, port = await listener.start("::1", 0)
    reader, writer = await asyncio.open_connection(host, port)
    assert (await reader.read()).startswith(b"::1 ")
    writer.close()
    await writer.wait_closed()
    await listener.stop()
