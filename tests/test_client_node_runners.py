"""The client for Node in Vitest and Jest: the example shop's suites, and suites that only look as if all were well."""

import subprocess
from pathlib import Path

import pytest
from node_packages import node, suite
from running import Running
from test_client_node import SHOP, environ, ran

ESM = {"NODE_OPTIONS": "--experimental-vm-modules", "NO_COLOR": "1"}
"""Jest takes modules of ECMAScript by this alone."""
RUNNERS = [
    pytest.param("vitest", ("node_modules/vitest/vitest.mjs", "run"), id="vitest"),
    pytest.param("jest", ("node_modules/jest/bin/jest.js", "--runInBand"), id="jest"),
]
IMPORTS = {
    "vitest": "import { afterAll, test } from 'vitest';\nimport { soundstage } from 'soundstage-client/vitest';\n",
    "jest": "",
}
LATE = """
import { signUp } from './shop.js';
afterAll(() => signUp('stray@example.test'));
test('asks too early', async () => {
  await soundstage.email.none();
  const { wire } = soundstage.run;
  const ask = wire.ask.bind(wire);
  wire.ask = async (method, path, options) => {
    if (options?.body?.close) await signUp('late@example.test');
    return ask(method, path, options);
  };
});
"""
"""A mail once the end of the test's window is asked for, however slow the machine; and one after the last test."""
TOLD = "after it was said that there is no such thing, or no more"


def runs(folder: Path, words: tuple[str, ...], gateway: Running) -> subprocess.CompletedProcess[str]:
    ended = ran([node(), *words], folder, environ(gateway, **ESM))
    return subprocess.CompletedProcess(ended.args, ended.returncode, ended.stdout + ended.stderr)


@pytest.mark.parametrize(("runner", "words"), RUNNERS)
def test_the_example_shops_suite_passes(gateway: Running, tmp_path: Path, runner: str, words: tuple[str, ...]) -> None:
    """The application is loaded into the tests' process; one test is skipped, and those after it have windows."""
    ended = runs(suite(SHOP, tmp_path / "shop"), words, gateway)
    assert ended.returncode == 0, ended.stdout
    assert "4 passed" in ended.stdout
    assert "1 skipped" in ended.stdout
    with gateway.api() as api:
        run = next(one for one in api.get("/api/runs").json()["items"] if one["name"].startswith(f"{runner} shop."))
    assert run["open"] is False
    assert run["counts"]["channels"] == {"email": 4, "payment": 2, "webhook": 1}
    assert run["counts"]["left"] == 0


@pytest.mark.parametrize(("runner", "words"), RUNNERS)
def test_what_comes_later_and_what_is_no_tests_fails_the_suite(
    gateway: Running, tmp_path: Path, runner: str, words: tuple[str, ...]
) -> None:
    folder = suite(SHOP, tmp_path / "shop")
    (folder / f"shop.{runner}.js").write_text(IMPORTS[runner] + LATE)
    ended = runs(folder, words, gateway)
    assert ended.returncode == 1, ended.stdout
    assert TOLD in ended.stdout
    assert "late@example.test" in ended.stdout
    assert "1 arrived outside any test's window" in ended.stdout
    assert "stray@example.test" in ended.stdout


def test_node_test_fails_for_both_too(gateway: Running, tmp_path: Path) -> None:
    folder = suite(SHOP, tmp_path / "shop")
    (folder / "late.test.mjs").write_text(
        "import { test } from 'node:test';\n"
        "import { soundstage, useSoundstage } from 'soundstage-client/node-test';\n"
        "await useSoundstage();\n"
        "const { signUp } = await import('./shop.js');\n"
        "await signUp('stray@example.test');\n" + LATE.partition("afterAll")[2].partition("\n")[2]
    )
    ended = runs(folder, ("--test", "late.test.mjs"), gateway)
    assert ended.returncode == 1, ended.stdout
    assert TOLD in ended.stdout
    assert "late@example.test" in ended.stdout
    assert "1 arrived outside any test's window" in ended.stdout
