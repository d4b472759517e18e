"""The client for Node: its own tests, and the example shop's suite in Playwright Test, against a real Soundstage."""

import re
import shutil
import subprocess
from pathlib import Path

from node_packages import CLIENT, node, suite
from running import PROJECT, Running, clean_environment, command

SHOP = PROJECT / "docs" / "examples" / "node_suite"


def environ(gateway: Running, **more: str) -> dict[str, str]:
    """What a developer's shell has, and where Soundstage is."""
    place = {"SOUNDSTAGE_URL": gateway.addresses["dashboard"], "SOUNDSTAGE_TOKEN": gateway.token}
    return {**clean_environment(), **place, **more}


def ran(words: list[str], folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_the_clients_own_tests_pass(gateway: Running) -> None:
    start = {"SOUNDSTAGE_COMMAND": " ".join(command()), "PYTHONPATH": str(PROJECT)}
    files = [f"test/{path.name}" for path in sorted((CLIENT / "test").glob("*.test.js"))]
    ended = ran([node(), "--test", "--test-reporter=tap", *files], CLIENT, environ(gateway, **start))
    assert ended.returncode == 0, ended.stdout
    counted = dict(re.findall(r"^# (\w+) (\d+)$", ended.stdout, re.MULTILINE))
    assert (counted["fail"], counted["skipped"]) == ("0", "0")
    assert int(counted["pass"]) >= 70


def test_the_example_shops_suite_passes(gateway: Running, tmp_path: Path) -> None:
    """Mail with its link followed, code read, one charge for two attempts, a webhook, nothing else; a run a worker."""
    program = node()
    folder = suite(SHOP, tmp_path / "shop")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    files = ["shop.spec.js", *(["page.spec.js"] if chromium else [])]
    variables = environ(gateway, CHROMIUM=chromium or "", PLAYWRIGHT_OUTPUT=str(tmp_path / "results"))
    playwright = [program, "node_modules/@playwright/test/cli.js", "test", "--workers", "1", *files]
    ended = ran(playwright, folder, variables)
    assert ended.returncode == 0, ended.stdout
    assert f"{5 if chromium else 4} passed" in ended.stdout
    with gateway.api() as api:
        run = next(one for one in api.get("/api/runs").json()["items"] if one["name"] == "playwright worker 0")
    assert run["open"] is False
    assert run["counts"]["channels"].items() >= {"payment": 2, "webhook": 1}.items()
    assert run["counts"]["left"] == 0


def test_what_no_test_looked_at_fails_the_worker(gateway: Running, tmp_path: Path) -> None:
    """A mail that comes before any test's window is no test's: the suite does not pass."""
    folder = suite(SHOP, tmp_path / "shop")
    (folder / "shop.spec.js").write_text(
        "import { expect, test } from './test.js';\n"
        "test('nothing', async ({ request, baseURL }) => {\n"
        "  expect((await request.post('/signup', { data: { email: 'ann@example.test' } })).ok()).toBe(true);\n"
        "});\n"
    )
    ended = ran(
        [node(), "node_modules/@playwright/test/cli.js", "test", "shop.spec.js"],
        folder,
        environ(gateway, PLAYWRIGHT_OUTPUT=str(tmp_path / "results")),
    )
    assert ended.returncode == 1, ended.stdout
    assert "1 arrived outside any test's window, after the beginning and before the end" in ended.stdout
    assert "email, to ['ann@example.test'], subject 'Welcome to the shop'" in ended.stdout
