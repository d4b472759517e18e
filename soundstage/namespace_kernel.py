"""The kernel's calls that Python has no name for: mount(2), umount, prctl(2), capset(2), signalfd(2). Linux only.

What is done with them lives in `namespace_mounts`, `namespace_powers` and `namespace_signals`.
"""

import ctypes
import functools
import os
from typing import Any

MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_SECCOMP = 1, 24, 22
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 36, 38, 47
SECCOMP_MODE_FILTER, AMBIENT_RAISE, AMBIENT_CLEAR_ALL = 2, 2, 4
CAP_NET_ADMIN = 12
CAPABILITY_VERSION_3 = 0x20080522
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, ATTRIBUTE_READ_ONLY = 442, -100, 0x8000, 1


@functools.cache
def _library() -> Any:
    """The C library; a foreign function's signature cannot be known to mypy."""
    return ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2). OSError with the target."""
    given = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    if _library().mount(*given, ctypes.c_ulong(flags), None if data is None else data.encode()) != 0:
        raise _failed(target)


def read_only(target: str) -> None:
    """mount_setattr(2), Linux 5.12: the mount at `target`, bound onto itself, and all below it. OSError."""
    mount(target, target, None, MS_BIND | MS_REC)
    attributes = (ctypes.c_uint64 * 4)(ATTRIBUTE_READ_ONLY, 0, 0, 0)
    place = os.fsencode(target)
    if _library().syscall(MOUNT_SETATTR, AT_FDCWD, place, AT_RECURSIVE, attributes, ctypes.c_size_t(32)) != 0:
        raise _failed(target)


def prctl(option: int, *values: Any) -> None:
    """prctl(2). OSError."""
    padded = [value if isinstance(value, ctypes.c_void_p) else ctypes.c_ulong(value) for value in values]
    padded += [ctypes.c_ulong(0)] * (4 - len(padded))
    if _library().prctl(option, *padded) != 0:
        raise _failed(f"prctl {option}")


def give_up_capabilities() -> None:
    """capset(2): none permitted, none effective, none to inherit."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    if _library().capset(header, none) != 0:
        raise _failed("capset")


def pass_on_capability(number: int) -> None:
    """capset(2), prctl(2): the programs we start have this one too, which by exec alone only root's have."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    held = (ctypes.c_uint32 * 6)()
    if _library().capget(header, held) != 0:
        raise _failed("capget")
    word, bit = divmod(number, 32)
    held[word * 3 + 2] |= 1 << bit  # effective, permitted, inheritable; twice
    if _library().capset(header, held) != 0:
        raise _failed("capset")
    prctl(PR_CAP_AMBIENT, AMBIENT_RAISE, number)


def signalfd(numbers: set[int]) -> int:
    """signalfd(2): a descriptor to read these signals from, which have to be blocked."""
    mask = (ctypes.c_uint8 * 128)()
    size = _library()
    size.sigemptyset(mask)
    for number in numbers:
        size.sigaddset(mask, number)
    descriptor = size.signalfd(-1, mask, os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0:
        raise _failed("signalfd")
    return int(descriptor)


def _failed(about: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), about)
