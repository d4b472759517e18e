"""Reading a large ledger as the dashboard does: lists, searches and counts, at the 95th percentile.

`python -m bench.ledger_bench 1000000` does it with another number of captures.
"""

import asyncio
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.table import show
from ledger.body_store import BodyStore
from ledger.capture import Capture, Payload, ReplySummary
from ledger.data_dir import prepare
from ledger.filters import Filters
from ledger.identifier import new_id
from ledger.indexer import Indexer
from ledger.reader import Reader
from ledger.record import Record
from ledger.store import Ledger, open_ledger
from ledger.writer import Writer
from policies.body import Body
from policies.decision import Decision
from policies.effect import Effect, Target

WORDS = ("lamp", "invoice", "order", "welcome", "reset", "password", "parcel", "refund", "receipt", "window", "chair")
CHANNELS = ("email", "payment", "sms", "webhook", "chat", "storage")
REPEATS = 40
FEW = 10_000
"""Captures after which memory is looked at for the first time."""


def record_of(number: int, at: datetime) -> Record:
    """The `number`th capture of a busy staging week."""
    channel = CHANNELS[number % len(CHANNELS)]
    words = " ".join(WORDS[(number * step) % len(WORDS)] for step in (1, 3, 7))
    host = f"api{number % 40}.partner.example"
    body = Body.of(f"Subject: {words} {number}\r\n\r\nHello customer {number}, your {words}.\r\n".encode())
    target = Target(scheme="https", host=host, port=443, method="POST", path=f"/v1/{WORDS[number % len(WORDS)]}")
    facts = {"subject": f"{words} {number}", "to": [f"customer{number % 5000}@example.test"], "from": "a@shop.test"}
    effect = Effect(
        channel=channel,
        intent="write",
        protocol="http/1.1",
        target=target,
        source="10.0.0.7",
        facts=facts,
        recipients=(facts["to"][0],),
    )
    return Record(
        capture=Capture(
            id=new_id(at),
            at=at,
            effect=effect,
            decision=Decision(verdict="capture", rule=f"default:{channel}", reason="captured by default"),
            fidelity="shaped",
            left=False,
            payload=Payload(content_type="message/rfc822", size=body.size, sha256=body.sha256),
            reply=ReplySummary(status=200, size=2),
            facts=facts,
        ),
        kept_body=body,
        reply_body=b"{}",
    )


async def fill(ledger: Ledger, store: BodyStore, captures: int, after: int = 0) -> float:
    """Write so many captures after those, 500 at a time; captures a second."""
    writer = Writer(ledger, store)
    writer.start()
    started, begin = time.monotonic(), datetime.now(UTC) - timedelta(days=7)
    for first in range(after, after + captures, 500):
        numbers = range(first, min(first + 500, after + captures))
        batch = (record_of(n, begin + timedelta(seconds=n * 2)) for n in numbers)
        await asyncio.gather(*(writer.record(record) for record in batch))
    await writer.close()
    return captures / (time.monotonic() - started)


def questions(reader: Reader) -> dict[str, Callable[[int], Any]]:
    """What the dashboard asks, by name."""
    return {
        "newest 60": lambda n: reader.captures(Filters(), limit=60),
        "newest 60 mails": lambda n: reader.captures(Filters(channel="email"), limit=60),
        "to one recipient": lambda n: reader.captures(Filters(to=f"customer{n * 31}@example.test"), limit=60),
        "to nobody": lambda n: reader.captures(Filters(to=f"nobody{n}@"), limit=60),
        "to a part that all have": lambda n: reader.captures(Filters(to="example.test"), limit=60),
        "full text, common word": lambda n: reader.captures(Filters(q=WORDS[n % len(WORDS)]), limit=60),
        "full text, two words": lambda n: reader.captures(Filters(q=f"{WORDS[n % len(WORDS)]} {n * 97}"), limit=60),
        "subject contains": lambda n: reader.captures(Filters(subject=f"{n * 97}"), limit=60),
        "count all": lambda n: reader.count(Filters()),
        "count one channel": lambda n: reader.count(Filters(channel=CHANNELS[n % 6])),
        "counts by channel and verdict": lambda n: reader.tallies(),
        "kinds of attempts to one recipient": lambda n: reader.groups(Filters(to=f"customer{n * 31}@example.test")),
    }


def percentile_95(ask: Callable[[int], Any]) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds."""
    taken = []
    for number in range(REPEATS):
        started = time.perf_counter()
        ask(number)
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken), sorted(taken)[int(REPEATS * 0.95)]


def resident_megabytes() -> float:
    """What this process, a gateway's ledger alone, holds in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def main(captures: int = 250_000) -> None:
    """One table: how fast the ledger was filled, indexed and read, and what it took of memory."""
    with tempfile.TemporaryDirectory(prefix="soundstage-bench-", dir=Path.cwd()) as folder:
        data = Path(folder) / "data"
        prepare(data)
        ledger = open_ledger(data, writer=True)
        store = BodyStore(data)
        few = min(captures, FEW)
        asyncio.run(fill(ledger, store, few))
        residents = [(few, resident_megabytes())]
        rate = asyncio.run(fill(ledger, store, captures - few, few)) if captures > few else 0.0
        residents.append((captures, resident_megabytes()))
        started = time.monotonic()
        indexer = Indexer(ledger, store)
        indexer.catch_up()
        indexer.close()
        indexed = captures / (time.monotonic() - started)
        rows = [[name, *percentile_95(ask)] for name, ask in questions(Reader(ledger, store)).items()]
        rows += [["filled, captures/s", rate, ""], ["indexed, captures/s", indexed, ""]]
        rows += [[f"resident after {count:,} captures, MB", resident, ""] for count, resident in residents]
        show(f"Reading {captures:,} captures", ["what", "median ms", "p95 ms"], rows)
        ledger.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
