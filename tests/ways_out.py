"""A program of the standard library alone: tries to get out of a contained run by every way it knows.

`python ways_out.py JSON [WAY...]` with what there is outside; prints, for each way, what stopped it, or `OPEN`.
"""

import ctypes
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

OUTSIDE = json.loads(sys.argv[1])
LIBRARY = ctypes.CDLL(None, use_errno=True)
IP4, IP6 = socket.AF_INET, socket.AF_INET6


def tried(way: Callable[[], object]) -> str:
    """What stopped it; a way that returns false was stopped, too."""
    try:
        found = way()
    except OSError as stopped:
        return f"stopped: {stopped.strerror}"
    return f"OPEN: {found!r}" if found else "stopped"


def done(act: Callable[..., object], *given: Any) -> bool:
    """Whether it could be done at all: what is refused raises."""
    act(*given)
    return True


def connects(family: int, address: Any) -> Callable[[], object]:
    def way() -> object:
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.settimeout(5)
            sock.connect(address)
            return address

    return way


def answered(port: int) -> object:
    """Whether something of the outside is met on loopback."""
    with socket.create_connection(("127.0.0.1", port), 5) as sock:
        return sock.getpeername()


def sends(family: int, place: tuple[str, int]) -> Callable[[], object]:
    def way() -> object:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            return sock.sendto(b"out", place)

    return way


def listed() -> object:
    """A process that is outside, by its number or its name."""
    return [entry.name for entry in Path("/proc").iterdir() if entry.name.isdecimal() and int(entry.name) > 1000]


def inside(script: str) -> Callable[[], object]:
    """Whether a shell's script got where it wanted: it prints nothing else than what it found."""

    def way() -> object:
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False, timeout=120)
        return done.stdout.strip() if done.returncode == 0 else ""

    return way


def entered(path: str) -> Callable[[], object]:
    def way() -> object:
        descriptor = os.open(path, os.O_RDONLY)
        if LIBRARY.setns(descriptor, 0) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return path

    return way


def called(number: int, *arguments: object) -> Callable[[], object]:
    def way() -> object:
        if LIBRARY.syscall(number, *arguments) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return number

    return way


def wrote(path: str) -> Callable[[], object]:
    """Opening is enough: nothing is changed if it should succeed."""

    def way() -> object:
        os.close(os.open(path, os.O_WRONLY))
        return path

    return way


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def powers() -> object:
    lines = Path("/proc/self/status").read_text().splitlines()
    held = [line for line in lines if line.startswith("Cap") and int(line.split()[1], 16)]
    return held + [line for line in lines if line.split() == ["NoNewPrivs:", "0"]]


WAYS: dict[str, Callable[[], object]] = {
    "loopback-service-outside": lambda: answered(OUTSIDE["tcp"]),
    "udp-443": sends(IP4, ("1.1.1.1", 443)),
    "udp-443-ipv6": sends(IP6, ("2606:4700::1111", 443)),
    "udp-broadcast": sends(IP4, ("255.255.255.255", 67)),
    "udp-multicast": sends(IP4, ("224.0.0.251", 5353)),
    "packet-socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "raw-socket": lambda: socket.socket(IP4, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "ping-socket": lambda: socket.socket(IP4, socket.SOCK_DGRAM, socket.IPPROTO_ICMP).sendto(
        b"\x08\0\0\0\0\0\0\0", ("1.1.1.1", 0)
    ),
    "vsock": lambda: socket.socket(40, socket.SOCK_STREAM),
    "kernels-own-resolver": called(249, b"dns_resolver", b"way-out.example.com", None, 0),
    "io-uring": called(425, 1, ctypes.create_string_buffer(120)),
    **{f"unix-{name}": connects(socket.AF_UNIX, path) for name, path in OUTSIDE["unix"].items()},
    "unix-by-a-link": connects(socket.AF_UNIX, OUTSIDE["link"]),
    "unix-abstract": connects(socket.AF_UNIX, "\0" + OUTSIDE["abstract"]),
    "control-socket": connects(socket.AF_UNIX, OUTSIDE["data"] + "/control.sock"),
    "policy": wrote(OUTSIDE["data"] + "/../policy.yaml"),
    "admins-token": lambda: Path(OUTSIDE["data"], "../admin.token").read_text(),
    "keys": lambda: Path(OUTSIDE["data"], "ca-key.pem").read_text(),
    "descriptors": lambda: [number for number in range(3, 256) if is_open(number)],
    "variables": lambda: [name for name in ("SSH_AUTH_SOCK", "DOCKER_HOST", "SOUNDSTAGE_X") if name in os.environ],
    "processes-outside": listed,
    "signal-outside": lambda: done(os.kill, OUTSIDE["pid"], 0),
    "first-process": lambda: done(os.kill, 1, 9) and not Path("/proc/1").exists(),
    "root-of-first-process": lambda: list(Path("/proc/1/root").iterdir()),
    "descriptors-of-first-process": lambda: [path.readlink() for path in Path("/proc/1/fd").iterdir()],
    "memory-of-first-process": lambda: os.open("/proc/1/mem", os.O_RDONLY),
    "environment-of-first-process": lambda: Path("/proc/1/environ").read_bytes(),
    "network-of-first-process": entered("/proc/1/ns/net"),
    "users-of-first-process": entered("/proc/1/ns/user"),
    "ptrace-first-process": called(101, 16, 1, 0, 0),
    "powers": powers,
    "setuid-root": lambda: done(os.setuid, 0) and os.geteuid() != OUTSIDE["uid"],
    "setuid-program": inside(f"test $({OUTSIDE['setuid']} -u) != {OUTSIDE['uid']} && echo gained"),
    "route": inside("ip route del local default dev lo table local && echo gone"),
    "rules": inside("nft flush ruleset && echo gone"),
    "interface": inside("ip link add d type dummy && echo made"),
    "mount": inside("mount -t tmpfs none /mnt && echo mounted"),
    "unmount": inside("umount /run && echo unmounted"),
    "unmount-in-a-namespace-inside": inside("unshare -Urm umount /run && echo unmounted"),
    "unmount-socket-in-a-namespace-inside": inside(f"unshare -Urm umount {OUTSIDE['unix']['tmp']} && echo unmounted"),
    "uncover-in-a-namespace-inside": inside("unshare -Urm sh -c 'mount --bind / /mnt && ls /mnt' && echo uncovered"),
    "rules-in-a-namespace-inside": inside("unshare -Ur nft flush ruleset && echo gone"),
    "device": inside("mknod /tmp/way-out-device b 254 0 && echo made"),
    "kernel-setting": wrote("/proc/sys/kernel/core_pattern"),
    "kernel-trigger": wrote("/proc/sysrq-trigger"),
    "disk": lambda: OUTSIDE["uid"] == 0 and [path.name for path in Path("/dev").iterdir() if path.is_block_device()],
}

if __name__ == "__main__":
    if not sys.argv[2:]:
        for family, place in ((IP4, ("1.1.1.1", 443)), (IP6, ("2606:4700::1111", 8443)), (IP4, ("9.9.9.9", 53))):
            tried(connects(family, place))
    json.dump({name: tried(WAYS[name]) for name in sys.argv[2:] or WAYS}, sys.stdout)
