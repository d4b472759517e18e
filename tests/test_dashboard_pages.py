"""The pages in a real Chromium: signing in, live rows, search, keys, narrow screens, and no barrier axe-core finds."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import browser
import httpx
import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from browser import Visitor, heard, visit
from dashboard_stage import ADMIN, Stage, capture, mail, staged
from playwright.async_api import Browser, expect
from running import PATIENCE

from dashboard.build_assets import build
from dashboard.gateway_link import Readiness
from ledger.filters import Filters

chromium = browser.chromium
"""The shared fixture, made known to this module."""

SHIFTS = """() => { window.shifted = 0; new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: false }); }"""


def order(number: int, to: str = "ann@example.com") -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.com", to, f"Order {number}"
    message.set_content(f"Order {number}. Your code is {100000 + number}. https://shop.example.com/orders/{number}")
    message.add_alternative(f"<h1>Order {number}</h1>", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename=f"invoice-{number}.pdf")
    return message.as_bytes()


@pytest.fixture(scope="module", autouse=True)
def assets() -> None:
    build()


@pytest.fixture
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("pages")) as running:
        for number in range(1, 31):
            await running.add(mail(f"Order {number}", [f"user{number}@example.com"], order(number), run="ci-1"))
        yield running


@pytest.fixture
async def ann(chromium: Browser, stage: Stage) -> AsyncIterator[Visitor]:
    visitor = await visit(chromium, stage.link())
    yield visitor
    assert visitor.errors == []
    assert visitor.asked_outside(stage.url) == []
    await visitor.context.close()


async def test_the_printed_link_leads_to_the_big_sentence(ann: Visitor, stage: Stage) -> None:
    assert ann.page.url == f"{stage.url}/"
    await expect(ann.page.locator("h1")).to_contain_text("0 real side effects since")
    await expect(ann.page.locator("h1")).to_contain_text("30 captured")
    await expect(ann.page.locator("#chart canvas")).to_be_visible()


async def test_a_live_row_arrives_without_moving_anything(ann: Visitor, stage: Stage) -> None:
    await ann.page.goto(f"{stage.url}/inbox")
    await expect(ann.page.locator("#live")).to_have_text("Live")
    await ann.page.evaluate(SHIFTS)
    added = await stage.add(mail("Brand new", ["bo@example.com"], order(99)))
    await expect(ann.page.locator("#rows > li").first).to_contain_text("Brand new")
    await expect(ann.page.locator("#rows > li").first).to_have_attribute("id", f"row-{added}")
    await stage.add(capture(channel="payment", host="api.stripe.com", scheme="https", port=443, facts={}))
    await stage.add(mail("Newer still", ["bo@example.com"], order(100)))
    await expect(ann.page.locator("#rows > li").first).to_contain_text("Newer still")
    assert await ann.page.locator("#rows > li").count() == 32, "a payment is no message"
    assert await ann.page.evaluate("window.shifted") == 0


async def test_rows_wait_for_who_reads_further_down(ann: Visitor, stage: Stage) -> None:
    await ann.page.goto(f"{stage.url}/inbox")
    await expect(ann.page.locator("#live")).to_have_text("Live")
    await ann.page.locator("#results").evaluate("box => { box.scrollTop = 400; }")
    await ann.page.evaluate(SHIFTS)
    await stage.add(mail("Waiting", ["bo@example.com"], order(99)))
    await expect(ann.page.locator("#fresh")).to_have_text("1 new")
    assert await ann.page.evaluate("window.shifted") == 0
    await ann.page.locator("#fresh").click()
    await expect(ann.page.locator("#rows > li").first).to_contain_text("Waiting")


async def test_search_narrows_the_list_and_its_live_rows(ann: Visitor, stage: Stage) -> None:
    await ann.page.goto(f"{stage.url}/inbox")
    await ann.page.locator("#search").fill("to:user7@ has:attachment")
    await expect(ann.page.locator("#rows > li")).to_have_count(1)
    await expect(ann.page.locator("#rows > li")).to_contain_text("Order 7")
    await expect(ann.page).to_have_url(re.compile("q=to"))
    await expect(ann.page.locator("#live")).to_have_text("Live")
    await stage.add(mail("Not for seven", ["bo@example.com"], order(98)))
    await stage.add(mail("For seven", ["user7@example.com"], order(99)))
    await expect(ann.page.locator("#rows > li")).to_have_count(2)
    await expect(ann.page.locator("#rows > li").first).to_contain_text("For seven")
    await ann.page.locator("#search").fill("larger:big")
    await expect(ann.page.get_by_role("alert")).to_contain_text("is no size")


async def test_the_keyboard_alone_reads_mail(ann: Visitor, stage: Stage) -> None:
    await ann.page.goto(f"{stage.url}/inbox")
    await ann.page.keyboard.press("j")
    await expect(ann.page.locator("#message h2")).to_have_text("Order 30")
    await ann.page.keyboard.press("j")
    await expect(ann.page.locator("#message h2")).to_have_text("Order 29")
    await ann.page.keyboard.press("k")
    await expect(ann.page.locator("#message h2")).to_have_text("Order 30")
    await expect(ann.page.locator("#rows a[aria-current]")).to_have_count(1)
    await ann.page.keyboard.press("2")
    await expect(ann.page.locator(".view-text pre")).to_contain_text("Your code is 100030")
    await ann.page.keyboard.press("/")
    await expect(ann.page.locator("#search")).to_be_focused()
    await ann.page.keyboard.press("Escape")
    await ann.page.keyboard.press("?")
    await expect(ann.page.locator("#keys")).to_be_visible()
    assert await ann.page.evaluate("document.getElementById('keys').offsetHeight < innerHeight * 3 / 4")
    await ann.page.keyboard.press("Escape")
    await expect(ann.page.locator("#keys")).to_be_hidden()


async def test_going_back_shows_what_was_there(ann: Visitor, stage: Stage) -> None:
    await ann.page.goto(f"{stage.url}/inbox")
    await ann.page.locator("#rows > li a").nth(3).click()
    await expect(ann.page.locator("#message h2")).to_have_text("Order 27")
    await expect(ann.page).to_have_url(re.compile("/inbox/"))
    await ann.page.go_back()
    await expect(ann.page.locator("#message")).to_contain_text("Choose a message")
    await expect(ann.page.locator("#rows > li")).to_have_count(30)


async def test_codes_and_links_are_pulled_out_to_copy(ann: Visitor, stage: Stage) -> None:
    await ann.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown = stage.reader.captures(Filters(subject="Order 5")).items[0]
    await ann.page.goto(f"{stage.url}/inbox/{shown.id}")
    button = ann.page.locator(".code button")
    await heard(button, "Copied", button.click())
    assert await ann.page.evaluate("navigator.clipboard.readText()") == "100005"
    await expect(ann.page.locator(".attachments")).to_contain_text("invoice-5.pdf")


async def test_attempts_tail_live_and_pause(ann: Visitor, stage: Stage) -> None:
    await ann.page.goto(f"{stage.url}/attempts")
    await expect(ann.page.locator("#live")).to_have_text("Live")
    await ann.page.locator("#pause").click()
    charge = {"channel": "payment", "host": "api.stripe.com", "scheme": "https", "port": 443, "method": "POST"}
    added = await stage.add(capture(operation="charge.create", provider="stripe", path="/v1/charges", **charge))  # type: ignore[arg-type]  # a table of keywords
    await expect(ann.page.locator("#fresh")).to_have_text("1 new")
    await ann.page.locator("#pause").click()
    await expect(ann.page.locator("#rows > li").first).to_have_attribute("id", f"row-{added}")
    await ann.page.locator("#rows > li a").first.click()
    await expect(ann.page.locator(".reason")).to_contain_text("no opt-in matches api.stripe.com")
    await expect(ann.page.locator("section", has_text="let it through").locator("pre")).to_contain_text(
        "to: api.stripe.com"
    )


async def test_now_draws_itself_anew(ann: Visitor, stage: Stage) -> None:
    await expect(ann.page.locator("#live")).to_have_text("Live")
    await stage.add(capture(channel="web", verdict="deny", host="api.example.com", scheme="https", port=443, left=True))
    await expect(ann.page.locator("h1")).to_contain_text("1 real side effect since")
    await expect(ann.page.locator("#chart canvas")).to_be_visible()


async def test_now_is_no_all_clear_while_the_gateway_is_away(ann: Visitor, stage: Stage) -> None:
    stage.gateway.away = True
    await ann.page.reload()
    await expect(ann.page.locator("h1")).to_have_class("big unsure")
    await expect(ann.page.get_by_label("Alerts")).to_contain_text("the gateway does not answer")
    stage.gateway.away = False
    stage.gateway.ready = Readiness(False, ("the ledger cannot be written: disk full",))
    await ann.page.reload()
    await expect(ann.page.locator("h1")).to_have_class("big unsure")
    await expect(ann.page.get_by_label("Alerts")).to_contain_text("disk full")


PATHS = [
    "/",
    "/inbox",
    "/inbox/{id}",
    "/inbox/{id}?tab=parts",
    "/inbox/{id}?tab=headers",
    "/attempts",
    "/attempts/{id}",
]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_no_page_has_a_barrier(chromium: Browser, stage: Stage, dark: bool) -> None:
    stage.gateway.told["opt_ins"] = [
        {"id": "qa", "target": "mail to *@qa.example.com", "do": "allow", "why": "QA", "owner": "qa", "in_force": True,
         "expires": "2026-12-31T00:00:00Z"},
    ]  # fmt: skip
    denied = await stage.add(capture(channel="web", verdict="deny", host="x.example", scheme="https", port=443))
    shown = await stage.add(mail("Order 1", ["ann@example.com"], order(1), flags=["live_credential"]))
    async with httpx.AsyncClient(base_url=stage.url, headers=stage.bearer, timeout=PATIENCE) as client:
        await client.post(f"/inbox/{shown}/labels", data={"add": "refund"})
    visitor = await visit(chromium, stage.link(), dark=dark)
    found = {}
    for path in [*(path.format(id=shown) for path in PATHS), f"/attempts/{denied}", "/inbox?q=nothing-like-it"]:
        await visitor.page.goto(stage.url + path)
        violations = (await Axe().run(visitor.page)).response["violations"]
        found.update({(path, one["id"]): [node["html"] for node in one["nodes"]][:3] for one in violations})
    await visitor.context.close()
    assert found == {}


async def test_400_pixels_are_enough(chromium: Browser, stage: Stage) -> None:
    shown = await stage.add(mail("A subject " * 30, ["ann@example.com"], order(1)))
    visitor = await visit(chromium, stage.link(), width=400)
    for path in [*(path.format(id=shown) for path in PATHS), "/inbox?q=nothing-like-it"]:
        await visitor.page.goto(stage.url + path)
        assert await visitor.page.evaluate("document.documentElement.scrollWidth") <= 400, path
    await visitor.page.goto(f"{stage.url}/attempts")
    assert await visitor.page.evaluate("document.querySelector('.scroll').scrollWidth") <= 400, "no kind is cut off"
    await visitor.page.goto(f"{stage.url}/inbox")
    await visitor.page.locator("#rows a").first.click()
    await expect(visitor.page.locator("#message h2")).to_be_visible()
    await visitor.page.locator(".back").click()
    await expect(visitor.page.locator("#rows > li").first).to_be_visible()
    await visitor.context.close()


async def test_reading_works_without_script(chromium: Browser, stage: Stage) -> None:
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(stage.link())
    await page.get_by_role("link", name="Inbox").click()
    await page.locator("#rows a").first.click()
    await expect(page.locator("#message h2")).to_have_text("Order 30")
    await page.get_by_role("link", name="Text", exact=True).click()
    await expect(page.locator(".view-text pre")).to_contain_text("Your code is 100030")
    await context.close()


async def test_forms_of_our_own_are_taken_for_ours(chromium: Browser, stage: Stage) -> None:
    """A browser says with each form where it comes from; signing in and out must not be refused for it."""
    context = await chromium.new_context()
    page = await context.new_page()
    await page.goto(f"{stage.url}/sign-in")
    await page.get_by_label("admin token").fill(ADMIN)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.locator("h1")).to_contain_text("0 real side effects")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.locator("h1")).to_have_text("Soundstage")
    await context.close()


async def test_now_tells_what_is_worth_an_alert(ann: Visitor, stage: Stage) -> None:
    await stage.add(mail("Keys", ["bo@example.com"], order(98), flags=["live_credential"]))
    await stage.add(mail("Card", ["bo@example.com"], order(99), flags=["card_number", "malformed"]))
    soon = (datetime.now(UTC) + timedelta(hours=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    stage.gateway.told["opt_ins"] = [
        {"id": "qa", "target": "*@qa.example.com", "do": "allow", "why": "QA", "owner": "qa-team", "in_force": True,
         "expires": soon},
    ]  # fmt: skip
    stage.gateway.told["error"] = "policy.yaml:3: opt_in.0.why: is missing"
    await ann.page.reload()
    alerts = ann.page.get_by_label("Alerts")
    await expect(alerts).to_contain_text("1 attempt carried a card number.")
    await expect(alerts).to_contain_text("1 attempt carried a credential that is live")
    await expect(alerts).to_contain_text("The opt-in qa ends on ")
    await expect(alerts).to_contain_text("could not be reloaded; the one before stays in force. policy.yaml:3")
    await alerts.get_by_role("link", name="see it").last.click()
    await expect(ann.page.locator("#rows > li")).to_have_count(1)
    await expect(ann.page.locator("#rows > li")).to_contain_text("Card")


async def test_reading_and_tagging_by_the_keyboard(ann: Visitor, stage: Stage) -> None:
    await ann.page.goto(f"{stage.url}/inbox")
    await expect(ann.page.locator("#unread")).to_have_text("30")
    await ann.page.keyboard.press("j")
    await expect(ann.page.locator("#message h2")).to_have_text("Order 30")
    await expect(ann.page.locator("#unread")).to_have_text("29")
    await expect(ann.page.locator("#rows > li").first).not_to_contain_class("unread")
    await ann.page.keyboard.press("t")
    await ann.page.keyboard.type("refund")
    await ann.page.keyboard.press("Enter")
    await expect(ann.page.locator("#rows > li").first.locator(".tag")).to_have_text("refund")
    await ann.page.keyboard.press("Escape")
    await ann.page.keyboard.press("e")
    await expect(ann.page.locator("#unread")).to_have_text("30")
    await expect(ann.page.locator("#rows > li").first).to_contain_class("unread")
    await expect(ann.page.locator("#live")).to_have_text("Live")
    await stage.add(mail("Newer", ["bo@example.com"], order(99)))
    await expect(ann.page.locator("#unread")).to_have_text("31")
    await ann.page.get_by_role("button", name="Mark all read").click()
    await expect(ann.page.locator("#rows > li.unread")).to_have_count(0)
