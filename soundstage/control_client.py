"""The dashboard's side of the control socket: what only the gateway knows, asked of it each time."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from dashboard.gateway_link import GatewayUnreachable, Readiness
from soundstage import control_socket
from soundstage.control_server import LINE_LIMIT

PATIENCE = 5.0
"""Seconds an answer may take."""

RELAY_PATIENCE = 120.0
"""Seconds a relay may take with a mail."""


class ControlClient:
    """Implements `dashboard.gateway_link.Gateway`. Holds no connection: a restarted gateway is found at once."""

    def __init__(self, data_dir: Path, patience: float = PATIENCE) -> None:
        self._data_dir = data_dir
        self._patience = patience

    async def readiness(self) -> Readiness:
        """Asked now."""
        said = await self._ask("readiness")
        return Readiness(said["ready"], tuple(said["missing"]))

    async def policy(self) -> dict[str, Any]:
        """The policy in force."""
        return dict(await self._ask("policy"))

    async def policy_files(self) -> dict[str, Any]:
        """Its files as they were loaded, and the defaults."""
        return dict(await self._ask("policy_files"))

    async def explain(self, request: dict[str, Any]) -> dict[str, Any]:
        """What would happen to a request or a mail. ValueError where the question is wrong."""
        return dict(await self._ask("explain", request))

    async def metrics(self) -> dict[str, float]:
        """Gauges and counters by name."""
        return dict(await self._ask("metrics"))

    async def purge(self, filters: dict[str, Any]) -> dict[str, Any]:
        """Remove what matches."""
        # Removal goes in small slices behind the captures' own commits, so it may take long.
        return dict(await self._ask("purge", filters, patience=600.0))

    async def release(self, capture_id: str, to: list[str], source: str) -> dict[str, Any]:
        """Send a captured mail on. ValueError where it cannot be tried."""
        asked = {"id": capture_id, "to": to, "source": source}
        return dict(await self._ask("release", asked, patience=RELAY_PATIENCE))

    async def hand_in(self, sender: str, to: list[str], octets: bytes, source: str) -> dict[str, Any]:
        """Pass a mail through the gate. ValueError where it cannot be tried."""
        asked = {"sender": sender, "to": to, "octets": base64.b64encode(octets).decode(), "source": source}
        return dict(await self._ask("hand_in", asked, patience=RELAY_PATIENCE))

    async def schedule(self, job: dict[str, Any]) -> dict[str, Any]:
        """Whether a job may run. ValueError where it must not be because the question is wrong."""
        return dict(await self._ask("schedule", job))

    async def wireguard(self) -> dict[str, Any]:
        """Have the peers read again. ValueError where they cannot be served."""
        return dict(await self._ask("wireguard"))

    async def ask_run(self, question: str, given: dict[str, Any], patience: float) -> dict[str, Any]:
        """A question about runs."""
        return dict(await self._ask(question, given, patience=patience))

    async def status(self) -> dict[str, Any]:
        """Addresses and open flows."""
        return dict(await self._ask("status"))

    async def commits(self) -> AsyncIterator[int]:
        """Each committed sequence number, the latest at once."""
        reader, writer = await self._connect()
        try:
            await _send(writer, "commits", {})
            while line := await reader.readline():
                yield int(json.loads(line)["answer"])
        except (ConnectionError, ValueError) as trouble:
            raise GatewayUnreachable(f"the gateway stopped telling of commits: {trouble}") from None
        finally:
            writer.close()
        raise GatewayUnreachable("the gateway stopped telling of commits: it closed the connection")

    async def _ask(self, name: str, given: dict[str, Any] | None = None, patience: float | None = None) -> Any:
        try:
            async with asyncio.timeout(patience or self._patience):
                said = await self._exchange(name, given or {})
        except (OSError, TimeoutError, json.JSONDecodeError) as trouble:
            raise GatewayUnreachable(
                f"the gateway does not answer its control socket: {trouble or 'silence'}"
            ) from None
        if "refused" in said:
            raise ValueError(said["refused"])
        return said["answer"]

    async def _exchange(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        reader, writer = await self._connect()
        try:
            await _send(writer, name, given)
            return dict(json.loads(await reader.readline()))
        finally:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            sock = control_socket.connected(self._data_dir)
        except OSError as trouble:
            raise GatewayUnreachable(f"the gateway does not listen on its control socket: {trouble}") from None
        with contextlib.ExitStack() as opened:
            opened.callback(sock.close)
            streams = await asyncio.open_unix_connection(sock=sock, limit=LINE_LIMIT)
            opened.pop_all()
        return streams


async def _send(writer: asyncio.StreamWriter, name: str, given: dict[str, Any]) -> None:
    writer.write(json.dumps({"ask": name, "with": given}).encode() + b"\n")
    await writer.drain()
