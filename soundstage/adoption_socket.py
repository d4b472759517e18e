"""The adoption socket: where `soundstage run` passes the gateway listening sockets of a network of its own.

A unix socket of mode 0600 in the data directory, beside the control socket. One message each way:
`{"claim": {"run", "token"} | null, "sockets": [names]}` with the descriptors beside it, and
`{"adopted": true}` or `{"refused": sentence}`. What was adopted is served for as long as that connection stays open.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from policies.http_request import RunClaim
from soundstage.channel_ready import readable
from soundstage.control_socket import listening
from soundstage.namespace_channel import Channel

NAME = "adopt.sock"
OUT_OF_FILES_PAUSE = 0.2
"""Seconds."""
Sockets = dict[str, socket.socket]
Adopt = Callable[[RunClaim | None, Sockets], AbstractAsyncContextManager[None]]
"""Serves the sockets while its block lasts. ValueError, with a whole sentence: it will not."""
log = logging.getLogger(__name__)


class AdoptionServer:
    """The gateway's side."""

    def __init__(self, adopt: Adopt) -> None:
        self._adopt = adopt
        self._serving: set[asyncio.Task[None]] = set()
        self._socket: socket.socket | None = None
        self._data_dir: Path | None = None

    async def start(self, data_dir: Path) -> None:
        """Listen in `data_dir`. Raises OSError where that cannot be."""
        self._socket, self._data_dir = listening(data_dir, NAME, socket.SOCK_SEQPACKET), data_dir
        self._begin(self._accept(self._socket))

    async def stop(self) -> None:
        """Stop listening, and let go of everything that was adopted."""
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        if self._socket is not None and self._data_dir is not None:
            self._socket.close()
            (self._data_dir / NAME).unlink(missing_ok=True)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.Task(work, loop=asyncio.get_running_loop())
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                sock, _ = await asyncio.get_running_loop().sock_accept(listening)
            except OSError as trouble:  # no descriptors are left: runs that begin later must still be adopted
                log.warning("a run's network could not be taken over yet: %s", trouble.strerror)
                await asyncio.sleep(OUT_OF_FILES_PAUSE)
                continue
            self._begin(self._serve(sock))

    async def _serve(self, sock: socket.socket) -> None:
        channel = Channel(sock)
        with contextlib.closing(channel), contextlib.suppress(ConnectionError):
            async with contextlib.AsyncExitStack() as held:
                try:
                    claim, sockets = await _asked(channel, held)
                    await held.enter_async_context(self._adopt(claim, sockets))
                except (ValueError, KeyError, TypeError) as wrong:
                    channel.send({"refused": str(wrong)})
                    return
                except Exception as bug:
                    log.exception("sockets that were passed could not be adopted")
                    channel.send({"refused": f"the gateway could not adopt the sockets: {type(bug).__name__}"})
                    return
                channel.send({"adopted": True})
                await readable(channel)  # nothing more is ever said: the other side has gone


async def _asked(channel: Channel, held: contextlib.AsyncExitStack) -> tuple[RunClaim | None, Sockets]:
    await readable(channel)
    told = channel.receive()
    if told is None:
        raise ConnectionResetError("nothing was asked")
    message, descriptors = told
    passed = _sockets(descriptors, held)
    names = [str(name) for name in message["sockets"]]
    if len(names) != len(passed):
        raise ValueError(f"{len(names)} sockets were named and {len(passed)} were passed")
    claim = message["claim"]
    said = None if claim is None else RunClaim(str(claim["run"]), str(claim["token"]))
    return said, dict(zip(names, passed, strict=True))


def _sockets(descriptors: list[int], held: contextlib.AsyncExitStack) -> list[socket.socket]:
    """Every descriptor is ours to close, also those beside one that is no socket, which is a ValueError."""
    left, passed = list(reversed(descriptors)), []
    try:
        while left:
            sock = socket.socket(fileno=left[-1])
            left.pop()
            held.callback(sock.close)
            sock.setblocking(False)
            passed.append(sock)
    except OSError as wrong:
        raise ValueError(f"what was passed is no socket ({wrong.strerror})") from None
    finally:
        for descriptor in left:
            os.close(descriptor)
    return passed
