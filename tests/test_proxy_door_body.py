"""Bodies on their way to the ledger: held, streamed where that is wished, abandoned when they end early."""

import asyncio
import hashlib
from pathlib import Path

import pytest
from door_stage import RememberingGate, connected, hear, say, stage

from policies.body import HELD_LIMIT
from proxy.door_limits import DoorLimits

PIECE = b"0123456789abcdef" * 65_536
PIECES = HELD_LIMIT // len(PIECE) + 1
HEAD = b"PUT /upload HTTP/1.1\r\nHost: a.example\r\n"


@pytest.mark.parametrize("keeps", [pytest.param(True, id="kept"), pytest.param(False, id="digest-alone")])
@pytest.mark.parametrize("chunked", [pytest.param(True, id="in-chunks"), pytest.param(False, id="by-length")])
async def test_a_long_body_is_kept_in_a_file_or_as_a_digest(tmp_path: Path, keeps: bool, chunked: bool) -> None:
    gate = RememberingGate()
    gate.keeps = keeps
    async with stage(tmp_path, gate) as here, connected(here.http) as wire:
        framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % (PIECES * len(PIECE))
        await say(wire, HEAD + framing + b"\r\n\r\n")
        for _ in range(PIECES):
            await say(wire, b"%x\r\n%s\r\n" % (len(PIECE), PIECE) if chunked else PIECE)
        if chunked:
            await say(wire, b"0\r\n\r\n")
        assert (await hear(wire))[0] == 200
    body = gate.requests[0].body
    assert body.data is None
    assert (body.size, body.sha256) == (PIECES * len(PIECE), hashlib.sha256(PIECE * PIECES).hexdigest())
    assert (body.path is not None) is keeps
    if body.path is not None:
        assert body.path.read_bytes() == PIECE * PIECES


async def test_a_long_body_that_ends_early_leaves_no_file(tmp_path: Path) -> None:
    gate = RememberingGate()
    gate.keeps = True
    async with stage(tmp_path, gate, limits=DoorLimits(body_stall_seconds=0.2)) as here:
        async with connected(here.http) as wire:
            await say(wire, HEAD + b"Content-Length: %d\r\n\r\n" % (PIECES * len(PIECE)))
            for _ in range(PIECES - 1):
                await say(wire, PIECE)
            assert (await hear(wire))[0] == 408
        assert await asyncio.to_thread(lambda: list((tmp_path / "incoming").iterdir())) == []
    assert gate.raw[0].flags == ("truncated",)
