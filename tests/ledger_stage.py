"""LedgerStage: a real ledger in a directory of its own, and records to put into it."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ledger.body_store import BodyStore
from ledger.capture import Capture, Payload, ReplySummary
from ledger.committer import PROBE_SECONDS
from ledger.data_dir import prepare
from ledger.identifier import new_id
from ledger.indexer import Indexer
from ledger.reader import Reader
from ledger.record import Record
from ledger.store import Ledger, open_ledger
from ledger.writer import Writer
from policies.body import Body
from policies.decision import Decision
from policies.effect import Effect, Target

REPLY = b'{"id":"pi_1","object":"payment_intent","amount":4200}'


def record_of(
    *,
    at: datetime | None = None,
    body: bytes = b"amount=4200&currency=eur",
    verdict: str = "capture",
    left: bool = False,
    facts: dict[str, Any] | None = None,
    content_type: str = "application/x-www-form-urlencoded",
    **effect: Any,
) -> Record:
    """A small charge, or whatever the fields say."""
    at = at or datetime.now(UTC)
    host = effect.pop("host", "api.stripe.com")
    fields: dict[str, Any] = {
        "channel": "payment",
        "intent": "write",
        "protocol": "http/1.1",
        "target": Target(scheme="https", host=host, port=443, method="POST", path="/v1/payment_intents"),
        "source": "10.0.3.7",
        "run": "ci-1",
        "provider": "stripe",
        "operation": "payment_intent.create",
    }
    kept = Body.of(body)
    capture = Capture(
        id=new_id(at),
        at=at,
        effect=Effect(**{**fields, **effect}),
        decision=Decision(verdict=verdict, rule="default:payment", reason="payments are captured by default"),
        fidelity="shaped",
        left=left,
        payload=Payload(content_type=content_type, size=kept.size, sha256=kept.sha256),
        reply=ReplySummary(status=200, size=len(REPLY)),
        facts={"amount": 4200} if facts is None else facts,
    )
    headers = (("host", host), ("content-type", content_type))
    return Record(
        capture, kept, request_headers=headers, reply_headers=(("content-type", "application/json"),), reply_body=REPLY
    )


def mail_of(subject: str, to: list[str], text: str = "Hello", **fields: Any) -> Record:
    """A captured mail."""
    raw = f"From: shop@example.com\r\nTo: {', '.join(to)}\r\nSubject: {subject}\r\n\r\n{text}\r\n".encode()
    return record_of(
        body=raw,
        content_type="message/rfc822",
        channel="email",
        provider=None,
        operation=None,
        host="mail",
        facts={"from": "shop@example.com", "to": to, "subject": subject, "message_id": "<1@example.com>"},
        **fields,
    )


def with_body(record: Record, body: Body) -> Record:
    """The same record with another kept body."""
    payload = Payload(content_type="application/octet-stream", size=body.size, sha256=body.sha256)
    return replace(record, capture=record.capture.model_copy(update={"payload": payload}), kept_body=body)


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything of one ledger."""

    data_dir: Path
    ledger: Ledger
    store: BodyStore
    writer: Writer
    reader: Reader
    indexer: Indexer

    async def record(self, record: Record) -> None:
        """Returns once it is durable."""
        await self.writer.record(record)

    async def record_all(self, records: list[Record]) -> None:
        """In this order, many to a transaction."""
        async with asyncio.TaskGroup() as group:
            for record in records:
                group.create_task(self.record(record))

    def indexed(self) -> int:
        """Up to which one the index knows, as its file says; 0 while there is none."""
        file = self.data_dir / "search.sqlite"
        if not file.exists():
            return 0
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT value FROM counters WHERE name = 'indexed'").fetchone()[0])


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, a minute at most: machines that run tests are busy."""
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition did not come true within a minute")
        await asyncio.sleep(0.01)


@asynccontextmanager
async def stage(path: Path, *, probe_seconds: float = PROBE_SECONDS) -> AsyncIterator[Stage]:
    """A gateway's ledger, opened and writing. The indexer is there but not running: `catch_up` runs it."""
    data_dir = prepare(path)
    ledger = open_ledger(data_dir, writer=True)
    store = BodyStore(data_dir)
    writer = Writer(ledger, store, probe_seconds=probe_seconds)
    writer.start()
    indexer = Indexer(ledger, store)
    try:
        yield Stage(data_dir, ledger, store, writer, Reader(ledger, store), indexer)
    finally:
        indexer.close()
        await writer.close()
        ledger.close()


@contextmanager
def reading(data_dir: Path) -> Iterator[Reader]:
    """The same ledger as another process sees it."""
    ledger = open_ledger(data_dir, writer=False)
    try:
        yield Reader(ledger)
    finally:
        ledger.close()
