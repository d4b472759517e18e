"""A stage for SMTP tests: an open gate with a fixed decision, bodies in memory, and a client that speaks raw bytes."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ledger.reply import Reply
from policies.body import Body
from policies.decision import Decision
from policies.effect import Effect, Target
from policies.mail import Mail
from policies.raw_connection import RawConnection
from sinks.mail_sink import MailSink
from sinks.passage import Answer, Departure, Outcome, Passage, Seen
from sinks.smtp_limits import SmtpLimits
from sinks.smtp_listener import SmtpListener

PATIENCE = 60.0
"""Seconds. A bound, not an expectation: machines that run tests are busy."""
CAPTURED = Decision(verdict="capture", rule="default:email", reason="mail is captured by default")


class MemoryIntake:
    """Keeps a body in memory."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.given_up = asyncio.Event()

    def write(self, chunk: bytes) -> None:
        self.chunks.append(chunk)

    def finish(self) -> Body:
        return Body.of(b"".join(self.chunks))

    def abandon(self) -> None:
        self.given_up.set()


@dataclass
class StageGate:
    """Takes every mail with one decision. `trouble`, where set, is raised instead."""

    decision: Decision = CAPTURED
    trouble: Exception | None = None
    mails: list[Mail] = field(default_factory=list)
    unread: list[RawConnection] = field(default_factory=list)
    settled: list[tuple[bool, Reply | None]] = field(default_factory=list)
    settle_trouble: Exception | None = None
    hold: asyncio.Event | None = None
    reached: tuple[str, ...] = ()
    """To whom a mail would leave the same way."""

    async def take(self, seen: Seen) -> Outcome:
        if isinstance(seen, RawConnection):
            self.unread.append(seen)
            return Answer("cap-1", unread_effect(seen), self.decision, Reply(fidelity="refused", status=0))
        assert isinstance(seen, Mail)
        if self.hold is not None:
            await self.hold.wait()
        if self.trouble is not None:
            raise self.trouble
        self.mails.append(seen)
        effect = effect_of(seen)
        if self.decision.leaves:
            return Departure("cap-1", effect, self.decision, self._settle, self.reached.__contains__)
        passage = Passage(seen, None, effect, self.decision, "cap-1", datetime.now(UTC))
        return Answer("cap-1", effect, self.decision, await MailSink().answer(passage))

    async def _settle(self, left: bool, reply: Reply | None) -> None:
        self.settled.append((left, reply))
        if self.settle_trouble is not None:
            raise self.settle_trouble


def effect_of(mail: Mail) -> Effect:
    target = Target(scheme="smtp", host="mail", port=mail.port)
    return Effect(channel="email", intent="write", protocol=mail.protocol, target=target, source=mail.source)


def unread_effect(seen: RawConnection) -> Effect:
    target = Target(scheme=seen.protocol, host="unnamed.invalid", port=seen.port)
    return Effect(channel="socket", intent="connect", protocol=seen.protocol, target=target, source=seen.source)


class NoRelay:
    """A relay that must not be asked."""

    async def deliver(self, departure: Departure, mail: Mail, content: object) -> tuple[bool, Reply]:
        raise AssertionError("this mail must not be relayed")


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it is so. TimeoutError where it never is."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the condition did not come true within {PATIENCE:g} s")
        await asyncio.sleep(0.01)


class RawClient:
    """Sends bytes, reads whole replies."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def reply(self) -> str:
        lines: list[str] = []
        while True:
            line = (await asyncio.wait_for(self.reader.readline(), PATIENCE)).decode()
            lines.append(line)
            if line[3:4] != "-":
                return "".join(lines)

    async def say(self, octets: bytes, replies: int = 1) -> str:
        self.writer.write(octets)
        await self.writer.drain()
        return "".join([await self.reply() for _ in range(replies)])

    async def closed(self) -> bool:
        return await asyncio.wait_for(self.reader.read(), PATIENCE) == b""


@asynccontextmanager
async def stage(
    gate: StageGate,
    *,
    tls: ssl.SSLContext | None = None,
    implicit_tls: bool = False,
    limits: SmtpLimits | None = None,
    intakes: Callable[[], MemoryIntake] = MemoryIntake,
    relay: object = None,
) -> AsyncIterator[int]:
    """A listener on a free loopback port."""
    contexts = None if tls is None else lambda: tls
    listener = SmtpListener(gate, contexts, "stage.test", intakes=intakes, limits=limits, relay=relay)  # type: ignore[arg-type]  # a fake relay need not have every name
    _, port = await listener.start("127.0.0.1", 0, implicit_tls)
    try:
        yield port
    finally:
        await listener.stop()


@asynccontextmanager
async def connected(port: int, *, greeted: bool = True) -> AsyncIterator[RawClient]:
    """A raw client that has read the greeting."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    client = RawClient(reader, writer)
    try:
        if greeted:
            assert (await client.reply()).startswith("220 ")
        yield client
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), 5)


def server_context(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate of its own making for `names`, and a client's context that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stage")])
    now = datetime.now(UTC)
    alternatives = [
        x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
        for name in names or ("stage.test",)
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "stage.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=str(path))
