"""Which engine serves a connection."""

import socket

import pytest

from proxy.connection import Connection
from proxy.engines import EngineChooser


class Named:
    """An engine that is only chosen."""

    async def serve(self, sock: socket.socket, connection: Connection) -> None:
        raise AssertionError("nothing is served here")


DOOR, OTHER = Named(), Named()


def chooser(other: Named | None = OTHER) -> EngineChooser:
    return EngineChooser(
        DOOR,
        other,
        may_leave=lambda host, port: (host, port) == ("out.example", 443),
        speaks_http2=lambda host: host == "push.example",
    )


def connection(*alpn: str) -> Connection:
    return Connection("1", "127.0.0.1", 5555, "explicit", tls=True, alpn=alpn)


@pytest.mark.parametrize(
    ("host", "port", "alpn", "engine"),
    [
        pytest.param("in.example", 443, (), DOOR, id="cannot-leave"),
        pytest.param("out.example", 443, (), OTHER, id="may-leave"),
        pytest.param("out.example", 8443, (), DOOR, id="may-leave-by-another-port"),
        pytest.param("in.example", 443, ("h2", "http/1.1"), DOOR, id="offers-both"),
        pytest.param("in.example", 443, ("h2",), OTHER, id="offers-http2-alone"),
        pytest.param("push.example", 443, (), OTHER, id="pack-speaks-http2"),
    ],
)
def test_the_engine(host: str, port: int, alpn: tuple[str, ...], engine: Named) -> None:
    assert chooser().choose(connection(*alpn), host, port) is engine


def test_the_self_tests_own_connections_can_be_forced() -> None:
    choosing = chooser()
    choosing.forced.add(("127.0.0.1", 5555))
    assert choosing.choose(connection(), "in.example", 443) is OTHER


def test_without_another_engine_everything_is_the_doors_but_http2_alone() -> None:
    choosing = chooser(None)
    assert choosing.choose(connection(), "out.example", 443) is DOOR
    assert choosing.choose(connection("h2"), "out.example", 443) is None
