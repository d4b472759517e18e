"""The moto process comes up proved, answers, is started again when it died, and ends with its parent."""

import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from sinks.emulator import EmulatorUnavailable
from sinks.moto_supervisor import PROJECT, MotoProcess


@pytest.fixture(scope="module")
async def moto() -> AsyncIterator[MotoProcess]:
    process = MotoProcess()
    yield process
    await process.stop()


def asked(moto: MotoProcess) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=moto.socket_path), base_url="http://s3")


async def test_before_it_is_started_there_is_no_socket() -> None:
    with pytest.raises(EmulatorUnavailable, match="has not been started"):
        _ = MotoProcess().socket_path


async def test_it_answers_as_s3_would(moto: MotoProcess) -> None:
    await moto.ensure()
    async with asked(moto) as client:
        made = await client.put("/bucket-one", headers={"host": "s3.amazonaws.com"})
    assert made.status_code == 200


async def test_its_socket_is_for_this_user_alone(moto: MotoProcess) -> None:
    await moto.ensure()
    assert Path(moto.socket_path).parent.stat().st_mode & 0o777 == 0o700


async def test_one_that_died_is_started_again(moto: MotoProcess) -> None:
    await moto.ensure()
    before = moto.generation
    os.kill(moto.process_id, signal.SIGKILL)
    await moto.ended()
    await moto.ensure()
    assert moto.generation == before + 1
    async with asked(moto) as client:
        assert (await client.put("/bucket-two", headers={"host": "s3.amazonaws.com"})).status_code == 200


async def test_it_has_no_network_but_the_socket_it_was_given(moto: MotoProcess) -> None:
    await moto.ensure()
    if network_of("self") == network_of(moto.process_id):
        pytest.skip("no network namespace is to be had here: the audit hook alone holds it")
    assert interfaces_of(moto.process_id) == ["lo"]


def network_of(process_id: int | str) -> Path:
    return Path(f"/proc/{process_id}/ns/net").readlink()


def interfaces_of(process_id: int) -> list[str]:
    lines = Path(f"/proc/{process_id}/net/dev").read_text().splitlines()[2:]
    return [line.split(":")[0].strip() for line in lines]


PARENT = """
import asyncio, signal
from sinks.moto_supervisor import MotoProcess
async def main():
    moto = MotoProcess()
    await moto.ensure()
    print(moto.process_id, moto.socket_path, flush=True)
    signal.pause()
asyncio.run(main())
"""


def test_it_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child, socket_path = parent.stdout.readline().split()
    watched = os.pidfd_open(int(child))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    ended, _, _ = select.select([watched], [], [], 60)
    os.close(watched)
    shutil.rmtree(Path(socket_path).parent)
    assert ended
