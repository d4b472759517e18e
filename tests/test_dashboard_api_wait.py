"""Waiting: answered by the commit, or told what was seen."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from dashboard_stage import Stage, mail, staged
from running import PATIENCE


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as running:
        yield running


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stage.url, headers=stage.bearer, timeout=70) as opened:
        yield opened


async def test_what_is_there_already_is_answered_at_once(stage: Stage, client: httpx.AsyncClient) -> None:
    known = await stage.add(mail("One", ["ann@example.com"], b"x"))
    answer = await client.get("/api/captures/wait?to=ann@example.com&timeout=0")
    assert [item["id"] for item in answer.json()["items"]] == [known]


async def test_the_commit_that_brings_the_last_one_ends_the_wait(stage: Stage, client: httpx.AsyncClient) -> None:
    await stage.add(mail("One", ["ann@example.com"], b"x"))
    waiting = asyncio.ensure_future(client.get("/api/captures/wait?subject=order&count=2&timeout=60"))
    await stage.add(mail("Order 1", ["ann@example.com"], b"x"), mail("Other", ["bo@example.com"], b"x"))
    assert not waiting.done()
    await stage.add(mail("Order 2", ["bo@example.com"], b"x"))
    answer = await asyncio.wait_for(waiting, PATIENCE)
    assert answer.status_code == 200
    assert [item["facts"]["subject"] for item in answer.json()["items"]] == ["Order 2", "Order 1"]


async def test_too_few_is_a_408_with_what_was_seen(stage: Stage, client: httpx.AsyncClient) -> None:
    await stage.add(mail("One", ["ann@example.com"], b"x"))
    answer = await client.get("/api/captures/wait?count=2&timeout=0.2")
    assert answer.status_code == 408
    assert answer.json()["detail"] == "1 of 2 captures came within 0.2 s."
    assert len(answer.json()["items"]) == 1


async def test_a_wait_goes_on_while_the_gateway_is_away(stage: Stage, client: httpx.AsyncClient) -> None:
    stage.gateway.away = True
    waiting = asyncio.ensure_future(client.get("/api/captures/wait?timeout=60"))
    known = await stage.add(mail("One", ["ann@example.com"], b"x"))
    answer = await asyncio.wait_for(waiting, PATIENCE)
    assert answer.json()["items"][0]["id"] == known


@pytest.mark.parametrize("query", ["timeout=61", "timeout=-1", "timeout=nan", "count=0", "count=1001", "cuont=1"])
async def test_what_cannot_be_waited_for_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/api/captures/wait?{query}")).status_code == 422
