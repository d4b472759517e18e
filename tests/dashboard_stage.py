"""Stand-ins for the ledger and the gateway, and a dashboard served from them on a real socket. Shared by the dashboard's tests."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn

from dashboard.app import create_app
from dashboard.gateway_link import GatewayUnreachable, Readiness
from dashboard.settings import DashboardSettings
from dashboard.sign_in import SignInLinks
from ledger.capture import Capture, Payload, ReplySummary
from ledger.filters import Filters
from ledger.identifier import new_id
from ledger.reply import Fidelity
from policies.body import Body
from policies.decision import Decision, Verdict
from policies.effect import Channel, Effect, Intent, Target

ADMIN = "admin-token-of-the-tests"


@dataclass(frozen=True, slots=True)
class StoredFake:
    """A capture as the reader gives it."""

    seq: int
    capture: Capture
    query: str = ""
    request_headers: tuple[tuple[str, str], ...] = ()
    reply_headers: tuple[tuple[str, str], ...] = ()
    reply_body: bytes = b""
    session: Mapping[str, Any] = field(default_factory=dict)
    raw: bytes | None = b""

    def as_contract(self) -> dict[str, Any]:
        return self.capture.as_contract()


@dataclass(frozen=True, slots=True)
class PageFake:
    """One page."""

    items: list[StoredFake]
    next: str | None


@dataclass(frozen=True, slots=True)
class SumFake:
    """A tally and a group in one."""

    run: str
    channel: str
    host: str
    operation: str | None
    verdict: str
    left: bool
    count: int
    first: datetime
    last: datetime


def matches(stored: StoredFake, asked: Filters) -> bool:
    """The filters that the dashboard's tests use, as contract.md defines them."""
    shown = stored.as_contract()
    facts = shown["facts"]
    to = facts.get("to") or []
    pairs = [
        (asked.run, shown["run"]),
        (asked.channel, shown["channel"]),
        (asked.provider, shown["provider"]),
        (asked.operation, shown["operation"]),
        (asked.verdict, shown["verdict"]),
        (asked.left, shown["left"]),
        (asked.host, shown["target"]["host"]),
    ]
    parts = [(asked.to, " ".join(to)), (asked.sender, facts.get("from", "")), (asked.subject, facts.get("subject", ""))]
    text = f"{shown} {(stored.raw or b'')!r}".lower()
    return (
        all(wanted is None or wanted == there for wanted, there in pairs)
        and all(wanted is None or wanted.lower() in there.lower() for wanted, there in parts)
        and (not asked.channels or shown["channel"] in asked.channels)
        and (asked.larger is None or shown["payload"]["size"] > asked.larger)
        and (asked.since is None or stored.capture.at >= asked.since)
        and (asked.until is None or stored.capture.at < asked.until)
        and all(word in text for word in (asked.q or "").lower().split())
    )


class LedgerFake:
    """Captures in memory, in the reader's shape."""

    def __init__(self) -> None:
        self.kept: list[StoredFake] = []
        self.grown = asyncio.Event()

    def add(self, stored: StoredFake) -> StoredFake:
        stored = replace(stored, seq=len(self.kept) + 1)
        self.kept.append(stored)
        self.grown.set()
        return stored

    def captures(self, filters: Filters, after: str | None = None, limit: int = 100) -> PageFake:
        if after is not None and not after.isdigit():
            raise ValueError(f"{after!r} is no cursor of ours.")
        below = int(after) if after else 1 << 60
        found = [one for one in reversed(self.kept) if one.seq < below and matches(one, filters)]
        more = str(found[limit - 1].seq) if len(found) > limit else None
        return PageFake(found[:limit], more)

    def since(self, seq: int, limit: int = 200) -> list[StoredFake]:
        return [one for one in self.kept if one.seq > seq][:limit]

    def get(self, capture_id: str) -> StoredFake | None:
        return next((one for one in self.kept if one.capture.id == capture_id), None)

    def raw(self, capture_id: str) -> bytes | None:
        stored = self.get(capture_id)
        return None if stored is None else stored.raw

    def count(self, filters: Filters) -> int:
        return len(self.captures(filters, None, 1 << 60).items)

    def last_seq(self) -> int:
        return len(self.kept)

    def tallies(self) -> list[SumFake]:
        return self.groups(Filters())

    def groups(self, filters: Filters) -> list[SumFake]:
        sums: dict[tuple[Any, ...], SumFake] = {}
        for one in self.kept:
            if not matches(one, filters):
                continue
            effect, verdict, at = one.capture.effect, one.capture.decision.verdict, one.capture.at
            key = (effect.run, effect.channel, effect.target.host, effect.operation, verdict, one.capture.left)
            known = sums.get(key, SumFake(*key, 0, at, at))
            sums[key] = replace(known, count=known.count + 1, last=at)
        return list(sums.values())

    def timeline(self, bucket_seconds: int, since: datetime) -> list[tuple[datetime, str, int]]:
        return [(one.capture.at, one.capture.decision.verdict, 1) for one in self.kept if one.capture.at >= since]

    def similar(self, stored: StoredFake, limit: int) -> list[StoredFake]:
        like = stored.capture.effect
        asked = Filters(channel=like.channel, host=like.target.host, operation=like.operation)
        return [one for one in self.captures(asked, str(stored.seq), limit).items if one.seq < stored.seq]


class GatewayFake:
    """A gateway that answers what a test says."""

    def __init__(self, ledger: LedgerFake) -> None:
        self.ledger = ledger
        self.away = False
        self.ready = Readiness(True)
        self.told: dict[str, Any] = {"environment": "staging-eu", "sources": [], "warnings": [], "error": None, "opt_ins": []}
        self.purged: list[dict[str, Any]] = []
        self.refusal: str | None = None

    def _here(self) -> None:
        if self.away:
            raise GatewayUnreachable("the control socket is gone")

    async def readiness(self) -> Readiness:
        self._here()
        return self.ready

    async def policy(self) -> dict[str, Any]:
        self._here()
        return self.told

    async def explain(self, request: dict[str, Any]) -> dict[str, Any]:
        self._here()
        if "email" in request:
            opt_in = f"- id: choose-a-name\n  email: {{to: {request['email']['to']}}}\n  via: smtp://relay.internal:25\n"
            return {"verdict": "capture", "rule": "default:email", "reason": "mails are captured", "opt_in": opt_in}
        host = request["url"].split("/")[2]
        if "." not in host:
            raise ValueError(f"url: {request['url']!r} names no host.")
        opt_in = f"- id: choose-a-name\n  to: {host}\n  methods: [{request['method']}]\n  why: ...\n  owner: ...\n  expires: 2026-12-31\n"
        reason = f"no opt-in matches {host}; payments are captured by default"
        return {"verdict": "capture", "rule": "default:payment", "reason": reason, "opt_in": opt_in}

    async def metrics(self) -> dict[str, float]:
        self._here()
        return {"soundstage_captures_total": float(len(self.ledger.kept))}

    async def commits(self) -> AsyncIterator[int]:
        while True:
            self._here()
            yield self.ledger.last_seq()
            self.ledger.grown.clear()
            await self.ledger.grown.wait()

    async def purge(self, filters: dict[str, Any]) -> dict[str, Any]:
        self._here()
        self.purged.append(filters)
        return {"refused": self.refusal} if self.refusal else {"removed": len(self.ledger.kept)}

    async def status(self) -> dict[str, Any]:
        self._here()
        return {"addresses": {"smtp": "127.0.0.1:1025", "proxy": "127.0.0.1:8080"}, "open_flows": 0}


@dataclass(slots=True)
class Stage:
    """A dashboard that runs."""

    url: str
    ledger: LedgerFake
    gateway: GatewayFake
    data_dir: Path

    def link(self) -> str:
        return f"{self.url}/sign-in?token={SignInLinks(self.data_dir).make()}"

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {ADMIN}"}


@contextlib.asynccontextmanager
async def staged(data_dir: Path, ledger: LedgerFake | None = None) -> AsyncIterator[Stage]:
    """The real application under a real server, on a free port of loopback."""
    ledger = ledger or LedgerFake()
    gateway = GatewayFake(ledger)
    app = create_app(DashboardSettings(data_dir, ADMIN), ledger, gateway)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, lifespan="on", ws="none")
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve([listening]))
    try:
        async with asyncio.timeout(10):
            while not server.started and not serving.done():
                await asyncio.sleep(0.01)
        yield Stage(f"http://127.0.0.1:{listening.getsockname()[1]}", ledger, gateway, data_dir)
    finally:
        server.should_exit = True
        await serving


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
) -> StoredFake:
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
    return StoredFake(0, kept, raw=raw, **more)


def mail(subject: str, to: Sequence[str], raw: bytes, sender: str = "shop@example.com", **more: Any) -> StoredFake:
    """One captured mail."""
    facts = {"from": sender, "to": list(to), "subject": subject}
    return capture(facts=facts, raw=raw, content_type="message/rfc822", **more)
