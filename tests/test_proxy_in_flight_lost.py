"""What is refused before the gate is asked is told of all the same: no run that may have lost an effect is clean."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mitm_house import mitm_house
from smtp_stage import MemoryIntake, StageGate, until

from policies.effect import UNATTRIBUTED
from policies.http_request import RunClaim
from proxy.accept import AcceptLoop, Peer, listening_socket
from sinks.accepting import WAITING, Accepting
from sinks.binding import bound_socket
from sinks.in_flight import InFlight
from sinks.smtp_limits import SmtpLimits
from sinks.smtp_listener import SmtpListener

CLAIM = RunClaim("run", "token")


def run_of(claim: RunClaim | None, source: str) -> str:
    return UNATTRIBUTED if claim is None else claim.run


async def test_a_body_that_cannot_be_put_aside(tmp_path: Path) -> None:
    """mitmproxy asks no hook then: its connection was shut, and nothing was known of the request."""
    register, folder = InFlight(), tmp_path / "house"
    folder.mkdir()
    async with mitm_house(folder, in_flight=register) as house:
        reader, writer = await house.tunnel("a.test:443", sni="a.test")
        folder.rename(tmp_path / "gone")
        writer.write(b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2000000\r\n\r\n" + bytes(2_000_000))
        with contextlib.suppress(ConnectionError):  # there is more of the request than was read
            assert await asyncio.wait_for(reader.read(), 30) == b""
        await until(lambda: register.size == 0)
        (tmp_path / "gone").rename(folder)
        writer.close()
    assert [(work.what, why) for work, why in register.lost()] == [("a request", "Soundstage failed on it")]


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        pytest.param(OSError(errno.EMFILE, "Too many open files"), 1, id="no-descriptor"),
        pytest.param(OSError(errno.ENOSPC, "No space left on device"), 1, id="no-room"),
        pytest.param(RuntimeError("a bug"), 1, id="a-bug"),
        pytest.param(ConnectionResetError(errno.ECONNRESET, "reset"), 0, id="the-client-went-away"),
    ],
)
async def test_an_entrance_that_fails_when_its_connection_is_entered_no_more(error: Exception, lost: int) -> None:
    register = InFlight()

    async def fail(sock: socket.socket, peer: Peer) -> None:
        register.end(peer.id)
        raise error

    sock = listening_socket("127.0.0.1", 0)
    loop = AcceptLoop(sock, fail, register, CLAIM)
    reader, writer = await asyncio.open_connection(*sock.getsockname())
    assert await asyncio.wait_for(reader.read(), 60) == b""
    writer.close()
    await loop.stop()
    assert [work.claim for work, _ in register.lost()] == [CLAIM] * lost


class Exhausted(socket.socket):
    """A listening socket of a process that has no file descriptors left."""

    exhausted, tried = True, 0

    def accept(self) -> tuple[socket.socket, Any]:
        if self.exhausted:
            self.tried += 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def exhausted() -> Exhausted:
    with bound_socket("127.0.0.1", 0) as bound:
        made = Exhausted(fileno=bound.detach())
    made.setblocking(False)
    made.listen()
    return made


def http(sock: socket.socket, register: InFlight, taken: list[str]) -> Callable[[], Any]:
    async def serve(accepted: socket.socket, peer: Peer) -> None:
        taken.append(peer.address)

    return AcceptLoop(sock, serve, register).stop


def mail(sock: socket.socket, register: InFlight, taken: list[str]) -> Callable[[], Any]:
    def take(accepted: socket.socket, peer: Any) -> None:
        taken.append(peer[0])
        accepted.close()

    return Accepting(asyncio.get_running_loop(), sock, take, register).stop


@pytest.mark.parametrize("listening", [pytest.param(http, id="http"), pytest.param(mail, id="mail")])
@pytest.mark.parametrize("ends", [pytest.param(True, id="accepted-at-last"), pytest.param(False, id="stopped")])
async def test_what_waits_to_be_accepted_keeps_every_run_from_coming_to_rest(listening: Any, ends: bool) -> None:
    """Of a run that was seen at one address alone: a connection that waits in the kernel may come from any other."""
    register, taken, sock = InFlight(), list[str](), exhausted()
    register.watch("run")
    register.judge("effect", "run", "10.0.0.1")
    register.judged("effect")
    stop = listening(sock, register, taken)
    with socket.create_connection(sock.getsockname(), timeout=60):
        await until(lambda: len(register.perhaps_of("run", run_of)) == 1)
        (work,) = register.perhaps_of("run", run_of)
        assert WAITING in work.what
        await until(lambda: sock.tried >= 3)
        assert register.holds(work), "one wait, however often it is tried again"
        if ends:
            sock.exhausted = False
            await until(lambda: taken == ["127.0.0.1"])
            await until(lambda: not register.going)
        stopped = stop()
        if stopped is not None:
            await stopped
    assert not register.going


async def test_what_is_never_accepted_is_told_of() -> None:
    """A contained command is gone, and its network with it, while there are no descriptors."""
    register, sock = InFlight(), exhausted()

    async def serve(accepted: socket.socket, peer: Peer) -> None:
        raise AssertionError("nothing can be accepted")

    loop = AcceptLoop(sock, serve, register, CLAIM)
    with socket.create_connection(sock.getsockname(), timeout=10):
        await until(lambda: sock.tried > 0)
        await loop.run_out(0.1)
        await loop.stop()
    ((work, why),) = register.lost()
    assert (work.claim, why) == (CLAIM, "its network was gone before it was accepted")
    assert not register.going


async def test_a_mail_client_that_is_one_too_many() -> None:
    register = InFlight()
    listener = SmtpListener(
        StageGate(),
        None,
        "stage.test",
        intakes=MemoryIntake,
        limits=SmtpLimits(connections=1),
        in_flight=register,
        claim=CLAIM,
    )
    place = await listener.start("127.0.0.1", 0)
    first = await asyncio.open_connection(*place)
    assert (await first[0].readline()).startswith(b"220 ")
    second = await asyncio.open_connection(*place)
    assert (await second[0].readline()).startswith(b"421 ")
    for _, writer in (first, second):
        writer.close()
    await listener.stop()
    ((work, why),) = register.lost()
    assert (work.what, work.run_by(run_of), why) == ("a mail client", "run", "too many are connected")


def test_more_than_can_be_kept_is_everybodys() -> None:
    """The run that comes a moment after a flood of another's must not be told whole."""
    register = InFlight()
    for number in range(1_500):
        register.begin(number, "a request", "10.0.0.1", claim=CLAIM if number < 1_000 else None, told=True)
        register.lose(number, "the disk is full")
    lost = register.lost()
    assert len(lost) == 1_001
    assert {work.run_by(run_of) for work, _ in lost} == {"run", UNATTRIBUTED}
    assert (lost[-1][0].what, lost[-1][1]) == ("one of more than 1000 effects", "the disk is full")
    assert register.lost() == []
