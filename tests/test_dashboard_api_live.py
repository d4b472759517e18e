"""The live stream: every capture once, in order, resumed where it stopped, ended with its session."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from dashboard_stage import Stage, mail, staged
from hypothesis import given
from hypothesis import strategies as st
from running import PATIENCE

from dashboard.live_stream import event
from dashboard.sessions import COOKIE, Sessions


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as running:
        yield running


@asynccontextmanager
async def following(stage: Stage, path: str = "/api/live", **headers: str) -> AsyncIterator[AsyncIterator[str]]:
    """The stream's lines, once it is open."""
    given = {**stage.bearer, **headers}
    async with (
        httpx.AsyncClient(base_url=stage.url, headers=given, timeout=PATIENCE) as client,
        client.stream("GET", path) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert (await anext(lines)).startswith("retry:")
        yield lines


async def next_event(lines: AsyncIterator[str]) -> dict[str, str]:
    """The next event's fields; comments and empty lines are passed over."""
    fields: dict[str, str] = {}
    async for line in lines:
        if not line and "data" in fields:
            return fields
        name, _, value = line.partition(": ")
        if name:
            fields[name] = fields.get(name, "") + value
    raise AssertionError("the stream ended")


async def test_a_new_capture_arrives_as_json_with_an_id(stage: Stage) -> None:
    await stage.add(mail("Before", ["ann@example.com"], b"x"))
    async with following(stage) as lines:
        added = await stage.add(mail("After", ["ann@example.com"], b"x"))
        told = await next_event(lines)
    assert json.loads(told["data"])["id"] == added
    assert told["id"].isdigit()


async def test_last_event_id_is_honoured_without_gap_or_repeat(stage: Stage) -> None:
    ids = [await stage.add(mail(f"Mail {n}", ["ann@example.com"], b"x")) for n in range(450)]
    async with following(stage, **{"last-event-id": "0"}) as lines:
        told = [await next_event(lines) for _ in range(300)]
    async with following(stage, **{"last-event-id": told[-1]["id"]}) as lines:
        told += [await next_event(lines) for _ in range(150)]
    assert [json.loads(one["data"])["id"] for one in told] == ids


@pytest.mark.parametrize("made_up", ["-1", "1e3", "abc", "9" * 30])
async def test_a_made_up_event_id_is_refused(stage: Stage, made_up: str) -> None:
    async with httpx.AsyncClient(
        base_url=stage.url, headers={**stage.bearer, "last-event-id": made_up}, timeout=PATIENCE
    ) as client:
        assert (await client.get("/api/live")).status_code == 422


async def test_a_revoked_session_sees_nothing_more(stage: Stage) -> None:
    async with httpx.AsyncClient(base_url=stage.url, timeout=PATIENCE) as client:
        await client.get(stage.link())
        async with client.stream("GET", "/api/live") as answer:
            lines = answer.aiter_lines()
            await stage.add(mail("Seen", ["ann@example.com"], b"x"))
            assert "Seen" in (await next_event(lines))["data"]
            session = Sessions(stage.data_dir).find(client.cookies[COOKIE])
            assert session is not None
            Sessions(stage.data_dir).end(session)
            await stage.add(mail("Unseen", ["ann@example.com"], b"x"))
            rest = "".join([line async for line in lines])
    assert "Unseen" not in rest


async def test_the_pages_stream_is_filtered_html(stage: Stage) -> None:
    async with following(stage, "/live?page=inbox&q=to:ann") as lines:
        await stage.add(mail("Other", ["bo@example.com"], b"x"), mail("<b>Mine</b>", ["ann@example.com"], b"x"))
        told = await next_event(lines)
        while told["event"] != "row":
            told = await next_event(lines)
    assert "&lt;b&gt;Mine&lt;/b&gt;" in told["data"]
    assert "Other" not in told["data"]


@given(st.text())
def test_no_text_forges_a_field_of_the_stream(text: str) -> None:
    lines = event(text, 7, "row").split("\n")
    assert lines[0] == "id: 7"
    assert lines[1] == "event: row"
    assert lines[-2:] == ["", ""]
    assert all(line.startswith("data: ") for line in lines[2:-2])
    assert not any("\r" in line for line in lines)
