"""Unix sockets of mode 0600 in the data directory, however deep that lies: the control socket, and others by name."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

NAME = "control.sock"
PATH_LIMIT = 100
"""Octets of a path that fit into `sockaddr_un` (108 on Linux, 104 elsewhere) with a margin."""


@contextlib.contextmanager
def reachable(data_dir: Path, name: str = NAME) -> Iterator[str]:
    """A path to the socket that is short enough; a deep directory is reached through an open descriptor (Linux)."""
    path = data_dir / name
    if len(os.fsencode(path)) <= PATH_LIMIT:
        yield str(path)
        return
    folder = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{name}"
    finally:
        os.close(folder)


def listening(data_dir: Path, name: str = NAME, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    """The bound socket. One left behind by a killed gateway is replaced: the directory's lock says it is alone."""
    (data_dir / name).unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, kind)
    mask = os.umask(0o177)
    try:
        with reachable(data_dir, name) as path:
            bound.bind(path)
    except OSError:
        bound.close()
        raise
    finally:
        os.umask(mask)
    bound.listen(64)
    bound.setblocking(False)
    return bound


def connected(data_dir: Path) -> socket.socket:
    """A connection to the gateway. Raises OSError where none listens."""
    made = socket.socket(socket.AF_UNIX)
    try:
        with reachable(data_dir) as path:
            made.connect(path)
    except OSError:
        made.close()
        raise
    made.setblocking(False)
    return made
