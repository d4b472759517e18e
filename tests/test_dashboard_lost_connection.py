"""What keeps a page from being true is said on it, and taken back: no gateway, no dashboard, no session, no answer."""

import asyncio
from collections.abc import AsyncIterator

import browser
import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from browser import Visitor, visit
from dashboard_stage import GatewayFake, Stage, mail, staged
from playwright.async_api import Browser, Route, expect

from dashboard.build_assets import build

chromium = browser.chromium
"""The shared fixture, made known to this module."""


@pytest.fixture(scope="module", autouse=True)
def assets() -> None:
    build()


class LeavingFake(GatewayFake):
    """A gateway that ends what it tells of commits when it goes away."""

    async def commits(self) -> AsyncIterator[int]:
        while True:
            self._here()
            yield 0
            await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("lost"), LeavingFake) as running:
        await running.add(*(mail(f"Order {n}", ["ann@example.com"], b"Subject: Order\r\n\r\nHi") for n in range(3)))
        yield running


@pytest.fixture
async def ann(chromium: Browser, stage: Stage) -> AsyncIterator[Visitor]:
    visitor = await visit(chromium, stage.link())
    yield visitor
    await visitor.context.close()


async def live(ann: Visitor, stage: Stage, path: str) -> None:
    await ann.page.goto(stage.url + path)
    await expect(ann.page.locator("#live")).to_have_text("Live")


@pytest.mark.parametrize("path", ["/", "/inbox"])
async def test_a_gateway_that_goes_away_is_told_until_it_is_back(ann: Visitor, stage: Stage, path: str) -> None:
    await live(ann, stage, path)
    notice = ann.page.get_by_role("alert")
    stage.gateway.away = True
    try:
        await expect(notice).to_contain_text("The gateway does not answer. Nothing passes while it is down")
        await expect(ann.page.locator("#live")).to_have_text("Waiting")
        if path == "/":
            await expect(ann.page.locator("h1")).to_have_class("big unsure")
        violations = (await Axe().run(ann.page)).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in violations] == []
    finally:
        stage.gateway.away = False
    await expect(notice).to_be_hidden()
    await expect(ann.page.locator("#live")).to_have_text("Live")
    if path == "/":
        await expect(ann.page.locator("h1")).to_have_class("big all-clear")


async def test_a_page_that_the_gateway_could_not_answer_comes_by_itself(ann: Visitor, stage: Stage) -> None:
    stage.gateway.away = True
    try:
        await ann.page.goto(f"{stage.url}/policy")
        await expect(ann.page.locator("h1")).to_have_text("Soundstage cannot answer")
    finally:
        stage.gateway.away = False
    await expect(ann.page.locator("h1")).to_have_text("Policy of staging-eu")


async def test_a_stream_that_cannot_be_had_is_told_until_it_can(ann: Visitor, stage: Stage) -> None:
    for address in ("**/live?**", "**/static/icon.svg"):
        await ann.context.route(address, lambda route: route.abort())
    await ann.page.goto(f"{stage.url}/attempts")
    notice = ann.page.get_by_role("alert")
    await expect(notice).to_contain_text("The dashboard does not answer. What is shown is as it was at")
    await expect(ann.page.locator("#live")).to_have_text("Reconnecting")
    await ann.context.unroute_all()
    await expect(notice).to_be_hidden()
    await expect(ann.page.locator("#live")).to_have_text("Live")


async def test_a_part_that_is_not_answered_leaves_what_is_shown(ann: Visitor, stage: Stage) -> None:
    await live(ann, stage, "/inbox")
    # This alone, and not the stream: that would be the graver reason, and told instead.
    await ann.context.route("**/inbox/*", lambda route: route.abort())
    notice = ann.page.get_by_role("alert")
    await ann.page.locator("#rows a").first.click()
    await expect(notice).to_contain_text("The dashboard did not answer; try again.")
    await expect(ann.page.locator("#message")).to_contain_text("Choose a message")
    await ann.context.unroute_all()
    await ann.page.locator("#rows a").first.click()
    await expect(ann.page.locator("#message h2")).to_have_text("Order 2")
    await expect(notice).to_be_hidden()


async def test_signing_out_in_another_tab_is_told(ann: Visitor, stage: Stage) -> None:
    await live(ann, stage, "/inbox")
    other = await ann.context.new_page()
    await other.goto(stage.url)
    await other.get_by_role("button", name="Sign out").click()
    await expect(other.get_by_label("admin token")).to_be_visible()
    notice = ann.page.get_by_role("alert")
    await expect(notice).to_contain_text("You are signed out.")
    await ann.page.locator("#rows a").first.click()
    await expect(ann.page.locator("#message")).to_contain_text("Choose a message")
    await other.goto(stage.link())
    await expect(notice).to_be_hidden()
    await expect(ann.page.locator("#live")).to_have_text("Live")


async def test_a_message_that_is_gone_leaves_the_one_that_is_read(ann: Visitor, stage: Stage) -> None:
    await live(ann, stage, "/inbox")
    rows = ann.page.locator("#rows a")
    await rows.nth(0).click()
    await expect(ann.page.locator("#message h2")).to_have_text("Order 2")
    await rows.nth(1).evaluate("row => row.setAttribute('hx-get', '/inbox/removed-meanwhile')")
    await rows.nth(1).click()
    notice = ann.page.get_by_role("alert")
    await expect(notice).to_contain_text("It was never captured, or retention has taken it.")
    await expect(ann.page.locator("#message h2")).to_have_text("Order 2")
    await notice.get_by_role("button", name="Close").click()
    await expect(notice).to_be_hidden()


async def test_who_is_refused_before_any_page_can_read_why(ann: Visitor, stage: Stage) -> None:
    """A form of a session that is over, sent by a page that stayed open."""
    await ann.page.goto(f"{stage.url}/inbox")
    await ann.page.locator(".unread-bar").evaluate("form => { form.action = '/inbox/read?csrf=of-another-session'; }")
    await ann.page.get_by_role("button", name="Mark all read").click()
    await expect(ann.page.get_by_role("heading", name="Refused")).to_be_visible()
    violations = (await Axe().run(ann.page)).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in violations] == []
    await ann.page.get_by_role("link", name="Back to Soundstage").click()
    await expect(ann.page.locator("h1")).to_contain_text("real side effect")


async def test_a_row_that_is_told_twice_is_shown_once(ann: Visitor, stage: Stage) -> None:
    held = asyncio.Event()

    async def told(route: Route) -> None:
        await held.wait()
        row = "event: row\nid: 1\ndata: <li id='row-twice'>Twice</li>\n\n"
        await route.fulfill(body=row * 2, content_type="text/event-stream")

    await ann.context.route("**/live?**", told)
    await ann.page.goto(f"{stage.url}/attempts")
    await ann.page.locator("#pause").click()
    held.set()
    await expect(ann.page.locator("#fresh")).to_have_text("1 new")
    await ann.page.locator("#pause").click()
    await expect(ann.page.locator("#row-twice")).to_have_count(1)
