"""Binding: which families an address of the settings takes, and how a client's address is written."""

import contextlib
import socket

import pytest

from sinks.binding import bound_socket, written


def reached(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), 5):
        return True
    return False


@pytest.mark.parametrize(
    ("bind", "hosts"),
    [
        pytest.param("::", {"127.0.0.1", "::1"}, id="every-address-of-both"),
        pytest.param("0.0.0.0", {"127.0.0.1"}, id="every-address-of-ipv4"),
        pytest.param("127.0.0.1", {"127.0.0.1"}, id="one-of-ipv4"),
        pytest.param("::1", {"::1"}, id="one-of-ipv6"),
    ],
)
def test_who_is_taken(bind: str, hosts: set[str]) -> None:
    with bound_socket(bind, 0) as sock:
        sock.listen()
        port = sock.getsockname()[1]
        assert {one for one in ("127.0.0.1", "::1") if reached(one, port)} == hosts
        assert not sock.getblocking()


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["tcp", "udp"])
def test_both_families_are_taken_whatever_the_machine_prefers(kind: socket.SocketKind) -> None:
    with bound_socket("::", 0, kind) as sock:
        assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 0


def test_an_address_in_use_is_an_error() -> None:
    with bound_socket("127.0.0.1", 0) as sock:
        sock.listen()
        with pytest.raises(OSError, match="in use"):
            bound_socket("127.0.0.1", sock.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "shown"),
    [("::ffff:10.0.0.1", "10.0.0.1"), ("10.0.0.1", "10.0.0.1"), ("fe80::1%eth0", "fe80::1"), ("fd77::1", "fd77::1")],
)
def test_a_clients_address_is_written_in_one_way(host: str, shown: str) -> None:
    assert written(host) == shown
