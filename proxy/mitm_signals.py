"""Signals: what our own layers inside mitmproxy ask of their connection: record this, wait for that."""

from collections.abc import Callable
from dataclasses import dataclass

from mitmproxy.connection import Server
from mitmproxy.http import HTTPFlow
from mitmproxy.proxy import commands

from proxy.door_request import Names

# mitmproxy registers hooks by an untyped `__init_subclass__`, hence the two ignores.


@dataclass(frozen=True, slots=True)
class Malformed:
    """Bytes that are no request, or none that two readers would read alike."""

    opening: bytes
    what: str
    flags: tuple[str, ...] = ("malformed",)
    meant: tuple[Names, int] | None = None
    """Names and port of the request whose body it is; None where there is no request, only a connection."""


@dataclass
class SoundstageMalformedHook(commands.StartHook):  # type: ignore[no-untyped-call]
    """Asks the connection to record it. Blocks: the 400 goes out after the capture is durable."""

    data: Malformed


@dataclass(frozen=True, slots=True)
class Draining:
    """An upload under way."""

    server: Server
    waiting: Callable[[], int]
    """Octets that HTTP/2's flow control still holds back."""


@dataclass
class SoundstageDrainHook(commands.StartHook):  # type: ignore[no-untyped-call]
    """Asks the connection to wait until what was written upstream has gone, so that an upload never piles up."""

    data: Draining


@dataclass(frozen=True, slots=True)
class ControlFrame:
    """What a WebSocket says between its messages (RFC 6455, 5.5)."""

    flow: HTTPFlow
    kind: str
    """`close`, `ping` or `pong`."""
    payload: bytes
    from_client: bool


@dataclass
class SoundstageControlHook(commands.StartHook):  # type: ignore[no-untyped-call]
    """Asks the connection to record it. Blocks: the frame is passed on after that."""

    data: ControlFrame
