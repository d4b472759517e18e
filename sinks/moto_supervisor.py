"""Starts the moto process when it is first needed, proves that it has no way out, and starts it again when it died."""

import asyncio
import json
import os
import shutil
import socket
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from sinks.emulator import EmulatorUnavailable

PROJECT = Path(__file__).resolve().parent.parent
START_LIMIT = 60.0
"""Seconds moto may take to import and prove itself: one of the processor, which a busy machine gives slowly."""


class MotoProcess:
    """One moto process and the unix socket it serves. `socket_path` is valid once `ensure` has returned."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()
        self.generation = 0
        """Counts starts: what an earlier process held in memory is gone."""

    @property
    def socket_path(self) -> str:
        if self._folder is None:
            raise EmulatorUnavailable("the S3 emulator has not been started")
        return str(self._folder / "s3.sock")

    @property
    def process_id(self) -> int:
        if self._process is None:
            raise EmulatorUnavailable("the S3 emulator has not been started")
        return self._process.pid

    async def ended(self) -> None:
        """Return once the process, if there is one, has ended."""
        if self._process is not None:
            await self._process.wait()

    async def ensure(self) -> None:
        """Return with a proved process running; EmulatorUnavailable says why there is none."""
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                await self._start()

    async def _start(self) -> None:
        self._forget()
        # Under the system's short temporary path: a unix socket's path may have 107 octets, a data directory's more.
        self._folder = Path(tempfile.mkdtemp(prefix="soundstage-"))
        with closing(socket.socket(socket.AF_UNIX)) as listening, closing(_trap()) as trap:
            listening.bind(self.socket_path)
            listening.listen(128)
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                "from sinks.moto_process import main; main()",
                str(listening.fileno()),
                str(trap.getsockname()[1]),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                pass_fds=[listening.fileno()],
                cwd=PROJECT,
                env={"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1", "AWS_EC2_METADATA_DISABLED": "true"},
            )
            await self._proved(self._process, trap)
        self.generation += 1

    async def _proved(self, process: asyncio.subprocess.Process, trap: socket.socket) -> None:
        assert process.stdout is not None  # noqa: S101 - it was asked for as a pipe
        try:
            line = await asyncio.wait_for(process.stdout.readline(), START_LIMIT)
            said = json.loads(line)
        except (TimeoutError, ValueError):
            await self.stop()
            raise EmulatorUnavailable("the S3 emulator did not start; its messages are on stderr") from None
        if not said["ready"] or _sprung(trap):
            await self.stop()
            what = ", ".join(said["open"]) or "the trap was reached"
            raise EmulatorUnavailable(f"the S3 emulator has a way out and was ended: {what}")

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()
        self._forget()

    def _forget(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _trap() -> socket.socket:
    trap = socket.create_server(("127.0.0.1", 0))
    trap.setblocking(False)
    return trap


def _sprung(trap: socket.socket) -> bool:
    try:
        trap.accept()[0].close()
    except BlockingIOError:
        return False
    return True
