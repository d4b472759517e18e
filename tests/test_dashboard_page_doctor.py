"""The page Doctor in a real Chromium: empty and filled, wide and narrow, without a barrier that axe-core finds."""

from pathlib import Path

import browser
import httpx
import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from browser import visit
from dashboard_stage import staged
from playwright.async_api import Browser
from running import PATIENCE

from dashboard.build_assets import build

chromium = browser.chromium
"""The shared fixture, made known to this module."""


def finding(verdict: str, number: int) -> dict[str, str]:
    reason = "the next machine turned it away: EHOSTUNREACH, No route to host (ICMP type 3, code 13, of 10.77.0.1)"
    return {"id": f"udp:2606:4700:4700::1111:{number}", "what": "a datagram", "verdict": verdict, "reason": reason}


@pytest.fixture(scope="module", autouse=True)
def assets() -> None:
    build()


@pytest.mark.parametrize("width", [400, 1280])
async def test_everybody_can_read_it(chromium: Browser, tmp_path: Path, width: int) -> None:
    verdicts = ("closed", "captured", "open", "unknown", "missing", "advice", "accepted")
    findings = [finding(verdict, number) for number, verdict in enumerate(verdicts, 1)]
    counts = dict.fromkeys(verdicts, 1)
    filed = {"result": "open", "exit": 1, "machine": "m" * 80, "consulted": False, "seconds": 1, "run": "ci-1"}
    async with staged(tmp_path) as stage:
        visitor = await visit(chromium, stage.link(), width=width)
        for _ in range(2):
            await visitor.page.goto(f"{stage.url}/doctor")
            violations = (await Axe().run(visitor.page)).response["violations"]
            assert [(one["id"], one["nodes"][0]["html"]) for one in violations] == []
            assert await visitor.page.evaluate("document.documentElement.scrollWidth") <= width
            async with httpx.AsyncClient(
                base_url=stage.url, headers=stage.bearer, trust_env=False, timeout=PATIENCE
            ) as api:
                assert (
                    await api.post("/api/doctor", json={**filed, "counts": counts, "findings": findings})
                ).is_success
        first = visitor.page.locator("tbody").first.locator("tr").first
        assert "open" in await first.inner_text()
        assert (visitor.errors, visitor.asked_outside(stage.url)) == ([], [])
        await visitor.context.close()
