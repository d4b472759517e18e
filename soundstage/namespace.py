"""The outer half of a contained run: starts the inner half, has its sockets adopted, and passes on what comes.

The terminal, signals and the command's end are passed through; what the run's network refused is brought back.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Any

from soundstage.channel_ready import readable
from soundstage.namespace_channel import Channel
from soundstage.namespace_signals import PASSED_ON, SignalReader, blocked
from soundstage.run_order import Order
from soundstage.run_sockets import bound_since
from soundstage.spawned import environment

LOOK_SECONDS = 0.25
"""How often new unix sockets of programs outside are looked for."""
Serve = Callable[[dict[str, int]], AbstractAsyncContextManager[None]]
"""Serves listening sockets, by name and descriptor, while its block lasts."""


class Impossible(Exception):
    """The command cannot be contained: a whole sentence. It was not started."""


class Restricted(Impossible):
    """The machine does not give namespaces to whoever asks."""


class Broken(Exception):
    """The inner half ended without a word about the command."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a contained command ended."""

    code: int
    refused: Mapping[str, int]
    """Packets that had nowhere to go, by kind."""
    outlived: int
    """Processes that outlived the command, and were ended."""
    canary: str | None
    """Why the probe after the command did not arrive."""


async def contained(order: Order, serve: Serve) -> Outcome:
    """Run a command to its end. Impossible, Broken, and whatever `serve` raises: nothing was started."""
    with blocked((*PASSED_ON, signal.SIGTTOU)) as before, contextlib.ExitStack() as open_ends:
        order = replace(order, signals=tuple(sorted(before)), foreground=_in_foreground())
        outer, inner = Channel.pair()
        open_ends.callback(outer.close)
        process = _start(inner)
        inner.close()
        open_ends.callback(_end, process)
        _give(order, outer)
        sockets = await _sockets(outer)
        for descriptor in sockets.values():
            open_ends.callback(os.close, descriptor)
        async with serve(sockets):
            outer.send({"go": True})
            return await Watch(outer, order).until_ended()


class Watch:
    """Listens to the inner half and to signals until the command has ended."""

    def __init__(self, channel: Channel, order: Order) -> None:
        self._channel = channel
        self._view = order.view
        self._foreground = order.foreground
        self._said: dict[str, Any] = {}
        self._over = asyncio.Event()

    async def until_ended(self) -> Outcome:
        """Raises Impossible or Broken where the command was not run to its end."""
        loop, reader = asyncio.get_running_loop(), SignalReader(PASSED_ON)
        loop.add_reader(reader.fileno(), self._signalled, reader)
        loop.add_reader(self._channel.fileno(), self._hear)
        hiding = asyncio.ensure_future(self._hide_new_sockets())
        try:
            await self._over.wait()
        finally:
            hiding.cancel()
            await asyncio.gather(hiding, return_exceptions=True)
            loop.remove_reader(reader.fileno())
            loop.remove_reader(self._channel.fileno())
            reader.close()
            self._take_terminal()
        return self._outcome()

    async def _hide_new_sockets(self) -> None:
        """What is bound outside after the view was decided on is hidden from the command as what was there before."""
        decided = {step.path for step in self._view if step.do in ("empty", "over", "back")}
        for paths in bound_since(decided):
            for path in paths:
                self._tell({"hide": path})
            await asyncio.sleep(LOOK_SECONDS)

    def _hear(self) -> None:
        told = self._channel.receive()
        if told is None:
            self._over.set()
        elif "stopped" in told[0]:
            self._stop_too()
        else:
            self._said |= told[0]

    def _outcome(self) -> Outcome:
        said = self._said
        if "impossible" in said:
            raise Impossible(said["impossible"])
        if "ended" not in said:
            raise Broken("the process that kept the command contained ended, and the command with it")
        return Outcome(said["ended"], said.get("refused", {}), said["outlived"], said["canary"])

    def _signalled(self, reader: SignalReader) -> None:
        for number in reader.read():
            # After the shell's `fg` the terminal is ours again, and is the command's to have.
            mine = number == signal.SIGCONT and self._foreground and _in_foreground()
            self._tell({"signal": number, "foreground": mine})

    def _stop_too(self) -> None:
        """The command was stopped, by Ctrl-Z or by itself: the shell waits for us, so we stop as well."""
        self._take_terminal()
        os.kill(os.getpid(), signal.SIGSTOP)

    def _take_terminal(self) -> None:
        if self._foreground:
            with contextlib.suppress(OSError):
                os.tcsetpgrp(0, os.getpgrp())

    def _tell(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # the command has just ended
            self._channel.send(message)


def _in_foreground() -> bool:
    """Whether standard input is a terminal, and ours."""
    try:
        return os.isatty(0) and os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


def _start(inner: Channel) -> subprocess.Popen[bytes]:
    # A program of its own, because a user namespace can only be made by a process of one thread.
    argv = [sys.executable, "-P", "-m", "soundstage.namespace_inside", str(inner.fileno())]
    return subprocess.Popen(argv, pass_fds=(inner.fileno(),), env=environment(os.environ))  # noqa: S603 - no shell


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _give(order: Order, channel: Channel) -> None:
    """By a file in memory: an environment may be longer than any message, and holds the run's secrets."""
    descriptor = os.memfd_create("order")
    with os.fdopen(descriptor, "w", encoding="utf-8", closefd=False) as file:
        file.write(order.written())
    os.lseek(descriptor, 0, os.SEEK_SET)
    channel.send({"order": True}, [descriptor])
    os.close(descriptor)


async def _sockets(channel: Channel) -> dict[str, int]:
    await readable(channel)
    told = channel.receive()
    if told is None:
        raise Broken("the process that makes the namespaces ended before they were made")
    message, descriptors = told
    if "impossible" in message:
        raise (Restricted if message["restricted"] else Impossible)(message["impossible"])
    return dict(zip(message["sockets"], descriptors, strict=True))
