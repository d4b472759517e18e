"""PowerLife: a gateway's ground from its first start on, as `strace` watches it; says a line of each thing it is told.

python power_life.py DATA_DIR
"""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from ledger_stage import record_of, with_body
from smtp_stage import connected

from dashboard.sessions import Sessions
from ledger.data_dir import prepare
from ledger.doctor_reports import DoctorReports
from ledger.filters import Filters
from ledger.full_disk import empty_log
from ledger.record import Record
from policies.body import HELD_LIMIT, Body
from proxy.ca import CertificateAuthority
from sinks.smtp_listener import SmtpListener
from soundstage.admin_token import admin_token
from soundstage.gateway_gate import judging
from soundstage.gateway_ground import Ground, ground
from soundstage.settings import Settings
from soundstage.wireguard_peers import PeerBook

CHANGING = "?"
"""What was told is no longer sure, and what comes of it is not told yet."""
NOISE = Random(7)
"""What does not shrink lies on the disk as it is."""


def tell(what: str, **told: object) -> None:
    """In one call, and at once."""
    os.write(1, json.dumps({"what": what, **told}).encode() + b"\n")


def kept(data_dir: Path, *names: str) -> None:
    """These files stay as they are."""
    for name in names:
        tell("kept", name=name, content=(data_dir / name).read_bytes().hex())


def taken(record: Record) -> None:
    """It is said to be durable."""
    tell("capture", id=record.capture.id, sha256=record.kept_body.sha256)


async def record(made: Ground, one: Record) -> Record:
    """As the gate has it recorded."""
    await made.writer.record(one)
    taken(one)
    return one


def streamed(made: Ground, octets: bytes) -> Body:
    """As a body comes in that is too long for memory."""
    intake = made.store.intake(True)
    intake.write(octets)
    return intake.finish()


def left_half_done(data_dir: Path, body: Body) -> None:
    """As a process leaves it that is killed before it has synced the folder."""
    folder = data_dir / "bodies" / body.sha256[:2]
    folder.mkdir(mode=0o700, exist_ok=True)
    draft = data_dir / "incoming" / "store-killed"
    with draft.open("wb") as out:
        out.write(body.data or b"")
        out.flush()
        os.fsync(out.fileno())
    draft.rename(folder / body.sha256[2:])


async def captures(made: Ground) -> None:
    """Small ones, alone and together; long ones, as octets and as files, and twice the same."""
    for number in range(3):
        await record(made, record_of(body=b"amount=%d" % number))
    await asyncio.gather(*(record(made, record_of(body=b"n=%d" % number)) for number in range(8)))
    long = Body.of(NOISE.randbytes(100_000))
    for body in (long, Body.of(b"well " * 30_000), long, streamed(made, NOISE.randbytes(HELD_LIMIT + 5_000))):
        await record(made, with_body(record_of(), body))


async def runs(made: Ground) -> None:
    """One that ends clean and one that stays open."""
    at = datetime.now(UTC)
    for run in ("done", "open"):
        await asyncio.to_thread(made.runs.open, run, run, at)
        await record(made, record_of(run=run))
        tell("run", id=run, verdict=None)
    tell("run", id="done", verdict=CHANGING)
    await asyncio.to_thread(made.runs.finish, "done", "clean", at)
    tell("run", id="done", verdict="clean")


async def removals(made: Ground) -> None:
    """What is purged because somebody asked, with a body of its own."""
    body = Body.of(NOISE.randbytes(80_000))
    gone = [await record(made, with_body(record_of(host="gone.test"), body)) for _ in range(2)]
    tell("removing", gone=[one.capture.id for one in gone])
    await asyncio.to_thread(made.retention.purge, Filters(host="gone.test"))
    tell("removed", gone=[one.capture.id for one in gone], sha256=body.sha256)
    await record(made, record_of())


async def mails(made: Ground, settings: Settings) -> None:
    """By the real gate; their answers are on the wire, where the trace has them too."""
    async with judging(settings, made) as judged:
        judged.gate.open = True
        listener = SmtpListener(judged.gate, None, "stage.test", intakes=lambda: made.store.intake(True))
        _, port = await listener.start("127.0.0.1", 0)
        async with connected(port) as client:
            await client.say(b"EHLO shop.test\r\n")
            for text in (b"hi\r\n", b"long " * 30_000 + b"\r\n"):
                await client.say(b"MAIL FROM:<a@shop.test>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n", 3)
                await client.say(b"Subject: one\r\n\r\n" + text + b".\r\n")
        await listener.stop()


def checkpoint(made: Ground) -> None:
    """As the commit does that finds the log long."""
    with made.ledger.turn:
        empty_log(made.ledger.write)


async def checkpoints(made: Ground) -> None:
    """The log is brought home and begun anew, again and again."""
    for _ in range(3):
        await asyncio.gather(*(record(made, record_of(body=NOISE.randbytes(9_000))) for _ in range(5)))
        await asyncio.to_thread(checkpoint, made)


def written_down(folder: Path) -> None:
    """As the kernel does by itself in time."""
    for path in (*folder.iterdir(), folder, folder.parent):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def pages(data_dir: Path) -> None:
    """What the dashboard says: somebody signs out, and a report is kept."""
    sessions = Sessions(data_dir)
    session = sessions.begin()
    written_down(data_dir / "sessions")
    sessions.end(session)
    tell("signed out", cookie=session.cookie)
    tell("report", id=DoctorReports(data_dir).put({"checks": []})["id"])


async def life(settings: Settings) -> None:
    """All of it, then a second start and some more."""
    data_dir = settings.data_dir
    prepare(data_dir)
    admin_token(settings)
    kept(data_dir, "admin.token")
    book = PeerBook(data_dir)
    async with ground(settings) as made:
        kept(data_dir, "masking.key", "objects.key", "runs.key")
        CertificateAuthority.open(data_dir)
        kept(data_dir, "ca.pem", "ca.key")
        await captures(made)
        await runs(made)
        tell("peers", names=CHANGING)
        book.add("vm")
        tell("peers", names=["vm"])
        await removals(made)
        pages(data_dir)
        await mails(made, settings)
        await checkpoints(made)
    half = Body.of(NOISE.randbytes(70_000))
    left_half_done(data_dir, half)
    async with ground(settings) as made:
        await record(made, with_body(record_of(), half))
        old = record_of(at=datetime.now(UTC) - timedelta(days=90))
        tell("removing", gone=[old.capture.id])
        await record(made, old)
        tell("peers", names=CHANGING)
        book.remove("vm")
        tell("peers", names=[])
        await asyncio.to_thread(made.retention.sweep)
        tell("removed", gone=[old.capture.id], sha256="0" * 64)
        await record(made, record_of())


if __name__ == "__main__":
    asyncio.run(life(Settings(data_dir=Path(sys.argv[1]))))
