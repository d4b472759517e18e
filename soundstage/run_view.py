"""Which parts of the file system a contained command sees otherwise, and why. Decides; `namespace_view` carries out.

Unix sockets cross network namespaces: each that leads out is hidden. Files stay where they are.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from soundstage.run_order import Hidden
from soundstage.run_sockets import outside_sockets
from soundstage.trust_bundle import PUBLIC

RUNTIME = ("/run", "/var/run")
KEPT_RUNTIME = ("current-system", "booted-system", "opengl-driver", "wrappers", "media", "secrets")
"""Under /run, and not sockets: NixOS's system, mounted disks, a container's secrets."""
SOCKET_FOLDERS = ("/tmp/.X11-unix", "/tmp/.ICE-unix", "/tmp/.font-unix", "/tmp/.XIM-unix")  # noqa: S108 - their names
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "mqueue")
"""What root keeps of /dev. The rest (disks, memory, virtual machines) obeys its uid alone, without any capability."""
KERNEL_FILES = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/acpi", "/sys")
"""What root may write by its uid alone, and the kernel outside obeys: `core_pattern` names a program to start."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """Soundstage's own files outside its data directory."""

    secret: tuple[Path, ...] = ()
    """Not to be read: the admin token."""
    fixed: tuple[Path, ...] = ()
    """Not to be written: the policy, which is read again when it changes."""


NOTHING_ELSE = Guarded()


def view(
    scratch: Path,
    data_dir: Path,
    trusted: Mapping[Path, Path],
    services: Sequence[Path],
    environ: Mapping[str, str],
    guarded: Guarded = NOTHING_ELSE,
) -> tuple[Hidden, ...]:
    """Every step, in order. `trusted`: stores of certificates and what is put in their place; `scratch`: for files."""
    emptied = [path for path in map(_real, RUNTIME) if path.is_dir()]
    folders = dict.fromkeys(emptied + [path for path in map(Path, SOCKET_FOLDERS) if path.is_dir()])
    steps = [Hidden("empty", str(path), mode=0o755 if path in emptied else 0o1777) for path in folders]
    steps += _runtime(emptied[0]) if emptied else []
    hidden = [*folders, data_dir]
    steps += _sockets(scratch, [*hidden, *services], environ)
    steps += _names(scratch, hidden)
    over = {**trusted, **dict.fromkeys(guarded.secret, scratch / "nothing")}
    steps += [Hidden("over", str(path), str(put)) for path, put in over.items() if not _within(path, hidden)]
    steps += [Hidden("readonly", str(path)) for path in guarded.fixed if path.exists() and not _within(path, hidden)]
    steps += _data(data_dir, scratch) if not _within(data_dir, list(folders)) else []
    steps += [Hidden("back", str(path)) for path in services]
    return tuple(steps)


def root_view() -> tuple[Hidden, ...]:
    """More steps for a command that is root: taken last, once /proc is its own."""
    steps = [Hidden("empty", "/dev")]
    steps += [Hidden("back", f"/dev/{name}") for name in DEVICES if Path("/dev", name).exists()]
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        steps.append(Hidden("link", f"/dev/{name}", source=f"/proc/self/fd/{number}"))
    steps.append(Hidden("link", "/dev/fd", source="/proc/self/fd"))
    return (*steps, *(Hidden("readonly", path) for path in KERNEL_FILES if Path(path).exists()))


def _runtime(run: Path) -> Iterator[Hidden]:
    yield Hidden("folder", str(run / "lock"), mode=0o1777)
    yield Hidden("folder", str(run / "user"))
    yield Hidden("folder", str(run / "user" / str(os.getuid())), mode=0o700)
    for name in KEPT_RUNTIME:
        if (run / name).exists():
            yield Hidden("back", str(run / name), needed=False)


def _sockets(scratch: Path, hidden: Sequence[Path], environ: Mapping[str, str]) -> Iterator[Hidden]:
    nothing = scratch / "nothing"
    nothing.touch(mode=0o444)
    for path in outside_sockets(environ):
        if not _within(path, hidden):
            yield Hidden("over", str(path), source=str(nothing))


def _names(scratch: Path, hidden: Sequence[Path]) -> Iterator[Hidden]:
    """Names are asked of Soundstage: no caching daemon, no resolver of systemd's in between."""
    (scratch / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    resolver = _real("/etc/resolv.conf")
    if _within(resolver, hidden):
        yield Hidden("file", str(resolver))
    if resolver.exists():
        yield Hidden("over", str(resolver), source=str(scratch / "resolv.conf"))
    switch = _real("/etc/nsswitch.conf")
    if switch.exists():
        lines = switch.read_text(errors="replace").splitlines()
        others = [line for line in lines if line.partition(":")[0].strip() != "hosts"]
        (scratch / "nsswitch.conf").write_text("\n".join([*others, "hosts: files dns"]) + "\n")
        yield Hidden("over", str(switch), source=str(scratch / "nsswitch.conf"))


def _data(data_dir: Path, scratch: Path) -> Iterator[Hidden]:
    """Keys, tokens and control sockets; only the certificates that variables name are left there."""
    yield Hidden("empty", str(data_dir))
    for name in PUBLIC:
        if not (data_dir / name).exists():  # of a data directory that an older version wrote
            continue
        (scratch / name).parent.mkdir(exist_ok=True)
        (scratch / name).write_bytes((data_dir / name).read_bytes())
        yield Hidden("file", str(data_dir / name))
        yield Hidden("over", str(data_dir / name), source=str(scratch / name))
    yield Hidden("readonly", str(data_dir))


def _real(path: str) -> Path:
    return Path(os.path.realpath(path))


def _within(path: Path, folders: Sequence[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)
