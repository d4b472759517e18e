"""No way out: how a process that runs somebody else's emulator is kept from dialling. Used in that process alone."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

FORBIDDEN = frozenset(
    {
        "socket.connect",
        "socket.bind",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.gethostbyaddr",
        "socket.getnameinfo",
        "socket.sendto",
        "socket.sendmsg",
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "pty.spawn",
        "ctypes.dlopen",
    }
)
"""CPython's audit events (PEP 578) for everything that reaches beyond a socket the process was given."""


class WayOutRefused(OSError):
    """The emulator tried to reach something: refused, and a bug or a feature of it that must not be used here."""


def leave_the_network() -> bool:
    """Move into a network namespace of its own, with no interface up. False where the kernel allows it to nobody here.

    Must run before any thread starts (unshare(2) of a user namespace wants a single-threaded process).
    """
    for flags in (os.CLONE_NEWNET, os.CLONE_NEWUSER | os.CLONE_NEWNET) if hasattr(os, "unshare") else ():
        with suppress(OSError):
            os.unshare(flags)
            return True
    return False


def forbid_dialling() -> None:
    """From now on each attempt to dial, resolve or start a program raises WayOutRefused. Cannot be undone."""

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event in FORBIDDEN:
            raise WayOutRefused(f"{event} is not allowed in the emulator: {arguments!r:.200}")

    sys.addaudithook(refuse)


def ways_left_open(trap_port: int) -> list[str]:
    """Try each way out against a loopback trap the parent watches; the names of those that were not refused."""
    attempts: dict[str, Callable[[], object]] = {
        "connect": lambda: _with_socket(socket.SOCK_STREAM, lambda s: s.connect(("127.0.0.1", trap_port))),
        "connect_ex": lambda: _with_socket(socket.SOCK_STREAM, lambda s: s.connect_ex(("127.0.0.1", trap_port))),
        "sendto": lambda: _with_socket(socket.SOCK_DGRAM, lambda s: s.sendto(b"out", ("127.0.0.1", trap_port))),
        "getaddrinfo": lambda: socket.getaddrinfo("localhost", trap_port),
        "subprocess": lambda: subprocess.run([sys.executable, "-c", ""], check=False),
        "os.system": lambda: os.system("true"),  # noqa: S605, S607 - must be refused
    }
    still_open = []
    for name, attempt in attempts.items():
        try:
            attempt()
        except WayOutRefused:
            continue
        except OSError:
            pass
        still_open.append(name)
    return still_open


def _with_socket(kind: socket.SocketKind, act: Callable[[socket.socket], object]) -> None:
    with closing(socket.socket(socket.AF_INET, kind)) as sock:
        act(sock)
