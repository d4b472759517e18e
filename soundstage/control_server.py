"""The gateway's side of the control socket: a question a connection, a JSON line each way; some answers go on."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from soundstage import control_socket

Asked = Callable[[dict[str, Any]], Awaitable[Any]]
Followed = Callable[[dict[str, Any]], AsyncIterator[Any]]

LINE_LIMIT = 16 * 1024 * 1024
"""Octets of one question or answer: a policy of ten thousand opt-ins is a few megabytes."""
log = logging.getLogger(__name__)


class ControlServer:
    """Answers `{"ask": name, "with": {...}}` with `{"answer": ...}`, or `{"refused": sentence}` for a ValueError."""

    def __init__(self, answers: Mapping[str, Asked], streams: Mapping[str, Followed]) -> None:
        self._answers = answers
        self._streams = streams
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self, data_dir: Path) -> None:
        """Listen in `data_dir`. Raises OSError where that cannot be."""
        sock = control_socket.listening(data_dir)
        self._server = await asyncio.start_unix_server(self._serve, sock=sock, limit=LINE_LIMIT)

    async def stop(self) -> None:
        """Stop listening, and end the answers that still go on."""
        if self._server is None:
            return
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that runs has a task
        self._serving.add(task)
        # ConnectionError: whoever asked has gone, and nobody is left to be told.
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            try:
                await self._answer(reader, writer)
            finally:
                self._serving.discard(task)
                writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        try:
            question = json.loads(line)
            name, given = question["ask"], question.get("with", {})
            if name in self._streams:
                await self._stream(self._streams[name](given), reader, writer)
                return
            said = {"answer": await self._answers[name](given)}
        except KeyError as unknown:
            said = {"refused": f"the gateway does not know the question {unknown}"}
        except ValueError as wrong:
            said = {"refused": str(wrong)}
        except Exception as bug:  # one wrong answer must not take the socket down
            log.exception("a question on the control socket could not be answered")
            said = {"refused": f"the gateway could not answer: {type(bug).__name__}"}
        await _say(writer, said)

    @staticmethod
    async def _stream(items: AsyncIterator[Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def send() -> None:
            async for item in items:
                await _say(writer, {"answer": item})

        sending = asyncio.ensure_future(send())
        gone = asyncio.ensure_future(reader.read())  # returns when the other side closes
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            gone.cancel()
            await asyncio.gather(sending, gone, return_exceptions=True)


async def _say(writer: asyncio.StreamWriter, said: dict[str, Any]) -> None:
    writer.write(json.dumps(said).encode() + b"\n")
    await writer.drain()
