"""Reading and tagging: kept on the server, without script too, and never in the way of reading."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import httpx
import pytest
from dashboard_stage import Stage, capture, mail, staged
from running import PATIENCE

RAW = b"Subject: x\r\nContent-Disposition: attachment\r\n\r\nx"


@pytest.fixture
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("labels")) as running:
        for number in range(3):
            await running.add(mail(f"Order {number}", ["ann@example.com"], RAW))
        await running.add(capture(channel="payment", host="api.stripe.com", scheme="https", port=443))
        yield running


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stage.url, headers=stage.bearer, timeout=PATIENCE) as client:
        yield client


async def rows(client: httpx.AsyncClient, q: str) -> int:
    return (await client.get("/inbox", params={"q": q})).text.count('<li id="row-')


async def test_opening_is_reading_and_can_be_taken_back(stage: Stage, client: httpx.AsyncClient) -> None:
    shown = await stage.add(mail("Newest", ["bo@example.com"], RAW))
    assert await rows(client, "is:unread") == 4
    assert 'Unread <strong id="unread">4</strong>' in (await client.get("/inbox")).text
    await client.get(f"/inbox/{shown}")
    assert (await rows(client, "is:unread"), await rows(client, "is:read")) == (3, 1)
    answer = await client.post(f"/inbox/{shown}/labels?q=is:unread", data={"read": "no"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/inbox?{urlencode({'q': 'is:unread'})}")
    assert await rows(client, "is:unread") == 4


async def test_looking_at_an_attempt_does_not_mark_it(stage: Stage, client: httpx.AsyncClient) -> None:
    shown = await stage.add(mail("Newest", ["bo@example.com"], RAW))
    await client.get(f"/attempts/{shown}")
    await client.get(f"/api/captures/{shown}")
    assert await rows(client, "is:unread") == 4


async def test_tags_are_added_found_and_removed(stage: Stage, client: httpx.AsyncClient) -> None:
    shown = await stage.add(mail("Newest", ["bo@example.com"], RAW))
    await client.post(f"/inbox/{shown}/labels", data={"add": "Refund"})
    assert await rows(client, "tag:refund") == 1
    assert "Remove the tag refund" in (await client.get(f"/inbox/{shown}")).text
    await client.post(f"/inbox/{shown}/labels", data={"remove": "refund"})
    assert await rows(client, "tag:refund") == 0


async def test_what_is_no_tag_is_said(stage: Stage, client: httpx.AsyncClient) -> None:
    shown = await stage.add(mail("Newest", ["bo@example.com"], RAW))
    answer = await client.post(f"/inbox/{shown}/labels", data={"add": '<b>"two words"'})
    assert answer.status_code == 200
    assert "A tag is one word" in answer.text
    assert "<b>&#34;" not in answer.text.replace("&lt;b&gt;", "")
    assert (await client.post("/inbox/none/labels", data={"add": "x"})).status_code == 404


async def test_all_that_a_search_finds_are_marked(stage: Stage, client: httpx.AsyncClient) -> None:
    upto = stage.reader.last_seq()
    await stage.add(mail("Order later", ["ann@example.com"], RAW))
    answer = await client.post("/inbox/read", params={"q": "subject:order", "upto": upto})
    assert answer.status_code == 303
    assert await rows(client, "is:unread") == 1, "what came after the page was drawn is still unread"
    assert (await client.post("/inbox/read", params={"q": "-word", "upto": upto})).status_code == 422


async def test_attachments_are_found_by_what_was_noted(stage: Stage, client: httpx.AsyncClient) -> None:
    await stage.add(mail("Bare", ["ann@example.com"], b"Subject: x\r\n\r\nx"))
    assert await rows(client, "has:attachment") == 3
    assert await rows(client, "flag:attachment") == 3


async def test_changing_needs_the_sessions_token(stage: Stage) -> None:
    shown = await stage.add(mail("Newest", ["bo@example.com"], RAW))
    async with httpx.AsyncClient(base_url=stage.url, follow_redirects=True, timeout=PATIENCE) as person:
        await person.get(stage.link())
        for path in (f"/inbox/{shown}/labels", "/inbox/read"):
            assert (await person.post(path, data={"add": "x"})).status_code == 403
