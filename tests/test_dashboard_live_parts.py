"""Pages that follow what they show without being loaded again: runs, a run, the policy, the doctor, and Now."""

from collections.abc import AsyncIterator
from typing import Any

import browser
import httpx
import pytest
from browser import Visitor, visit
from dashboard_stage import GatewayFake, Stage, capture, staged
from playwright.async_api import Browser, expect
from running import PATIENCE

from dashboard.build_assets import build
from dashboard.page_part import mark

chromium = browser.chromium
"""The shared fixture, made known to this module."""
AT = "2026-11-22T10:00:00.000000Z"
REFUSED = "policy.yaml:3: opt_in.0.why: is missing"


def run(name: str, **more: Any) -> dict[str, Any]:
    counts = {"captures": 0, "left": 0, "channels": {}, "verdicts": {}, "wrong_token": 0}
    told = {
        "id": f"id-{name}", "name": name, "opened_at": AT, "opened_seq": 0, "finished_at": None, "finished_seq": None,
        "verdict": None, "open": True, "listener": None, "sources": [], "services": [], "contained": "no",
        "canaries": None, "counts": counts, "windows": [], "gaps": [], "parent": None, "lease": None, "ended": None,
        "children": [],
    }  # fmt: skip
    return {**told, **more}


class RunsFake(GatewayFake):
    """A gateway that knows the runs a test says, the newest first."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.runs = [run("first")]

    async def ask_run(self, question: str, given: dict[str, Any], patience: float) -> dict[str, Any]:
        self._here()
        match question:
            case "run_list":
                return {"items": [one for one in self.runs if given["open"] in (None, one["open"])]}
            case "run_show":
                return next(one for one in self.runs if one["id"] == given["run"])
            case "settle":
                return {"reached": True, "why": None, "waited": 0.0}
        return {"channels": {}, "operations": []}


@pytest.fixture(scope="module", autouse=True)
def assets() -> None:
    build()


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("live"), RunsFake) as running:
        yield running


@pytest.fixture
async def ann(chromium: Browser, stage: Stage) -> AsyncIterator[Visitor]:
    visitor = await visit(chromium, stage.link())
    yield visitor
    assert await visitor.page.evaluate("window.sameAsBefore"), "nothing was loaded again"
    assert visitor.errors == []
    await visitor.context.close()


async def opened(ann: Visitor, stage: Stage, path: str) -> None:
    await ann.page.goto(stage.url + path)
    await expect(ann.page.locator("#live")).to_have_text("Live")
    await ann.page.evaluate("window.sameAsBefore = true")


async def test_runs_open_get_attempts_and_end(ann: Visitor, stage: Stage) -> None:
    gateway = stage.gateway
    assert isinstance(gateway, RunsFake)
    await opened(ann, stage, "/runs")
    await ann.page.get_by_role("link", name="first").focus()
    gateway.runs = [run("second"), *gateway.runs]
    second = ann.page.locator("tbody tr").first
    await expect(second).to_contain_text("open")
    await expect(second).to_contain_text("second")
    counts = {"captures": 1204, "left": 0, "channels": {"email": 1204}, "verdicts": {}, "wrong_token": 0}
    gateway.runs = [run("second", counts=counts), *gateway.runs[1:]]
    await expect(second.locator("td").nth(1)).to_have_text("1,204")
    ended = {"counts": counts, "open": False, "finished_at": "2026-11-22T10:03:00Z", "verdict": "clean"}
    gateway.runs = [run("second", **ended), *gateway.runs[1:]]
    await expect(second).to_contain_text("clean")
    await expect(second).to_contain_text("3 min")
    await expect(ann.page.get_by_role("link", name="first")).to_be_focused()


async def test_a_run_shows_what_judging_it_found(ann: Visitor, stage: Stage) -> None:
    await opened(ann, stage, "/runs/id-first")
    await expect(ann.page.locator(".judged")).to_have_count(0)
    text = "version: 1\nexpect:\n  - name: welcome mail\n    email: {to: ann@example.com}\n"
    async with httpx.AsyncClient(base_url=stage.url, headers=stage.bearer, trust_env=False, timeout=PATIENCE) as api:
        assert (await api.post("/api/runs/id-first/verify", json={"text": text})).is_success
    await expect(ann.page.locator(".judged").first).to_contain_text("welcome mail")


async def test_a_reload_and_a_refused_one_leave_the_question_alone(ann: Visitor, stage: Stage) -> None:
    await opened(ann, stage, "/policy?ask=POST https://api.stripe.com/v1/charges")
    await ann.page.locator("#search").fill("GET https://half.typed")
    stage.gateway.told["error"] = REFUSED
    refused = ann.page.get_by_role("alert").filter(has_text="could not be reloaded; the one before stays in force")
    await expect(refused).to_contain_text(REFUSED)
    stage.gateway.told.update(error=None, environment="staging-us")
    stage.gateway.files["files"] = [{"path": "/etc/soundstage/policy.yaml", "text": "version: 1\nenvironment: us\n"}]
    await expect(ann.page.get_by_label("The file as it was loaded")).to_contain_text("environment: us")
    await expect(ann.page.locator("h1")).to_have_text("Policy of staging-us")
    await expect(refused).to_have_count(0)
    await expect(ann.page.locator("#search")).to_have_value("GET https://half.typed")
    await expect(ann.page.locator("#search")).to_be_focused()
    await expect(ann.page.locator(".reason")).to_contain_text("payments are captured by default")


async def test_the_doctor_shows_the_report_that_was_just_filed(ann: Visitor, stage: Stage) -> None:
    await opened(ann, stage, "/doctor")
    await expect(ann.page.locator("#empty")).to_contain_text("Nobody has looked yet")
    found = {"id": "tcp:1", "what": "a connection", "verdict": "closed", "reason": "no route"}
    filed = {"result": "contained", "exit": 0, "machine": "app-1", "consulted": True, "seconds": 1, "run": None}
    filed |= {"counts": {"closed": 1}, "findings": [found]}
    async with httpx.AsyncClient(base_url=stage.url, headers=stage.bearer, trust_env=False, timeout=PATIENCE) as api:
        assert (await api.post("/api/doctor", json=filed)).is_success
    await expect(ann.page.locator(".told")).to_contain_text("Nothing went round Soundstage")


async def test_now_goes_on_while_somebody_stands_in_it(ann: Visitor, stage: Stage) -> None:
    """A page that says nothing left must not stand still because a table of it was clicked."""
    await stage.add(capture(channel="web", verdict="deny", host="a.example", scheme="https", port=443))
    await opened(ann, stage, "/")
    table = ann.page.get_by_role("region", name="Counts by channel and verdict")
    await table.focus()
    await ann.page.evaluate("document.getSelection().selectAllChildren(document.querySelector('h1'))")
    await stage.add(capture(channel="web", verdict="allow", host="b.example", scheme="https", port=443, left=True))
    await expect(ann.page.locator("h1")).to_contain_text("1 real side effect since")
    await expect(table).to_be_focused()
    await expect(ann.page.locator("#chart canvas")).to_be_visible()


async def test_a_part_that_shows_the_same_is_not_sent(stage: Stage) -> None:
    """Else every page that is open would be drawn once a second, for ever."""
    async with httpx.AsyncClient(base_url=stage.url, headers=stage.bearer, trust_env=False, timeout=PATIENCE) as client:
        page = (await client.get("/runs")).text
        address = page.partition('data-live="')[2].partition('"')[0].replace("&amp;", "&")
        async with client.stream("GET", address) as answer:
            told = []
            async for line in answer.aiter_lines():
                told.append(line)
                if "here" in line:
                    assert isinstance(stage.gateway, RunsFake)
                    stage.gateway.runs = [run("third"), *stage.gateway.runs]
                if "third" in line:
                    break
    assert [line for line in told if line.startswith("event:")] == ["event: gateway", "event: part"]


def test_a_mark_is_an_event_id() -> None:
    assert mark({"a": 1}) == mark({"a": 1}) != mark({"a": 2})
    assert len(str(mark("\ud800"))) < 19
