"""Mail through the real gate into the real ledger: what was answered 250 is there, also after `kill -9`."""

import os
import re
import smtplib
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from smtp_stage import connected

from ledger.filters import Filters
from ledger.reader import Reader
from ledger.store import open_ledger
from policies.body import HELD_LIMIT
from sinks.smtp_limits import SmtpLimits
from sinks.smtp_listener import SmtpListener
from soundstage.gateway_gate import judging
from soundstage.gateway_ground import ground
from soundstage.settings import Settings

QUEUED = re.compile(r"250 2\.0\.0 Ok: queued as (\S+)")


@asynccontextmanager
async def house(data_dir: Path, limits: SmtpLimits | None = None) -> AsyncIterator[int]:
    """A listener in front of gate and ledger as the gateway builds them."""
    settings = Settings(data_dir=data_dir)
    async with ground(settings) as made, judging(settings, made) as judged:
        judged.gate.open = True
        listener = SmtpListener(judged.gate, None, "stage.test", intakes=lambda: made.store.intake(True), limits=limits)
        _, port = await listener.start("127.0.0.1", 0)
        try:
            yield port
        finally:
            await listener.stop()


@contextmanager
def reader(data_dir: Path) -> Iterator[Reader]:
    ledger = open_ledger(data_dir, writer=False)
    try:
        yield Reader(ledger)
    finally:
        ledger.close()


def kept_of(data_dir: Path, capture_id: str) -> tuple[dict[str, Any], Mapping[str, Any], bytes | None]:
    """A capture as contract.md shows it, its session, and its octets."""
    with reader(data_dir) as ledger:
        stored = ledger.get(capture_id)
        assert stored is not None
        return stored.as_contract(), stored.session, ledger.raw(capture_id)


async def taken(port: int, message: bytes) -> str:
    """Send one mail; the reply to its end."""
    async with connected(port) as client:
        await client.say(b"EHLO shop.test\r\nMAIL FROM:<a@shop.test>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n", 4)
        return await client.say(message + b".\r\n")


async def test_a_mail_is_found_with_its_facts_and_its_octets(tmp_path: Path) -> None:
    head = b"From: Shop <a@shop.test>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@shop.test>\r\n"
    message = head + b"\r\nhi\n.\r\n"
    async with house(tmp_path) as port:
        found = QUEUED.match(await taken(port, message))
        assert found is not None
        shown, session, octets = kept_of(tmp_path, found.group(1))
        assert shown["facts"] == {
            "from": "a@shop.test",
            "to": ["b@example.com"],
            "subject": "Grüße",
            "message_id": "<1@shop.test>",
        }
        assert (shown["verdict"], shown["left"], shown["fidelity"], shown["channel"]) == (
            "capture",
            False,
            "shaped",
            "email",
        )
        assert "bare_newline" in shown["flags"]
        assert octets == message
        assert session["helo"] == "shop.test"


async def test_a_mail_too_long_for_memory_is_kept_whole(tmp_path: Path) -> None:
    message = b"Subject: long\r\n\r\n" + (b"y" * 74 + b"\r\n") * (HELD_LIMIT // 76 + 1000)
    async with house(tmp_path) as port:
        found = QUEUED.match(await taken(port, message))
        assert found is not None
        shown, _, octets = kept_of(tmp_path, found.group(1))
        assert shown["facts"]["subject"] == "long"
        assert octets == message
    assert list((tmp_path / "incoming").iterdir()) == []


async def test_an_oversize_mail_is_refused_and_its_attempt_recorded(tmp_path: Path) -> None:
    async with house(tmp_path, SmtpLimits(message_octets=1000)) as port:
        assert (await taken(port, b"Subject: big\r\n\r\n" + b"x\r\n" * 1000)).startswith("552 5.3.4 ")
        with reader(tmp_path) as ledger:
            (stored,) = ledger.captures(Filters(channel="email")).items
        shown = stored.as_contract()
        assert "oversize" in shown["flags"]
        assert (shown["fidelity"], shown["reply"]["status"], shown["left"]) == ("refused", 552, False)


SERVER = """
import asyncio, sys
sys.path.insert(0, "tests")
from pathlib import Path
from test_sinks_smtp_durable import house

async def main():
    async with house(Path(sys.argv[1])) as port:
        print(port, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


class Sender(threading.Thread):
    """One client that keeps its session, notes each mail it was told 250 for, and kills the server for the 200th."""

    def __init__(self, server: subprocess.Popen[bytes], port: int, number: int, kept: list[str]) -> None:
        super().__init__(daemon=True)
        self._server, self._port, self._number, self._kept = server, port, number, kept

    def run(self) -> None:
        try:
            with smtplib.SMTP("127.0.0.1", self._port, timeout=60) as smtp:
                smtp.ehlo()
                for count in range(125):
                    subject = f"mail-{self._number}-{count}"
                    smtp.mail("a@shop.test")
                    smtp.rcpt("b@example.com")
                    code, _ = smtp.data(f"Subject: {subject}\r\n\r\nhello\r\n".encode())
                    assert code == 250
                    self._kept.append(subject)
                    if len(self._kept) >= 200:
                        self._server.kill()
        except (smtplib.SMTPException, OSError):
            return


def subjects(data_dir: Path) -> list[str]:
    with reader(data_dir) as ledger:
        page = ledger.captures(Filters(channel="email"), limit=1000)
        assert page.next is None
        return [str(item.as_contract()["facts"]["subject"]) for item in page.items]


def test_every_mail_that_was_answered_250_survives_kill_9(tmp_path: Path) -> None:
    kept: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([".", "tests"])},
        cwd=Path(__file__).parent.parent,
    ) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            senders = [Sender(server, port, number, kept) for number in range(8)]
            for sender in senders:
                sender.start()
            for sender in senders:
                sender.join(90)
        finally:
            server.kill()
    told = set(kept)
    assert 200 <= len(told) < 1000, "the kill has to come in the middle"
    open_ledger(tmp_path, writer=True).close()
    found = subjects(tmp_path)
    assert told <= set(found)
    assert len(found) == len(set(found))
    assert len(found) <= len(told) + 8, "nothing else is claimed but what was being answered"


async def test_a_closed_gate_takes_nothing(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    async with ground(settings) as made, judging(settings, made) as judged:
        listener = SmtpListener(judged.gate, None, "stage.test", intakes=lambda: made.store.intake(True))
        _, port = await listener.start("127.0.0.1", 0)
        long = b"Subject: x\r\n\r\n" + b"y\r\n" * (HELD_LIMIT // 3 + 1)
        assert (await taken(port, long)).startswith("451 4.3.0 Soundstage is starting")
        await listener.stop()
        assert list((tmp_path / "incoming").iterdir()) == []
