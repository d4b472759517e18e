"""A stage for the transparent entrance: `serve` with the destination a test says, over a door that remembers."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from door_stage import RememberingGate, Stage, stage

from policies.http_request import NameSource, RunClaim
from proxy.accept import Peer
from proxy.listener import Listener
from proxy.listener_opening import Patience
from proxy.transparent import TransparentEntrance
from proxy.transparent_destination import Place

SHORT = Patience(head=5.0, hello=1.0, silence=0.3, more=0.3)
"""For clients whose silence is waited for. One that speaks may be later than that on a busy machine."""
CLAIM = RunClaim("ci-1", "token")


@dataclass
class Handed:
    """What mail and DNS servers were handed; each answers one line and is done."""

    mail: list[tuple[bool, int, RunClaim | None, str]] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


class Mail:
    def __init__(self, handed: Handed) -> None:
        self._handed = handed

    async def serve(
        self, sock: socket.socket, peer: Peer, *, implicit_tls: bool, port: int, claim: RunClaim | None, meant: str
    ) -> None:
        self._handed.mail.append((implicit_tls, port, claim, meant))
        await asyncio.get_running_loop().sock_sendall(sock, b"220 here\r\n")


class Questions:
    def __init__(self, handed: Handed) -> None:
        self._handed = handed

    async def serve(self, sock: socket.socket, peer: Peer, *, meant: str) -> None:
        self._handed.questions.append(meant)
        await asyncio.get_running_loop().sock_sendall(sock, b"answer")


class Names(dict[str, str]):
    def name_of(self, address: str) -> str | None:
        return self.get(address)


@dataclass
class Redirected:
    """The entrance, and where the next connection to it was meant to go."""

    door: Stage
    entrance: TransparentEntrance
    handed: Handed
    names: Names
    own_ends: set[Place]
    address: Place = ("", 0)
    straight: Place = ("", 0)
    """A listener of the entrance itself, to which nothing is redirected."""
    meant: Place = ("1.1.1.1", 443)
    source: NameSource = "address"

    def fresh(self) -> "Redirected":
        """As if nothing had been here."""
        self.gate.taken.clear()
        self.handed.mail.clear()
        self.handed.questions.clear()
        self.names.clear()
        self.own_ends.clear()
        self.meant, self.source = ("1.1.1.1", 443), "address"
        return self

    @property
    def gate(self) -> RememberingGate:
        return self.door.gate

    async def serve(self, sock: socket.socket, peer: Peer) -> None:
        await self.entrance.serve(sock, peer, self.meant, self.source)


@contextlib.asynccontextmanager
async def redirected(
    folder: Path, *, with_questions: bool = True, patience: Patience | None = None
) -> AsyncIterator[Redirected]:
    """For one block."""
    async with stage(folder) as door:
        handed, names, own_ends = Handed(), Names(), set[Place]()
        entrance = TransparentEntrance(
            chooser=door.chooser,
            gate=door.gate,
            mail=Mail(handed),
            names=names,
            claim=CLAIM,
            questions=Questions(handed) if with_questions else None,
            patience=patience,
            own_ends=own_ends,
        )
        made = Redirected(door, entrance, handed, names, own_ends)
        listeners = Listener(made.serve), Listener(entrance)
        made.address, made.straight = [await listener.start("127.0.0.1", 0) for listener in listeners]
        try:
            yield made
        finally:
            for listener in listeners:
                await listener.stop()
