"""The door with the real gate behind it: packs, policy, ledger. What a client is told, and what is then on record."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from door_stage import Stage, connected, hear, say, stage, tunnelled

from ledger.body_store import BodyStore
from ledger.data_dir import prepare, secret_of
from ledger.masking import Masker
from ledger.objects import Objects
from ledger.reader import Reader
from ledger.runs import Runs
from ledger.store import open_ledger
from ledger.stored import StoredCapture
from ledger.writer import Writer
from policies.dns_question import DnsQuestion
from policies.http_request import HttpRequest
from policies.pack import Packs
from policies.policy import Policy
from policies.raw_connection import RawConnection
from sinks.gate import Gate
from sinks.http_sink import HttpSink
from sinks.terse_sink import TerseSink

METADATA = "metadata.google.internal"


@contextlib.asynccontextmanager
async def real_gate(data_dir: Path) -> AsyncIterator[tuple[Gate, Reader]]:
    prepare(data_dir)
    ledger, packs, policy, terse = open_ledger(data_dir, writer=True), Packs.built_in(), Policy.built_in(), TerseSink()
    store = BodyStore(data_dir)
    writer = Writer(ledger, store)
    http = HttpSink(packs, Objects(ledger, store), b"secret", {})
    gate = Gate(
        policy=policy,
        packs=packs,
        ledger=writer,
        sinks={HttpRequest: http, DnsQuestion: terse, RawConnection: terse},
        runs=Runs(ledger),
        masker=Masker(secret_of(data_dir, "masking.key")),
    )
    writer.start()
    try:
        yield gate, Reader(ledger, store)
    finally:
        await writer.close()
        ledger.close()


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[tuple[Gate, Reader]]:
    async with real_gate(tmp_path) as running:
        yield running


@pytest.fixture
async def here(tmp_path: Path, real: tuple[Gate, Reader]) -> AsyncIterator[Stage]:
    real[0].open = True
    async with stage(tmp_path, judge=real[0]) as running:
        yield running


async def on_record(reader: Reader) -> list[StoredCapture]:
    """Oldest first."""
    return await reader.aside(reader.since, 0)


async def test_a_charge_is_answered_as_stripe_would_and_on_record(here: Stage, real: tuple[Gate, Reader]) -> None:
    proxy = f"http://{here.explicit[0]}:{here.explicit[1]}"
    async with httpx.AsyncClient(proxy=proxy, verify=here.trusting) as client:
        answer = await client.post(
            "https://api.stripe.com/v1/payment_intents",
            data={"amount": "4200", "currency": "eur"},
            headers={"Authorization": "Bearer sk_test_notasecretatall0000000000"},
        )
    assert answer.status_code == 200
    assert (answer.json()["object"], answer.json()["amount"]) == ("payment_intent", 4200)
    [stored] = await on_record(real[1])
    assert stored.capture.id == answer.headers["soundstage-capture"]
    assert (stored.capture.effect.provider, stored.capture.left) == ("stripe", False)
    assert stored.capture.decision.verdict == answer.headers["soundstage-verdict"] == "capture"


@pytest.mark.parametrize(
    ("connect", "sni", "head"),
    [
        pytest.param("a.example:443", "b.example", b"Host: a.example", id="sni-against-connect"),
        pytest.param("a.example:443", "a.example", b"Host: b.example", id="host-against-sni"),
        pytest.param("a.example:443", "a.example", b"Host: a.example\r\nHost: a.example", id="two-hosts"),
        pytest.param("a.example:443", "a.example", b"X: y", id="no-host"),
        pytest.param(f"{METADATA}:443", METADATA, f"Host: {METADATA}".encode(), id="metadata"),
    ],
)
async def test_names_that_disagree_or_must_never_be_reached_are_denied(
    here: Stage, real: tuple[Gate, Reader], connect: str, sni: str, head: bytes
) -> None:
    async with tunnelled(here, connect, sni) as wire:
        await say(wire, b"POST / HTTP/1.1\r\n" + head + b"\r\nContent-Length: 0\r\n\r\n")
        status, fields, _ = await hear(wire)
    assert (status, fields["soundstage-verdict"]) == (403, "deny")
    [stored] = await on_record(real[1])
    assert stored.capture.decision.rule.startswith("never:")


async def test_what_is_malformed_is_on_record_too(here: Stage, real: tuple[Gate, Reader]) -> None:
    async with connected(here.http) as wire:
        await say(wire, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")
        status, fields, _ = await hear(wire)
    assert status == 400
    [stored] = await on_record(real[1])
    assert stored.capture.id == fields["soundstage-capture"]
    assert (stored.capture.decision.verdict, stored.capture.flags) == ("deny", ("malformed",))


async def test_before_the_gate_is_open_nothing_is_answered(here: Stage, real: tuple[Gate, Reader]) -> None:
    real[0].open = False
    async with connected(here.http) as wire:
        await say(wire, b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
        assert (await hear(wire))[0] == 503
    assert await on_record(real[1]) == []
