"""Services: what of this machine a contained command may reach, by name alone: a port of loopback, a unix socket."""

import asyncio
import contextlib
import socket
import stat
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from soundstage.trouble import ConfigError

PIECE = 65_536
Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Services:
    """What `--service` named."""

    ports: tuple[int, ...]
    paths: tuple[Path, ...]

    def told(self) -> tuple[str, ...]:
        """As the run records them."""
        return (*map(str, self.ports), *map(str, self.paths))


def read_services(given: Sequence[str], own_ports: Mapping[int, str], data_dir: Path) -> Services:
    """Raises ConfigError for what is neither, and for what is Soundstage's own: that would be a way round it."""
    ports = tuple(dict.fromkeys(_port(text, own_ports) for text in given if text.isdecimal()))
    paths = tuple(dict.fromkeys(_path(text, data_dir) for text in given if not text.isdecimal()))
    return Services(ports, paths)


def _port(text: str, own_ports: Mapping[int, str]) -> int:
    port = int(text)
    if not 0 < port < 65_536:
        raise ConfigError(f"--service {text} is no port: ports are 1 to 65535")
    if port in own_ports:
        hint = "the command is given what it may use of Soundstage's by its variables"
        raise ConfigError(f"--service {text} is Soundstage's own port ({own_ports[port]})", hint)
    return port


def _path(text: str, data_dir: Path) -> Path:
    path = Path(text).resolve()
    if path.is_relative_to(data_dir.resolve()):
        raise ConfigError(f"--service {text} lies in Soundstage's own data directory")
    try:
        is_socket = stat.S_ISSOCK(path.stat().st_mode)
    except OSError as trouble:
        raise ConfigError(f"--service {text} cannot be reached: {trouble.strerror}") from None
    if not is_socket:
        raise ConfigError(f"--service {text} is neither a port nor a unix socket")
    return path


@contextlib.asynccontextmanager
async def relayed(sockets: Iterable[tuple[socket.socket, Place]]) -> AsyncIterator[None]:
    """While the block lasts, what connects to a listening socket inside reaches its place outside."""
    async with contextlib.AsyncExitStack() as listening:
        for sock, place in sockets:
            server = await asyncio.start_server(_Relay(*place), sock=sock)
            listening.callback(server.close)
        yield


class _Relay:
    """Passes one connection after the other to a place outside, octet by octet."""

    def __init__(self, host: str, port: int) -> None:
        self._place = host, port

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):  # nobody listens there, or one of the two has gone
            try:
                there, back = await asyncio.open_connection(*self._place)
                try:
                    await asyncio.gather(_pass(reader, back), _pass(there, writer))
                finally:
                    back.close()
            finally:
                writer.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE):
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
