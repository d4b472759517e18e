"""A run with the variables alone, where no namespaces are to be had: the command is asked, and may not obey."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from types import FrameType

from soundstage import namespace_kernel as kernel
from soundstage.namespace_first import TERM_SECONDS
from soundstage.trouble import ConfigError

FROM_TERMINAL = (signal.SIGINT, signal.SIGQUIT)
"""A terminal sends these to the command as well: here they are only not to end us."""
PASSED_ON = (signal.SIGTERM, signal.SIGHUP)


def uncontained(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, int]:
    """The command's exit code, and how many processes outlived it and were ended (on Linux; elsewhere none are)."""
    if sys.platform == "linux":
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    try:
        process = subprocess.Popen(list(command), env=dict(environment))  # noqa: S603 - the command that was asked for
    except OSError as trouble:
        raise ConfigError(f"{command[0]} cannot be run: {trouble.strerror}") from None

    def pass_on(number: int, _: FrameType | None) -> None:
        process.send_signal(number)

    before = {number: signal.signal(number, signal.SIG_IGN) for number in FROM_TERMINAL}
    before |= {number: signal.signal(number, pass_on) for number in PASSED_ON}
    try:
        code = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return (code if code >= 0 else 128 - code), end_adopted()


def end_adopted() -> int:
    """End the orphans that became our children: asked, waited for, and killed. How many there were."""
    ended, until = 0, time.monotonic() + TERM_SECONDS
    asked: set[int] = set()
    while children := _children():
        for child in children:
            late = time.monotonic() > until
            if late or child not in asked:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL if late else signal.SIGTERM)
                asked.add(child)
        ended += _reaped()
        time.sleep(0.01)
    return ended


def _reaped() -> int:
    count = 0
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            count += 1
    return count


def _children() -> list[int]:
    """Ours, living or not yet waited for."""
    own, found = os.getpid(), []
    if sys.platform != "linux":
        return []
    for name in os.listdir("/proc"):  # noqa: PTH208 - names alone
        if name.isdecimal():
            with contextlib.suppress(OSError, IndexError), open(f"/proc/{name}/stat") as file:  # noqa: PTH123
                if int(file.read().rpartition(")")[2].split()[1]) == own:
                    found.append(int(name))
    return found
