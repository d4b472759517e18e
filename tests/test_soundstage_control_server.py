"""The control socket, both sides over a real unix socket: what is asked is answered, and silence is unreachable."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from running import PATIENCE

from dashboard.gateway_link import GatewayUnreachable, Readiness
from ledger.commits import Commits
from soundstage import control_socket
from soundstage.control_client import ControlClient
from soundstage.control_server import ControlServer


class Desk:
    """What the gateway would say."""

    def __init__(self) -> None:
        self.feed = Commits()
        self.feed.publish(7)

    async def readiness(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"ready": False, "missing": ["the ledger cannot be written: disk full"]}

    async def explain(self, given: dict[str, Any]) -> dict[str, Any]:
        if "url" not in given:
            raise ValueError("a question needs a url or an email")
        return {"verdict": "deny", **given}

    async def broken(self, given: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("secret detail")

    def commits(self, given: dict[str, Any]) -> AsyncIterator[int]:
        return self.feed.follow()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk()
    answers = {"readiness": desk.readiness, "explain": desk.explain, "metrics": desk.broken}
    server = ControlServer(answers, {"commits": desk.commits})
    await server.start(tmp_path)
    yield desk
    await server.stop()


async def test_asked_is_answered(desk: Desk, tmp_path: Path) -> None:
    client = ControlClient(tmp_path)
    assert await client.readiness() == Readiness(False, ("the ledger cannot be written: disk full",))
    assert await client.explain({"url": "http://a/"}) == {"verdict": "deny", "url": "http://a/"}


async def test_wrong_question_is_the_askers_error(desk: Desk, tmp_path: Path) -> None:
    client = ControlClient(tmp_path)
    with pytest.raises(ValueError, match="a question needs a url or an email"):
        await client.explain({})
    with pytest.raises(ValueError, match="the gateway does not know the question 'status'"):
        await client.status()


async def test_bug_is_told_without_its_detail_and_the_socket_lives_on(desk: Desk, tmp_path: Path) -> None:
    client = ControlClient(tmp_path)
    with pytest.raises(ValueError, match=r"^the gateway could not answer: RuntimeError$"):
        await client.metrics()
    assert (await client.readiness()).ready is False


async def test_commits_are_pushed_the_latest_at_once(desk: Desk, tmp_path: Path) -> None:
    commits = ControlClient(tmp_path).commits()
    assert await anext(commits) == 7
    desk.feed.publish(9)
    async with asyncio.timeout(PATIENCE):
        assert await anext(commits) == 9


async def test_stopped_gateway_ends_the_stream_as_unreachable(tmp_path: Path) -> None:
    desk = Desk()
    server = ControlServer({}, {"commits": desk.commits})
    await server.start(tmp_path)
    commits = ControlClient(tmp_path).commits()
    await anext(commits)
    await server.stop()
    with pytest.raises(GatewayUnreachable):
        async with asyncio.timeout(PATIENCE):
            await anext(commits)


async def test_nobody_there_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(GatewayUnreachable, match="does not listen on its control socket"):
        await ControlClient(tmp_path).readiness()


async def test_silent_gateway_is_unreachable(tmp_path: Path) -> None:
    silent = control_socket.listening(tmp_path)
    with pytest.raises(GatewayUnreachable, match="does not answer its control socket"):
        await ControlClient(tmp_path, patience=0.05).readiness()
    silent.close()


async def test_only_its_owner_can_ask(desk: Desk, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "control.sock").stat().st_mode) == 0o600


async def test_deep_data_directory_is_reached(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    desk = Desk()
    server = ControlServer({"readiness": desk.readiness}, {})
    await server.start(deep)
    assert (await ControlClient(deep).readiness()).ready is False
    await server.stop()


async def test_left_behind_socket_is_replaced(tmp_path: Path) -> None:
    control_socket.listening(tmp_path).close()
    desk = Desk()
    server = ControlServer({"readiness": desk.readiness}, {})
    await server.start(tmp_path)
    assert (await ControlClient(tmp_path).readiness()).ready is False
    await server.stop()


async def test_nonsense_is_refused(desk: Desk, tmp_path: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(sock=control_socket.connected(tmp_path))
    writer.write(b"GET / HTTP/1.1\n")
    assert "refused" in json.loads(await reader.readline())
    writer.close()
