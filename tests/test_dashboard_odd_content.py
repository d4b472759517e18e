"""What is odd in what was captured: text that is read backwards, mails to crowds, runs of many rows; and copying."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import browser
import httpx
import pytest
from browser import Visitor, heard, visit
from dashboard_stage import Stage, capture, mail, staged
from playwright.async_api import Browser, expect
from running import PATIENCE
from test_dashboard_live_parts import RunsFake, run

from dashboard.build_assets import build
from dashboard.look import row
from ledger.filters import Filters

chromium = browser.chromium
"""The shared fixture, made known to this module."""
OVER = "\N{RIGHT-TO-LEFT OVERRIDE}"
CROWD = [f"{'a' * 60}{number}@{'b' * 60}.example.com" for number in range(40)]


@pytest.fixture(scope="module", autouse=True)
def assets() -> None:
    build()


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("odd"), RunsFake) as running:
        for number in range(30):
            link = f"https://shop.example.com/{OVER}{number}".encode()
            body = b"Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nYour code is 123456. " + link
            await running.add(mail(f"{OVER}fdp.exe", ["ann@example.com"], body, sender=f"{OVER}moc.live@x.example"))
        await running.add(mail("To all " * 60, CROWD, b"Subject: x\r\n\r\n" + b"line\r\n" * 300))
        yield running


@pytest.fixture
async def ann(chromium: Browser, stage: Stage) -> AsyncIterator[Visitor]:
    visitor = await visit(chromium, stage.link())
    yield visitor
    assert visitor.errors == []
    await visitor.context.close()


async def test_nothing_is_read_backwards_and_a_copy_is_exact(stage: Stage) -> None:
    shown = stage.reader.captures(Filters()).items[-1]
    async with httpx.AsyncClient(base_url=stage.url, headers=stage.bearer, trust_env=False, timeout=PATIENCE) as client:
        page = (await client.get(f"/inbox/{shown.id}")).text
    assert "[U+202E]moc.live@x.example" in page
    assert "[U+202E]fdp.exe" in page
    assert [line for line in page.splitlines() if OVER in line and "data-copy" not in line] == []
    assert f'data-copy="https://shop.example.com/{OVER}' in page


async def test_a_crowd_of_recipients_does_not_hide_the_message(ann: Visitor, stage: Stage) -> None:
    """And an opened message leaves the page where it is: only its list is scrolled to it."""
    shown = stage.reader.captures(Filters(subject="To all")).items[0]
    await ann.page.goto(f"{stage.url}/inbox/{shown.id}")
    crowd = ann.page.get_by_role("region", name="Recipients")
    await expect(crowd).to_contain_text(CROWD[-1])
    await expect(ann.page.locator(".tabs")).to_be_in_viewport()
    await crowd.focus()
    await ann.page.keyboard.press("End")
    scrolled = "document.querySelector('.many').scrollTop"
    for _ in range(1500):
        # Not by a function of the page's own, which its policy on scripts refuses to make of a text.
        if await ann.page.evaluate(scrolled):
            break
        await asyncio.sleep(0.02)
    assert await ann.page.evaluate(scrolled) > 0
    assert await ann.page.evaluate("document.documentElement.scrollHeight - innerHeight") == 0
    await expect(ann.page.locator("header.top")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("secure", [True, False], ids=["secure", "plain-http-elsewhere"])
async def test_copying_by_the_keyboard_stays_where_it_is(ann: Visitor, stage: Stage, secure: bool) -> None:
    await ann.context.grant_permissions(["clipboard-read", "clipboard-write"])
    if not secure:
        await ann.page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    shown = stage.reader.captures(Filters()).items[-1]
    await ann.page.goto(f"{stage.url}/inbox/{shown.id}")
    button = ann.page.locator(".code button")
    await button.focus()
    wide = await button.evaluate("it => it.offsetWidth")
    assert await heard(button, "Copied", ann.page.keyboard.press("Enter")) == wide
    await expect(button).to_be_focused()
    assert await ann.page.evaluate("navigator.clipboard.readText()") == "123456"
    await expect(button).to_have_text("Copy code")


async def test_the_focus_goes_where_somebody_reads(ann: Visitor, stage: Stage) -> None:
    await ann.page.goto(f"{stage.url}/inbox")
    row = ann.page.locator("#rows a").nth(1)
    await row.focus()
    await ann.page.keyboard.press("Enter")
    await expect(ann.page.locator("#message h2")).to_be_visible()
    await ann.page.keyboard.press("Tab")
    await expect(ann.page.locator("#read")).to_be_focused()
    for control in ("#tab-raw", "#tab-text", "#read"):
        await ann.page.locator(control).focus()
        await ann.page.keyboard.press("Enter")
        said = "Mark read" if control == "#read" else None
        shown = ann.page.locator("#read") if said else ann.page.locator(f".view-{control.removeprefix('#tab-')}")
        await expect(shown).to_contain_text(said or "Your code")
        await expect(ann.page.locator(control)).to_be_focused()
    await ann.page.keyboard.press("Escape")
    await expect(row).to_be_focused()


def expectations(failing: set[int]) -> str:
    subjects = ("Nothing like it" if number in failing else "Welcome" for number in range(40))
    rows = (f"  - {{name: row {n}, email: {{to: u{n}@a.test, subject: {it}}}}}\n" for n, it in enumerate(subjects))
    return "version: 1\nexpect:\n" + "".join(rows)


async def test_of_forty_rows_the_five_that_failed_come_first(ann: Visitor, stage: Stage) -> None:
    gateway = stage.gateway
    assert isinstance(gateway, RunsFake)
    gateway.runs = [run("first", contained="namespace", canaries={"begin": {"http": True}, "end": {"http": True}})]
    failing, body = {7, 15, 23, 31, 39}, b"Subject: Welcome\r\n\r\nHi"
    sent = [number for number in range(40) if number not in failing]
    await stage.add(*(mail("Welcome", [f"u{number}@a.test"], body, run="id-first") for number in sent))
    asked = {"text": expectations(failing)}
    async with httpx.AsyncClient(base_url=stage.url, headers=stage.bearer, trust_env=False, timeout=PATIENCE) as api:
        told: dict[str, Any] = (await api.post("/api/runs/id-first/verify", json=asked)).json()
    held = [one["name"] for one in told["rows"] if one["outcome"] == "held"]
    assert len(told["rows"]) - len(held) == 5
    await ann.page.goto(f"{stage.url}/runs/id-first")
    await expect(ann.page.locator(".judged").first.locator("> li")).to_have_count(5)
    await expect(ann.page.locator(".judged").first).to_contain_text("row 39")
    await expect(ann.page.locator(".tally")).to_have_text(f"5 failed, {len(held)} held")
    folded = ann.page.locator("details", has_text=f"{len(held)} held")
    await expect(folded.get_by_text("row 38")).to_be_hidden()
    await folded.locator("summary").click()
    await expect(folded.get_by_text("row 38")).to_be_visible()
    gateway.runs = [run("first", contained="doctor")]
    await expect(ann.page.get_by_text("as the doctor found")).to_be_visible()
    await expect(folded.get_by_text("row 38")).to_be_visible()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        pytest.param(mail("Undelivered", ["ann@example.com"], b"\r\n", sender=""), "", id="null-sender"),
        pytest.param(capture(channel="web", host="api.example.com", scheme="https"), "api.example.com", id="a-call"),
    ],
)
async def test_who_sent_it(stage: Stage, made: Any, said: str) -> None:
    kept = await stage.add(made)
    found = stage.reader.get(kept)
    assert found is not None
    assert row(found).sender == said
