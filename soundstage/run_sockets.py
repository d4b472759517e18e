"""Unix sockets that programs outside listen on, wherever they lie: what a contained command must not reach."""

import os
import stat
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - looked through, nothing is put there
DEEP, MANY = 3, 20_000
"""How far and how much of the temporary folders is looked through."""
STRIPPED = (
    "SSH_AUTH_SOCK",
    "SSH_AGENT_PID",
    "GPG_AGENT_INFO",
    "DOCKER_HOST",
    "CONTAINER_HOST",
    "DBUS_SESSION_BUS_ADDRESS",
    "DBUS_SYSTEM_BUS_ADDRESS",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "PULSE_SERVER",
    "NOTIFY_SOCKET",
    "LISTEN_FDS",
    "LISTEN_PID",
    "TMUX",
    "STY",
)
"""Variables that lead to such a socket: without one a program says that there is none, instead of failing at it."""


def outside_sockets(environ: Mapping[str, str]) -> list[Path]:
    """Those that are there now and that we can see: what the kernel lists, what variables name, temporary folders."""
    named = [environ[name].partition("://")[2] or environ[name] for name in STRIPPED if environ.get(name)]
    candidates = {*(path for _, path in listed()), *named, *_temporary()}
    return sorted({Path(os.path.realpath(path)) for path in candidates if path.startswith("/") and _is_socket(path)})


def listed() -> set[tuple[str, str]]:
    """What is bound in our network namespace: the socket's number, and the path it was bound under (proc_net(5))."""
    found = set()
    for line in Path("/proc/net/unix").read_text(errors="surrogateescape").splitlines()[1:]:
        fields = line.split(maxsplit=7)
        if len(fields) == 8 and fields[7].startswith("/"):
            found.add((fields[6], fields[7]))
    return found


def bound_since(decided: Set[str]) -> Iterator[list[str]]:
    """At each look the paths of those that came since the last; at the first, of all whose path nobody decided on.

    `decided`: paths of sockets, and of folders that are seen emptied.
    """
    known = {one for one in listed() if not _is_socket(one[1]) or _within(Path(os.path.realpath(one[1])), decided)}
    while True:
        now = listed()
        yield [path for _, path in now - known]
        known = now


def _within(path: Path, decided: Set[str]) -> bool:
    return any(str(one) in decided for one in (path, *path.parents))


def _temporary() -> Iterator[str]:
    waiting, left = [(top, 0) for top in TEMPORARY], MANY
    while waiting and left > 0:
        folder, deep = waiting.pop()
        for entry in _entries(folder):
            left -= 1
            if entry.is_dir(follow_symlinks=False):
                if deep < DEEP:
                    waiting.append((entry.path, deep + 1))
            elif not entry.is_file(follow_symlinks=False) and not entry.is_symlink():
                yield entry.path


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:  # what we may not read, the command may not either
        return []


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)  # noqa: PTH116 - thousands of them
    except (OSError, ValueError):
        return False
