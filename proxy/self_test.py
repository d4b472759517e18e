"""The self-test at start: through the real listeners, what must never get out is aimed at a trap of the gateway's own.

Each trick would arrive were its hold broken: the policy of the test opts all of it in. That the test can see an arrival
at all is shown first, by one request without a trick.
"""

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from policies.http_request import RunClaim
from policies.never import Socket
from proxy.mitm_engine import MitmEngine
from proxy.self_test_gate import RUN, ProofGate, proof_dialler
from proxy.self_test_trap import Trap, Witness
from proxy.self_test_tricks import METADATA, NAME, OTHER, Trick, connect, request, tricks

SECONDS = 30.0
"""For one trick; each takes milliseconds on an idle machine. A busy one must not be told that something gets out."""
REFUSALS = (b"400", b"403", b"503")
SETTINGS, GOAWAY, WINDOW_UPDATE = 4, 7, 8
"""Types of HTTP/2 frames (RFC 9113, 6) that answer nothing."""


class SelfTestFailed(Exception):
    """A hold does not hold, or it could not be shown that it does. The message says which; nothing may be let in."""


async def self_test(
    engine: MitmEngine, bound: Mapping[str, Socket], forced: set[Socket], ca_file: Path, *, seconds: float = SECONDS
) -> None:
    """Raises SelfTestFailed.

    `bound` has the addresses of `proxy`, `http` and `https`. Whoever is in the chooser's `forced` is served by
    `engine`, whatever it names. Nothing is recorded, and nobody without this start's secret is answered meanwhile.
    """
    secret = secrets.token_urlsafe(24)
    witness = Witness()
    await witness.start()
    with contextlib.closing(witness), contextlib.closing(Trap()) as trap:
        targets = [(name, trap.port) for name in (NAME, OTHER, METADATA)]
        gate = ProofGate(RunClaim(RUN, secret), [*targets, (NAME, witness.port)])
        with engine.proving(gate, proof_dialler()) as fault:
            player = _Player(bound, forced, ca_file, seconds)
            await _show_that_it_sees(player, witness, secret)
            tried = list(tricks(trap.port, secret, fault))
            told = await asyncio.gather(*(player.play(trick, connect(trap.port, secret)) for trick in tried))
        caught = trap.caught()
    wrong = [why for trick, answer in zip(tried, told, strict=True) if (why := _wrong(trick, answer)) is not None]
    wrong += [f"a connection reached the trap, with {octets[:60]!r}" for octets in caught]
    if wrong:
        raise SelfTestFailed(f"the self-test at start found that something would get out: {'; '.join(wrong)}")


async def _show_that_it_sees(player: "_Player", witness: Witness, secret: str) -> None:
    """That nothing arrives proves something only where the same request without a trick does."""
    plain = Trick("a request without a trick", "proxy", request("proxy", witness.port, secret))
    told = await player.play(plain, b"")
    if told is None or not told.startswith(b"HTTP/1.1 204") or len(witness.heads) != 1:
        raise SelfTestFailed(
            "the self-test at start let one request out to itself and did not see it arrive, so it would see no leak: "
            f"the answer was {(told or b'none')[:300]!r}"
        )
    if secret.encode() in witness.heads[0] or b"roxy-" in witness.heads[0]:
        raise SelfTestFailed("the self-test at start saw proxy credentials forwarded to a destination")


def _wrong(trick: Trick, told: bytes | None) -> str | None:
    if told is None:
        return f"{trick.what} ({trick.entrance} entrance) was neither refused nor closed in time"
    if not is_refusal(told):
        return f"{trick.what} ({trick.entrance} entrance) was answered with {told[:40]!r}, which is no refusal"
    return None


def is_refusal(told: bytes) -> bool:
    """Whether all that was answered, to the end of the connection, grants nothing."""
    return not told or (told.startswith(b"HTTP/1.1 ") and told[9:12] in REFUSALS) or _is_goodbye(told)


def _is_goodbye(told: bytes) -> bool:
    """Whether these are HTTP/2 frames by which nothing is answered and the connection ends."""
    found: list[int] = []
    while len(told) >= 9:
        found.append(told[3])
        told = told[9 + int.from_bytes(told[:3]) :]
    return not told and GOAWAY in found and {*found} <= {SETTINGS, GOAWAY, WINDOW_UPDATE}


class _Player:
    """The client of the self-test."""

    def __init__(self, bound: Mapping[str, Socket], forced: set[Socket], ca_file: Path, seconds: float) -> None:
        self._bound = bound
        self._forced = forced
        self._seconds = seconds
        self._tls = ssl.create_default_context(cafile=str(ca_file))

    async def play(self, trick: Trick, tunnel: bytes) -> bytes | None:
        """All that was answered until the end of the connection, or None where it did not end."""
        told = b""
        host, port = self._bound[trick.entrance]
        try:
            async with asyncio.timeout(self._seconds):
                reader, writer = await asyncio.open_connection(_reachable(host), port)
                with self._forcing(writer), contextlib.closing(writer):
                    await self._begin(trick, tunnel, reader, writer)
                    writer.write(trick.octets)
                    with contextlib.suppress(ConnectionError, ssl.SSLError):
                        while data := await reader.read(65536):
                            told += data
        except TimeoutError:
            return None
        except (OSError, EOFError) as error:
            where = f"the {trick.entrance} entrance at {host} port {port}"
            raise SelfTestFailed(f"the self-test at start could not try {trick.what} at {where}: {error}") from error
        return told

    async def _begin(
        self, trick: Trick, tunnel: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if trick.tunnel:
            writer.write(tunnel)
            await reader.readuntil(b"\r\n\r\n")
        elif trick.entrance == "https":
            await writer.start_tls(self._tls, server_hostname=NAME)

    @contextlib.contextmanager
    def _forcing(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        """Before its first byte: the engine is chosen by what the bytes say."""
        mine: Socket = writer.get_extra_info("sockname")[:2]
        self._forced.add(mine)
        try:
            yield
        finally:
            self._forced.discard(mine)


def _reachable(bound: str) -> str:
    """Where a listener that is bound to every address is reached from here."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound, bound)
