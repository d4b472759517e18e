"""Releasing from the Inbox: the gateway is asked, its words are shown, and no header or command can be smuggled in."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from dashboard_stage import Stage, capture, mail, staged
from running import PATIENCE

QA = {
    "id": "qa", "target": "mail to *@qa.example.com", "do": "allow", "why": "QA", "owner": "qa", "in_force": True,
    "expires": "2026-12-31T00:00:00Z",
}  # fmt: skip


@pytest.fixture
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("release")) as running:
        running.gateway.told["opt_ins"] = [QA]
        yield running


async def ask(stage: Stage, shown: str, to: str) -> httpx.Response:
    headers = {**stage.bearer, "hx-request": "true", "hx-target": "div#message"}
    async with httpx.AsyncClient(base_url=stage.url, headers=headers, timeout=PATIENCE) as client:
        return await client.post(f"/inbox/{shown}/release", data={"to": to})


def told(**more: Any) -> dict[str, Any]:
    return {
        "capture": "01", "verdict": "allow", "rule": "qa", "reason": "opt-in qa", "left": True, "status": 250, **more
    }  # fmt: skip


async def test_the_gateway_is_asked_and_its_reason_shown(stage: Stage) -> None:
    shown = await stage.add(mail("Order", ["ann@example.com"], b"Subject: Order\r\n\r\nx"))
    stage.gateway.outcome = told(verdict="capture", reason="no opt-in <matches> it", left=False)
    answer = await ask(stage, shown, "a@example.com, b@qa.example.com")
    assert "It stayed here: no opt-in &lt;matches&gt; it." in answer.text
    stage.gateway.outcome = told()
    assert "opt-in qa. The relay took it (250)." in (await ask(stage, shown, "b@qa.example.com")).text
    stage.gateway.outcome = told(status=550)
    assert "The relay did not take it (550)." in (await ask(stage, shown, "b@qa.example.com")).text
    first, *others = stage.gateway.released
    assert first == (shown, ["a@example.com", "b@qa.example.com"], "127.0.0.1")
    assert [to for _, to, _ in others] == [["b@qa.example.com"]] * 2


@pytest.mark.parametrize(
    "to", ["", " , ", "a@qa.example.com\r\nRCPT TO:<b@c.example>", "a@qa.example.com\nBcc: b@c.example", "a@b\x00"]
)
async def test_line_ends_reach_nobody(stage: Stage, to: str) -> None:
    shown = await stage.add(mail("Order", ["ann@example.com"], b"Subject: Order\r\n\r\nx"))
    assert "Nothing was sent: say to whom" in (await ask(stage, shown, to)).text
    assert stage.gateway.released == []


async def test_a_refusal_and_silence_are_said(stage: Stage) -> None:
    shown = await stage.add(mail("Order", ["ann@example.com"], b"Subject: Order\r\n\r\nx"))
    stage.gateway.refusal = "'x' is not a plain mail address."
    assert "Nothing was sent. &#39;x&#39; is not a plain mail address." in (await ask(stage, shown, "x")).text
    stage.gateway.away = True
    assert "what became of it is not known here" in (await ask(stage, shown, "a@qa.example.com")).text


async def test_there_is_no_button_where_it_could_not_work(stage: Stage) -> None:
    sent = await stage.add(mail("Order", ["ann@example.com"], b"Subject: Order\r\n\r\nx"))
    called = await stage.add(
        capture(host="api.sendgrid.com", scheme="https", port=443, facts={"subject": "x", "to": ["a@b.example"]})
    )
    async with httpx.AsyncClient(base_url=stage.url, headers=stage.bearer, timeout=PATIENCE) as client:
        assert "Send it on" in (await client.get(f"/inbox/{sent}")).text
        assert "Send it on" not in (await client.get(f"/inbox/{called}")).text
        stage.gateway.told["opt_ins"] = [{**QA, "in_force": False}, {**QA, "target": "api.stripe.com"}]
        assert "Send it on" not in (await client.get(f"/inbox/{sent}")).text


async def test_releasing_needs_the_sessions_token(stage: Stage) -> None:
    shown = await stage.add(mail("Order", ["ann@example.com"], b"Subject: Order\r\n\r\nx"))
    async with httpx.AsyncClient(base_url=stage.url, follow_redirects=True, timeout=PATIENCE) as person:
        await person.get(stage.link())
        assert (await person.post(f"/inbox/{shown}/release", data={"to": "a@qa.example.com"})).status_code == 403
    assert stage.gateway.released == []
