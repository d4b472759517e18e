"""Adoption, the launcher's side: listening sockets of a network inside, kept served by the gateway outside."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from policies.http_request import RunClaim
from soundstage.adoption_socket import NAME
from soundstage.channel_ready import readable
from soundstage.control_socket import reachable
from soundstage.namespace_channel import Channel


class Adoption:
    """The launcher's side: keeps the sockets adopted, again by a gateway that was started anew."""

    def __init__(self, data_dir: Path, claim: RunClaim | None, descriptors: dict[str, int]) -> None:
        """`descriptors` stay the caller's, and have to stay open: connections wait in them for a gateway."""
        self._data_dir = data_dir
        self._descriptors = descriptors
        said = None if claim is None else {"run": claim.run, "token": claim.token}
        self._message = {"claim": said, "sockets": list(descriptors)}

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """While the block lasts. OSError: no gateway is there; ValueError: it refuses, in a whole sentence."""
        channel = await self._adopted()
        keeping = asyncio.ensure_future(self._keep(channel))
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _keep(self, channel: Channel) -> None:
        while True:
            with contextlib.closing(channel):
                await readable(channel)
            channel = await self._again()

    async def _again(self) -> Channel:
        while True:
            try:
                return await self._adopted()
            except (OSError, ValueError):
                await asyncio.sleep(0.2)

    async def _adopted(self) -> Channel:
        channel = Channel(_connected(self._data_dir))
        with contextlib.ExitStack() as opened:
            opened.callback(channel.close)
            channel.send(self._message, list(self._descriptors.values()))
            await readable(channel)
            answer = channel.receive()
            if answer is None:
                raise ConnectionResetError("the gateway closed its adoption socket")
            if "refused" in answer[0]:
                raise ValueError(answer[0]["refused"])
            opened.pop_all()
        return channel


def _connected(data_dir: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        with reachable(data_dir, NAME) as path:
            made.connect(path)
    except OSError:
        made.close()
        raise
    return made
