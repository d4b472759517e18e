"""A real Chromium for tests that look at pages, and what it tried to reach."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect
from running import PATIENCE

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
SETTLED = PATIENCE * 1000
"""Milliseconds any wait in a page may take, those of `expect` too: of its own accord it waits five seconds."""
expect.set_options(timeout=SETTLED)


def chromium_path() -> str:
    """The distribution's Chromium; these tests fail, rather than pass unseen, where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.fail("These tests need Debian's chromium (apt-get install chromium).")
    return found


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for all; each test opens a context of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS, timeout=SETTLED)
        yield browser
        await browser.close()


class Visitor:
    """A person at a browser: one context, one page, and every address it asked for."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.context = context
        self.page = page
        self.asked: list[str] = []
        self.errors: list[str] = []
        context.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)

    def asked_outside(self, url: str) -> list[str]:
        """Addresses other than the dashboard's own and what needs no network."""
        return [asked for asked in self.asked if not asked.startswith((url, "data:", "about:", "blob:"))]


async def visit(browser: Browser, link: str, *, width: int = 1280, height: int = 800, dark: bool = False) -> Visitor:
    """Somebody who follows a sign-in link. Close `.context` afterwards."""
    context = await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", reduced_motion="reduce"
    )
    context.set_default_timeout(SETTLED)
    visitor = Visitor(context, await context.new_page())
    await visitor.page.goto(link)
    return visitor


HEARD = """(it, text) => { window.heard = new Promise((done) => {
  new MutationObserver(() => it.textContent === text && done(it.offsetWidth)).observe(it, { childList: true });
}); }"""


async def heard(it: Locator, text: str, after: Awaitable[None]) -> int:
    """Wait until something says a text, however briefly, once that was done; how wide it was then."""
    await it.evaluate(HEARD, text)
    await after
    async with asyncio.timeout(PATIENCE):
        return int(await it.page.evaluate("window.heard"))
