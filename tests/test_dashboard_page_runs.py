"""The pages Runs and Policy in a real Chromium, wide and narrow, dark and light, without a barrier axe-core finds."""

from collections.abc import AsyncIterator
from typing import Any

import browser
import httpx
import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from browser import Visitor, visit
from dashboard_stage import GatewayFake, Stage, capture, mail, staged
from playwright.async_api import Browser, expect
from running import PATIENCE

from dashboard.build_assets import build
from ledger.filters import Filters

chromium = browser.chromium
"""The shared fixture, made known to this module."""
AT = "2026-11-22T10:00:00.000000Z"
SECRET = "soundstage_secret-of-the-run"
FILE = """\
version: 1
expect:
  - name: welcome mail
    email: {to: ann@example.com, subject: Welcome}
never:
  - name: no payments
    payment: {provider: stripe}
"""


def run(number: int, **more: Any) -> dict[str, Any]:
    counts = {"captures": 2, "left": 0, "channels": {"email": 1, "payment": 1}, "verdicts": {}, "wrong_token": 0}
    told = {
        "id": f"run-{number}", "name": f"checkout {number} " + "long " * 20, "opened_at": AT, "opened_seq": 0,
        "finished_at": "2026-11-22T10:03:00.000000Z", "finished_seq": 9, "verdict": None, "open": False,
        "listener": None, "sources": ["10.0.3.0/24"], "services": ["5432"], "contained": "namespace", "canaries": None,
        "counts": counts, "windows": [], "gaps": [], "parent": None, "lease": None, "ended": None, "children": [],
        "token": SECRET, "api_token": SECRET, "variables": {"HTTP_PROXY": SECRET},
    }  # fmt: skip
    return {**told, **more}


RUNS = [
    run(1, verdict="violated"),
    run(2, verdict="clean", contained="no"),
    run(3, verdict="inconclusive", contained="no", ended="abandoned", lease=900.0, parent="run-1",
        gaps=[{"at": AT, "until": AT, "why": "the gateway was restarted"}]),
    run(4, open=True, finished_at=None, finished_seq=None, unattributed={"captures": 3, "channels": {}, "intents": {}},
        canaries={"begin": {"http": True, "smtp": False}, "end": {"http": False, "smtp": False}},
        windows=[{"id": "w-1", "name": "test_signup", "opened_at": AT, "opened_seq": 0, "closed_at": None,
                  "closed_seq": None}]),
    run(5),
    run(6, canaries={when: {"http": True, "smtp": True} for when in ("begin", "end")}),
]  # fmt: skip


class RunsFake(GatewayFake):
    """A gateway that knows five runs, and names of packs."""

    async def ask_run(self, question: str, given: dict[str, Any], patience: float) -> dict[str, Any]:
        self._here()
        known = {one["id"]: one for one in RUNS}
        match question:
            case "run_list":
                return {"items": [one for one in RUNS if given["open"] in (None, one["open"])]}
            case "run_show" if given["run"] in known:
                return known[given["run"]]
            case "settle":
                return {"reached": True, "why": None, "waited": 0.0}
            case "names":
                return {"channels": {"stripe": "payment"}, "operations": []}
        return {"problem": {"status": 404, "detail": f"There is no run {given['run']!r}."}}


@pytest.fixture(scope="module", autouse=True)
def assets() -> None:
    build()


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("runs"), RunsFake) as running:
        await running.add(
            mail("Welcome back", ["ann@example.com"], b"Subject: Welcome back\r\n\r\nHi", run="run-1"),
            capture(channel="payment", host="api.stripe.com", scheme="https", provider="stripe", run="run-1"),
        )
        yield running


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stage.url, headers=stage.bearer, trust_env=False, timeout=PATIENCE) as opened:
        yield opened


async def test_a_run_shows_expectation_by_expectation_what_came_of_it(stage: Stage, client: httpx.AsyncClient) -> None:
    before = (await client.get("/runs/run-1")).text
    assert "soundstage verify --run run-1 --expect effects.yaml" in before
    asked = {"text": FILE, "file": "effects.yaml"}
    told = (await client.post("/api/runs/run-1/verify", json=asked)).json()
    assert told["verdict"] == "violated"
    shown = (await client.get("/runs/run-1")).text
    assert "by effects.yaml" in shown
    for row in told["rows"]:
        assert row["name"] in shown
    near = stage.reader.captures(Filters(channel="email")).items[0].id
    assert f'<a href="/attempts/{near}">' in shown
    assert "expected <code>&#39;Welcome&#39;</code>" in shown or "expected <code>Welcome</code>" in shown


async def test_a_verdict_that_verifying_did_not_find_is_said(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/runs/run-2/verify", json={})).json()["verdict"] == "inconclusive"
    told = "Its owner ended it as clean; verified last, it was inconclusive."
    assert told in (await client.get("/runs/run-2")).text
    assert "Its owner ended it" not in (await client.get("/runs/run-1")).text


async def test_no_page_shows_a_runs_credentials(client: httpx.AsyncClient) -> None:
    for path in ("/runs", "/runs?show=open", *(f"/runs/{one['id']}" for one in RUNS)):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert SECRET not in answer.text


async def test_a_runs_name_is_told_its_id(client: httpx.AsyncClient) -> None:
    """People know a run by the name they gave it, and every command takes the id."""
    name = RUNS[3]["name"]
    meant = f"There is no run {name!r}; a run is asked for by its id, and the latest of that name is run-4."
    assert (await client.get(f"/api/runs/{name}")).json()["detail"] == meant
    answer = await client.post(f"/api/runs/{name}/verify", json={})
    assert (answer.status_code, answer.json()["detail"]) == (404, meant)
    assert (await client.get("/api/runs/nobody")).json()["detail"] == "There is no run 'nobody'."


async def test_a_run_that_is_none_is_a_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/runs/run-9")
    assert answer.status_code == 404
    assert "No such run" in answer.text


async def test_a_gateway_that_does_not_answer_is_said(stage: Stage, client: httpx.AsyncClient) -> None:
    stage.gateway.away = True
    try:
        for path in ("/runs", "/policy"):
            answer = await client.get(path, headers={"accept": "text/html"})
            assert answer.status_code == 503
            assert "The gateway does not answer; nothing passes while it is down." in answer.text
    finally:
        stage.gateway.away = False


async def test_the_policy_is_asked_by_its_address(stage: Stage, client: httpx.AsyncClient) -> None:
    empty = (await client.get("/policy")).text
    assert "No policy file" in empty
    asked = (await client.get("/policy", params={"ask": "POST https://api.stripe.com/v1/charges"})).text
    assert "no opt-in matches api.stripe.com; payments are captured by default" in asked
    assert "to: api.stripe.com" in asked
    for wrong in ("stripe", "GET https://stripe/"):
        assert 'role="alert"' in (await client.get("/policy", params={"ask": wrong})).text


OPT_IN = {
    "id": "stripe-sandbox", "target": "api.stripe.com", "do": "allow", "why": "checkout", "owner": "payments",
    "expires": "2099-01-01T00:00:00Z", "in_force": True,
}  # fmt: skip


@pytest.mark.parametrize(("width", "dark"), [(390, True), (1280, False)])
async def test_everybody_can_read_them(chromium: Browser, stage: Stage, width: int, dark: bool) -> None:
    stage.gateway.told["opt_ins"] = [OPT_IN, {**OPT_IN, "id": "over", "do": "divert", "in_force": False}]
    stage.gateway.files["files"] = [{"path": "/etc/soundstage/" + "p" * 90, "text": "version: 1\n# " + "x" * 300}]
    visitor = await visit(chromium, stage.link(), width=width, dark=dark)
    for path in ("/runs", "/runs/run-1" if dark else "/runs/run-4", "/policy?ask=https://a.test/", "/nothing"):
        await visitor.page.goto(f"{stage.url}{path}")
        violations = (await Axe().run(visitor.page)).response["violations"]
        assert [(path, one["id"], one["nodes"][0]["html"]) for one in violations] == []
        assert await visitor.page.evaluate("document.documentElement.scrollWidth") <= width, path
    await by_keyboard(visitor, stage)
    assert [error for error in visitor.errors if "404" not in error] == []
    assert visitor.asked_outside(stage.url) == []
    await visitor.context.close()


async def by_keyboard(visitor: Visitor, stage: Stage) -> None:
    """The list, a run, and a question, without a pointer."""
    await visitor.page.goto(f"{stage.url}/runs")
    await visitor.page.locator("tbody a").first.focus()
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.page.locator("h1")).to_contain_text("checkout 1")
    await visitor.page.goto(f"{stage.url}/policy")
    await visitor.page.keyboard.press("/")
    await visitor.page.keyboard.type("POST https://api.stripe.com/v1/charges")
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.page.get_by_role("status").locator("q")).to_contain_text("payments are captured by default")


async def test_how_many_held_is_said_once(client: httpx.AsyncClient) -> None:
    told = (await client.post("/api/runs/run-6/verify", json={})).json()
    assert told["verdict"] == "clean", told
    assert (await client.get("/runs/run-6")).text.count(f"{len(told['rows'])} held") == 1
