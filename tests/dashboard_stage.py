"""Stand-ins for ledger and gateway, and a dashboard served from them on a real socket."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from running import PATIENCE

from dashboard.app import create_app
from dashboard.gateway_link import GatewayUnreachable, Readiness
from dashboard.settings import DashboardSettings
from dashboard.sign_in import SignInLinks
from ledger.body_store import BodyStore
from ledger.capture import Capture, Payload, ReplySummary
from ledger.data_dir import prepare
from ledger.identifier import new_id
from ledger.labels import Labels
from ledger.reader import Reader
from ledger.record import Record
from ledger.reply import Fidelity
from ledger.store import Ledger, open_ledger
from ledger.writer import Writer
from policies.body import Body
from policies.decision import Decision, Verdict
from policies.effect import Channel, Effect, Intent, Target

ADMIN = "admin-token-of-the-tests"


class GatewayFake:
    """A gateway that answers what a test says."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.away = False
        self.ready = Readiness(True)
        self.told: dict[str, Any] = {
            "environment": "staging-eu",
            "sources": [],
            "warnings": [],
            "error": None,
            "opt_ins": [],
        }
        self.files: dict[str, Any] = {"files": [], "defaults": {"email": "capture", "web": {"write": "capture"}}}
        self.purged: list[dict[str, Any]] = []
        self.refusal: str | None = None
        self.released: list[tuple[str, list[str], str]] = []
        self.outcome: dict[str, Any] = {}
        self.handed_in: list[tuple[str, list[str], bytes, str]] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.scheduled: list[dict[str, Any]] = []

    def _here(self) -> None:
        if self.away:
            raise GatewayUnreachable("the control socket is gone")

    async def readiness(self) -> Readiness:
        self._here()
        return self.ready

    async def policy(self) -> dict[str, Any]:
        self._here()
        return self.told

    async def policy_files(self) -> dict[str, Any]:
        self._here()
        return self.files

    async def explain(self, request: dict[str, Any]) -> dict[str, Any]:
        self._here()
        if "email" in request:
            opt_in = (
                f"- id: choose-a-name\n  email: {{to: {request['email']['to']}}}\n  via: smtp://relay.internal:25\n"
            )
            return {"verdict": "capture", "rule": "default:email", "reason": "mails are captured", "opt_in": opt_in}
        host = request["url"].split("/")[2]
        if "." not in host:
            raise ValueError(f"url: {request['url']!r} names no host.")
        opt_in = f"- id: choose-a-name\n  to: {host}\n  methods: [{request['method']}]\n  why: ...\n"
        reason = f"no opt-in matches {host}; payments are captured by default"
        return {"verdict": "capture", "rule": "default:payment", "reason": reason, "opt_in": opt_in}

    async def metrics(self) -> dict[str, float]:
        self._here()
        return {"soundstage_captures_total": 7.0}

    async def commits(self) -> AsyncIterator[int]:
        self._here()
        async for seq in self._writer.subscribe():
            yield seq

    async def purge(self, filters: dict[str, Any]) -> dict[str, Any]:
        self._here()
        self.purged.append(filters)
        return {"refused": self.refusal} if self.refusal else {"removed": 3}

    async def release(self, capture_id: str, to: list[str], source: str) -> dict[str, Any]:
        self._here()
        self.released.append((capture_id, to, source))
        if self.refusal:
            raise ValueError(self.refusal)
        return self.outcome

    async def hand_in(self, sender: str, to: list[str], octets: bytes, source: str) -> dict[str, Any]:
        self._here()
        self.handed_in.append((sender, to, octets, source))
        return self.outcome

    async def schedule(self, job: dict[str, Any]) -> dict[str, Any]:
        self._here()
        if self.refusal:
            raise ValueError(self.refusal)
        self.scheduled.append(job)
        return self.outcome

    async def ask_run(self, question: str, given: dict[str, Any], patience: float) -> dict[str, Any]:
        self._here()
        self.asked.append((question, given))
        return self.outcome

    async def status(self) -> dict[str, Any]:
        self._here()
        return {"addresses": {"smtp": "127.0.0.1:1025", "proxy": "127.0.0.1:8080"}, "open_flows": 0}


@dataclass(slots=True)
class Stage:
    """A dashboard that runs, over a real ledger."""

    url: str
    writer: Writer
    reader: Reader
    gateway: GatewayFake
    data_dir: Path

    async def add(self, *records: Record) -> str:
        """Record them, in this order; the id of the last."""
        for record in records:
            await self.writer.record(record)
        return records[-1].capture.id

    def link(self) -> str:
        """A sign-in link, good once."""
        return f"{self.url}/sign-in?token={SignInLinks(self.data_dir).make()}"

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {ADMIN}"}


@contextlib.asynccontextmanager
async def recording(data_dir: Path) -> AsyncIterator[tuple[Ledger, Writer]]:
    """A ledger in an empty directory, and its writer."""
    ledger = open_ledger(prepare(data_dir), writer=True)
    writer = Writer(ledger, BodyStore(data_dir))
    writer.start()
    try:
        yield ledger, writer
    finally:
        await writer.close()
        ledger.close()


@contextlib.asynccontextmanager
async def staged(data_dir: Path, gateway: type[GatewayFake] = GatewayFake) -> AsyncIterator[Stage]:
    """The real application over a real ledger under a real server, on a free port of loopback."""
    data_dir = data_dir / "data"
    async with recording(data_dir) as (ledger, writer), served(data_dir, ledger, writer, gateway) as stage:
        yield stage


@contextlib.asynccontextmanager
async def served(
    data_dir: Path, ledger: Ledger, writer: Writer, kind: type[GatewayFake] = GatewayFake
) -> AsyncIterator[Stage]:
    """A dashboard over what is there."""
    reader, gateway = Reader(ledger), kind(writer)
    app = create_app(DashboardSettings(data_dir, ADMIN), reader, gateway, Labels(ledger))
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, lifespan="on", http="h11", ws="none")
    server = _Server(config)
    serving = asyncio.ensure_future(server.serve([listening]))
    try:
        await asyncio.wait_for(server.ready.wait(), PATIENCE)
        yield Stage(f"http://127.0.0.1:{listening.getsockname()[1]}", writer, reader, gateway, data_dir)
    finally:
        await app.state.feed.close()
        server.should_exit = True
        await serving
        listening.close()


class _Server(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def capture(
    *,
    channel: Channel = "email",
    verdict: Verdict = "capture",
    host: str = "mail",
    scheme: str = "smtp",
    port: int = 1025,
    method: str | None = None,
    path: str | None = None,
    provider: str | None = None,
    operation: str | None = None,
    intent: Intent = "write",
    facts: dict[str, Any] | None = None,
    raw: bytes = b"",
    content_type: str | None = None,
    run: str = "unattributed",
    reason: str = "",
    rule: str = "",
    left: bool = False,
    fidelity: Fidelity = "shaped",
    status: int = 250,
    flags: Sequence[str] = (),
    ago: float = 0,
    **more: Any,
) -> Record:
    """One capture, `ago` seconds old."""
    at = datetime.now(UTC) - timedelta(seconds=ago)
    body = Body.of(raw)
    target = Target(scheme=scheme, host=host, port=port, method=method, path=path)
    protocol = scheme if scheme in ("smtp", "smtps", "dns") else "http/1.1"
    effect = Effect(
        channel=channel, intent=intent, protocol=protocol, target=target, source="10.0.3.7", run=run,
        provider=provider, operation=operation,
    )  # fmt: skip
    decision = Decision(
        verdict=verdict,
        rule=rule or f"default:{channel}",
        reason=reason or f"no opt-in matches {host}; {channel} is captured by default",
    )
    kept = Capture(
        id=new_id(at), at=at, effect=effect, decision=decision, fidelity=fidelity, left=left,
        payload=Payload(content_type=content_type, size=body.size, sha256=body.sha256),
        reply=ReplySummary(status=status, size=len(more.get("reply_body", b""))), facts=facts or {}, flags=tuple(flags),
    )  # fmt: skip
    return Record(kept, kept_body=body, **more)


def mail(subject: str, to: Sequence[str], raw: bytes, sender: str = "shop@example.com", **more: Any) -> Record:
    """One captured mail."""
    facts = {"from": sender, "to": list(to), "subject": subject}
    return capture(facts=facts, raw=raw, content_type="message/rfc822", **more)
