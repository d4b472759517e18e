"""Real programs with nothing but the variables of `soundstage env`: each is captured, and trusts what it meets.

All belong to one run with a listener of its own, so that those are known too that send no credentials.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from running import Running
from runs_stage import OneRun, begun
from runtime_programs import JAVA, PROGRAMS, Program

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NOT_OURS = {
    "GOPROXY": "https://go.partner.test",
    "GONOSUMDB": "*",
    "GOFLAGS": "-mod=mod",
    "PIP_CONFIG_FILE": os.devnull,
}
"""What leads a program to a host of the test's, and keeps this machine's settings from it."""


@dataclass
class Stage:
    """One run, its variables and a home for the programs."""

    run: OneRun
    variables: dict[str, str]
    home: Path

    def started(self, *words: str) -> str:
        """What a program says, whatever its exit code: most take a refusal for an error."""
        rustup = os.environ.get("RUSTUP_HOME", str(Path("~/.rustup").expanduser()))
        own = {"PATH": os.environ["PATH"], "HOME": str(self.home), "RUSTUP_HOME": rustup, **NOT_OURS}
        told = subprocess.run(
            words, env={**own, **self.variables}, cwd=self.home, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        return told.stdout + told.stderr

    def captured(self, host: str) -> list[str]:
        """The URLs of this run's requests to a host."""
        with self.run.gateway.api() as api:
            items = api.get("/api/captures", params={"run": self.run.id, "host": host}).json()["items"]
        return [
            f"{one['target']['scheme']}://{host}{one['target']['path']}" for one in items if "path" in one["target"]
        ]

    def place(self, name: str) -> str:
        return str(self.run.told["listener"][name])


@pytest.fixture(scope="module")
def stage(gateway: Running) -> Iterator[Stage]:
    run = begun(gateway, listener=True)
    variables = json.loads(gateway.run("env", "--run", run.id, "--json").stdout)
    with tempfile.TemporaryDirectory(prefix="soundstage-runtimes-") as home:
        (Path(home) / "Asked.java").write_text(JAVA)
        yield Stage(run, variables, Path(home))
    run.post("finish")


def lacking(program: Program) -> str:
    """Why a program cannot be tried on this machine; empty where it can."""
    if program.needs != "{python}" and shutil.which(program.needs) is None:
        return f"{program.needs} is not installed"
    if program.name == "cargo" and subprocess.run(["cargo", "--version"], capture_output=True, check=False).returncode:
        return "cargo is rustup's, and no toolchain is chosen"
    libraries = ["perl", "-MLWP::UserAgent", "-MLWP::Protocol::https", "-e1"]
    if program.name == "perl" and subprocess.run(libraries, capture_output=True, check=False).returncode:
        return "perl's LWP is not installed"
    return ""


def tried(program: Program) -> object:
    """The row of one program, skipped by name where it is not to be had."""
    why = lacking(program)
    return pytest.param(program, id=program.name, marks=[pytest.mark.skipif(bool(why), reason=why)] if why else [])


@pytest.mark.parametrize("program", [tried(program) for program in PROGRAMS])
def test_a_program_with_the_variables_alone_is_captured(stage: Stage, program: Program) -> None:
    https = stage.place("https")
    host, _, port = https.rpartition(":")
    named = {"{python}": sys.executable, "{folder}": str(stage.home), "{https}": https, "{host}": host, "{port}": port}
    words = list(program.words)
    for mark, value in named.items():
        words = [word.replace(mark, value) for word in words]
    said = stage.started(*words)
    for url in program.asked:
        assert url in [found.partition("?")[0] for found in stage.captured(urlsplit(url).hostname or "")], said
    assert program.says in said


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_node_obeys_proxy_variables_where_its_version_can(stage: Stage) -> None:
    version = stage.started("node", "-p", "process.versions.node").strip()
    release = tuple(int(part) for part in version.split(".")[:2])
    if not (release >= (24, 5) or (22, 21) <= release < (23, 0)):
        pytest.skip(f"Node {version} reads no proxy variables")
    assert (
        stage.started("node", "-e", 'fetch("https://fetch.partner.test/asked").then((a) => console.log(a.status))')
        == "403\n"
    )
    assert stage.captured("fetch.partner.test") == ["https://fetch.partner.test/asked"]


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")
def test_chromium_takes_flags_instead(stage: Stage) -> None:
    told = stage.run.gateway.run("env", "--run", stage.run.id, "--browser", "chromium")
    assert "no browser takes credentials this way" in told.stderr
    quiet = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    profile = f"--user-data-dir={stage.home}/profile"
    page = stage.started(
        str(CHROMIUM), *quiet, profile, *told.stdout.split(), "--dump-dom", "https://browser.test/asked"
    )
    assert "no opt-in matches browser.test" in page
    assert "https://browser.test/asked" in stage.captured("browser.test")


def test_firefox_takes_a_policy_file(stage: Stage) -> None:
    told = json.loads(stage.run.gateway.run("env", "--browser", "firefox").stdout)["policies"]
    assert told["Certificates"]["Install"] == [stage.run.gateway.addresses["ca"]]
    assert told["Proxy"]["HTTPProxy"] == stage.run.gateway.addresses["proxy"]
