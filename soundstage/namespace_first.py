"""The first process of a contained run's process namespace: arranges the view, starts the command, outlives it all.

Whatever loses its parent in there becomes its child, so nothing of the command goes on once this has ended.
"""

import contextlib
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from soundstage import canary
from soundstage.console import complain
from soundstage.namespace_channel import Channel
from soundstage.namespace_network import CannotBe
from soundstage.namespace_powers import give_up
from soundstage.namespace_signals import SignalReader, as_started, blocked
from soundstage.namespace_view import arrange, fresh_proc, hide
from soundstage.run_order import Order

TERM_SECONDS = 2.0
"""What processes that outlived the command are given to end by themselves."""
NOT_FOUND, NOT_RUN = 127, 126
"""What shells report of a command that is not there, or is no program."""


def first(order: Order, channel: Channel) -> None:
    """Run the command and tell how it ended: `{"ended": exit code}`, or before it was started `{"impossible": why}`."""
    # From inside, a signal without a handler never reaches the first process of a namespace.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        _arrange(order)
        _canary(order, "begin")
    except CannotBe as why:
        channel.send({"impossible": str(why)})
        return
    with blocked((signal.SIGCHLD, signal.SIGTTOU)):
        running = Running(order, channel)
        code = running.until_ended()
        outlived = end_others()
        missed = None
        try:
            _canary(order, "end")
        except CannotBe as why:
            missed = str(why)
        channel.send({"ended": code, "outlived": outlived, "canary": missed})


def _arrange(order: Order) -> None:
    own = [step for step in order.view if not _needs_proc(step.path)]
    arrange(own)
    with contextlib.suppress(OSError):  # hidden in part, as in some containers: then no fresh one may be mounted
        fresh_proc()
    if os.geteuid() == 0:
        arrange([step for step in order.view if _needs_proc(step.path)])
    try:
        os.chdir(order.folder)  # by its path: the folder we stand in may have been hidden
    except OSError as trouble:
        raise CannotBe(f"the folder {order.folder} is not there inside: {trouble.strerror}") from None


def _needs_proc(path: str) -> bool:
    return path.startswith(("/proc", "/sys", "/dev"))


class Running:
    """The command, from its start to its end, with the signals and the terminal passed through."""

    def __init__(self, order: Order, channel: Channel) -> None:
        self._order = order
        self._channel = channel
        self._pid = _start(lambda: _become(order))
        self._code: int | None = None

    def until_ended(self) -> int:
        """Its exit code; 128 and the signal's number for one that a signal ended."""
        reader = SignalReader((signal.SIGCHLD,))
        with selectors.DefaultSelector() as waiting:
            waiting.register(reader, selectors.EVENT_READ)
            waiting.register(self._channel, selectors.EVENT_READ)
            while self._code is None:
                ready = {key.fileobj for key, _ in waiting.select()}
                reader.read()
                self._look()
                if self._channel in ready:
                    self._told()
        reader.close()
        return self._code

    def _look(self) -> None:
        """At every child that ended or stopped; most are orphans that came to us."""
        for pid, status in _changed():
            if pid != self._pid:
                continue
            if os.WIFSTOPPED(status):
                self._channel.send({"stopped": os.WSTOPSIG(status)})
            else:
                self._code = exit_code(status)

    def _told(self) -> None:
        told = self._channel.receive()
        if told is None:  # nobody waits for us any more
            os._exit(1)
        message = told[0]
        if "hide" in message:
            hide(message["hide"], self._order)
            return
        if message.get("foreground"):
            with contextlib.suppress(OSError):
                os.tcsetpgrp(0, self._pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, int(message["signal"]))


def _changed() -> Iterator[tuple[int, int]]:
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG | os.WUNTRACED))[0]:
            yield found


def end_others() -> int:
    """End all that outlived the command: asked, waited for, and killed. How many there were."""
    ended, until = 0, time.monotonic() + TERM_SECONDS
    _everybody(signal.SIGTERM)
    while time.monotonic() < until:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        ended += bool(pid)
        if not pid:
            time.sleep(0.01)
    while True:
        _everybody(signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return ended
        ended += 1


def _everybody(number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, number)  # all of this process namespace, and nobody outside it
        os.kill(-1, signal.SIGCONT)


def exit_code(status: int) -> int:
    """As shells report it."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _start(work: Callable[[], Any]) -> int:
    """A child that does `work`; gives its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    except BaseException as trouble:  # nothing of ours may go on in the child
        complain(f"the contained command could not be started: {trouble}")
    finally:
        sys.stderr.flush()
        os._exit(NOT_RUN)


def _become(order: Order) -> None:
    """Take the command's place in this process, without powers and without any descriptor but the three."""
    os.setpgid(0, 0)
    if order.foreground:
        os.tcsetpgrp(0, os.getpid())
    os.closerange(3, _most_descriptors())
    give_up()
    as_started(set(order.signals))
    try:
        os.execvpe(order.command[0], list(order.command), order.environment)  # noqa: S606 - the command that was asked for
    except FileNotFoundError:
        complain(f"{order.command[0]} is not there inside")
        os._exit(NOT_FOUND)


def _most_descriptors() -> int:
    return int(os.sysconf("SC_OPEN_MAX")) if os.sysconf("SC_OPEN_MAX") > 0 else 65_536


def _canary(order: Order, which: canary.Which) -> None:
    """Send a pair of probes as the command would, without powers. Raises CannotBe where one is not answered."""
    if order.canary is None:
        return
    wanted = order.canary
    reading, writing = os.pipe()

    def send() -> None:
        give_up()
        os.write(writing, (canary.send(wanted, which) or "").encode()[:4096])
        os._exit(0)

    pid = _start(send)
    os.close(writing)
    with os.fdopen(reading) as told:
        why = told.read()
    _, status = os.waitpid(pid, 0)
    if status or why:
        raise CannotBe(why or f"the canary at the run's {which} could not be sent")
