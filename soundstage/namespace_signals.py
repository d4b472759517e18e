"""Signals as messages: those meant for a contained command are read from a descriptor instead of interrupting."""

import contextlib
import os
import signal
import struct
from collections.abc import Iterator

from soundstage import namespace_kernel as kernel

PASSED_ON = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGWINCH,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGTSTP,
    signal.SIGCONT,
)
"""What whoever started us may send, and means for the command."""
RECORD = 128
"""Octets of `struct signalfd_siginfo`; the signal's number is the first word."""


@contextlib.contextmanager
def blocked(numbers: tuple[int, ...]) -> Iterator[set[int]]:
    """While the block lasts these wait; gives those that were blocked before, for what is started to have."""
    before = {int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, numbers)}
    try:
        yield before
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class SignalReader:
    """Reads blocked signals."""

    def __init__(self, numbers: tuple[int, ...]) -> None:
        self._descriptor = kernel.signalfd({int(number) for number in numbers})

    def fileno(self) -> int:
        return self._descriptor

    def read(self) -> list[int]:
        """The numbers of those that came, in order."""
        try:
            octets = os.read(self._descriptor, RECORD * 32)
        except BlockingIOError:
            return []
        return [int(struct.unpack_from("=I", octets, at)[0]) for at in range(0, len(octets), RECORD)]

    def close(self) -> None:
        os.close(self._descriptor)


def as_started(mask: set[int]) -> None:
    """Undo what Python does with signals, right before another program takes its place."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
