"""Powers: what a contained command must not have: capabilities, setuid, sockets that no network namespace holds.

`give_up` is called last before the command is started. Nothing of it can be taken back.
"""

import ctypes
import errno
import platform
import struct
from dataclasses import dataclass
from pathlib import Path

from soundstage import namespace_kernel as kernel

ALLOWED_FAMILIES = (0, 1, 2, 10, 16, 17, 38)
"""socket(2): unspecified, unix, IPv4, IPv6, netlink, packet, kernel crypto.

The others are refused. AF_VSOCK is why: it reaches the host of a virtual machine out of any network namespace.
"""
TERMINAL_INPUT = (0x5412, 0x541C)
"""ioctl(2) TIOCSTI and TIOCLINUX: type into the terminal, for the shell outside to run once the command has ended."""

LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
NUMBER, ARCHITECTURE, FIRST, SECOND = 0, 4, 16, 24
"""Where `struct seccomp_data` keeps what a filter looks at (little-endian machines)."""
X32 = 0x40000000


@dataclass(frozen=True, slots=True)
class Calls:
    """Numbers of the system calls looked at, by the kernel's name for the architecture."""

    architecture: int
    socket: int
    socketpair: int
    ioctl: int
    refused: tuple[int, ...]
    """io_uring_setup, whose own way to make a socket passes every filter; and request_key, add_key and keyctl, by which
    the kernel asks names of the resolver outside."""
    socketcall: int | None = None


GENERIC = (198, 199, 29, (425, 218, 217, 219))
MACHINES = {
    "x86_64": (
        Calls(0xC000003E, 41, 53, 16, (425, 249, 248, 250)),
        Calls(0x40000003, 359, 360, 54, (425, 287, 286, 288), socketcall=102),
    ),
    "aarch64": (Calls(0xC00000B7, *GENERIC), Calls(0x40000028, 281, 288, 54, (425, 310, 309, 311))),
    "riscv64": (Calls(0xC00000F3, *GENERIC),),
}
"""What `uname -m` says, and the architectures whose programs it runs."""


class UnknownMachine(Exception):
    """No filter can be written for this processor."""


def give_up() -> None:
    """Leave this thread, and all that it starts, without powers. OSError: the kernel refuses; UnknownMachine."""
    program = socket_filter(platform.machine())
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    kernel.prctl(kernel.PR_CAP_AMBIENT, kernel.AMBIENT_CLEAR_ALL)
    for capability in range(last + 1):
        kernel.prctl(kernel.PR_CAPBSET_DROP, capability)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    _install(program)
    kernel.give_up_capabilities()


def socket_filter(machine: str) -> bytes:
    """The seccomp filter as classic BPF (seccomp(2)). An architecture it does not know gets ENOSYS for everything."""
    if machine not in MACHINES:
        raise UnknownMachine(f"a contained command cannot be kept from other sockets on the processor {machine}")
    program: list[bytes] = []
    for calls in MACHINES[machine]:
        rules = _rules(calls)
        program += [_load(ARCHITECTURE), _jump(EQUAL, calls.architecture, 0, len(rules)), *rules]
    return b"".join([*program, _refuse(errno.ENOSYS)])


def _rules(calls: Calls) -> list[bytes]:
    """For the programs of one architecture; ends in a return whatever the call."""
    families = [*_answers(ALLOWED_FAMILIES, _return(ALLOW)), _refuse(errno.EAFNOSUPPORT)]
    terminal = _answers(TERMINAL_INPUT, _refuse(errno.EPERM))
    rules = [_load(NUMBER), *_answers(calls.refused, _refuse(errno.ENOSYS))]
    if calls.architecture == MACHINES["x86_64"][0].architecture:
        rules += [_jump(AT_LEAST, X32, 0, 1), _refuse(errno.ENOSYS)]
    if calls.socketcall is not None:  # its arguments lie in memory, where no filter sees them
        rules += _answers((calls.socketcall,), _refuse(errno.ENOSYS))
    rules += [_jump(EQUAL, calls.socket, 1, 0), _jump(EQUAL, calls.socketpair, 0, len(families) + 1)]
    rules += [_load(FIRST), *families]
    rules += [_jump(EQUAL, calls.ioctl, 0, len(terminal) + 1), _load(SECOND), *terminal]
    return [*rules, _return(ALLOW)]


def _answers(values: tuple[int, ...], answer: bytes) -> list[bytes]:
    return [part for value in values for part in (_jump(EQUAL, value, 0, 1), answer)]


def _load(offset: int) -> bytes:
    return struct.pack("<HBBI", LOAD, 0, 0, offset)


def _jump(test: int, value: int, then: int, otherwise: int) -> bytes:
    return struct.pack("<HBBI", test, then, otherwise, value)


def _return(what: int) -> bytes:
    return struct.pack("<HBBI", RETURN, 0, 0, what)


def _refuse(number: int) -> bytes:
    return _return(ERRNO | number)


def _install(program: bytes) -> None:
    octets = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("@HP", len(program) // 8, ctypes.addressof(octets))
    holder = ctypes.create_string_buffer(described, len(described))
    pointer = ctypes.c_void_p(ctypes.addressof(holder))
    kernel.prctl(kernel.PR_SET_SECCOMP, kernel.SECCOMP_MODE_FILTER, pointer)
