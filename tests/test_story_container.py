"""Soundstage in a container of a test suite's own, by the clients for Python and Node, with a real engine.

Skipped where no engine has the image; `deploy/container/try` brings both and runs exactly this file.
"""

import asyncio
import os
import shutil
import signal
import smtplib
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from pytest_soundstage import AsyncRun, Run, SoundstageContainer, Unanswered
from running import PROJECT

CHARGE = "https://api.stripe.com/v1/charges"
STARTS_AND_STAYS = """
import time
from pytest_soundstage import SoundstageContainer
SoundstageContainer().start()
print("started", flush=True)
time.sleep(300)
"""
SUITE = """
import httpx

def test_charges(soundstage):
    httpx.post("https://api.stripe.com/v1/charges", data={"amount": "4200", "currency": "eur"}, auth=("sk_test_x", ""))
    assert soundstage.payments.one(amount=4200).facts.currency == "eur"
    soundstage.assert_nothing_else()
"""


def engine(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout.strip()


def ours() -> list[str]:
    """Containers of these clients', running or not."""
    return engine("ps", "--all", "--quiet", "--filter", "label=soundstage.started-by").split()


@pytest.fixture(scope="module", autouse=True)
def image() -> None:
    """What containers are started of. Skips without it."""
    if shutil.which("docker") is None:
        pytest.skip("docker is not installed: no container is tried; deploy/container/try brings it")
    known = subprocess.run(["docker", "image", "inspect", "soundstage"], capture_output=True, check=False)
    if known.returncode:
        pytest.skip("no engine has an image named soundstage: no container is tried; deploy/container/try makes it")


def client(variables: Mapping[str, str]) -> httpx.Client:
    """What an application has that reads the run's variables."""
    trusted = ssl.create_default_context(cafile=variables["SSL_CERT_FILE"])
    return httpx.Client(proxy=variables["HTTPS_PROXY"], verify=trusted, trust_env=False)


def act(run: Run | AsyncRun) -> None:
    """As an application that has nothing but the run's variables."""
    variables = run.variables
    with client(variables) as shop:
        told = shop.post(CHARGE, data={"amount": "4200", "currency": "eur"}, auth=("sk_test_x", ""))
        assert told.status_code == 200, told.text
    with smtplib.SMTP(variables["SMTP_HOST"], int(variables["SMTP_PORT"]), timeout=60) as smtp:
        smtp.login(variables["SMTP_USERNAME"], variables["SMTP_PASSWORD"])
        smtp.sendmail("shop@shop.test", ["ann@example.test"], "Subject: Welcome\r\n\r\nhello\r\n")


def test_what_runs_do_is_captured_by_their_variables_alone_and_then_nothing_stays() -> None:
    with SoundstageContainer(listeners=1) as soundstage:
        with soundstage.run("plain") as run:
            act(run)
            assert run.payments.one(amount=4200).left is False
            assert run.email.one(to="ann@example.test").subject == "Welcome"
            run.assert_nothing_else()
            run.assert_nothing_left()
            folder = Path(run.variables["SSL_CERT_FILE"]).parent
        with soundstage.run("with listeners", listener=True) as run:
            act(run)
            assert run.email.count() == 1
            assert run.variables["SMTP_PORT"] == run.told()["listener"]["smtp"].rpartition(":")[2]
        assert {"ca.pem", "ca-bundle.pem"} <= {one.name for one in folder.iterdir()}
        assert not {"ca.key", "admin.token"} & {one.name for one in folder.iterdir()}
        (one,) = ours()
        assert "0.0.0.0" not in engine("port", one), "it is this machine's alone"
    assert not folder.exists()
    assert ours() == []


async def test_the_same_awaited() -> None:
    async with SoundstageContainer() as soundstage, soundstage.run("awaited") as run:
        await asyncio.to_thread(act, run)
        assert (await run.payments.one(amount=4200)).provider == "stripe"
    assert ours() == []


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGKILL])
def test_it_does_not_outlive_the_process_that_started_it(kind: signal.Signals) -> None:
    environ = {**os.environ, "PYTHONPATH": str(PROJECT / "client" / "src")}
    with subprocess.Popen([sys.executable, "-c", STARTS_AND_STAYS], stdout=subprocess.PIPE, env=environ) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"started\n"
        assert len(ours()) == 1
        started.send_signal(kind)
    until = time.monotonic() + 30
    while ours():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("container", "why"),
    [
        pytest.param(SoundstageContainer("no-such-image"), "build it in a checkout", id="no-image"),
        pytest.param(
            SoundstageContainer(settings={"SOUNDSTAGE_KEEP_DAYS": "0"}),
            "ended: soundstage: error: SOUNDSTAGE_KEEP_DAYS=0",
            id="its-own-words",
        ),
        pytest.param(SoundstageContainer(ready=0.1), r"is not ready after 0\.1 s", id="too-slow"),
    ],
)
def test_what_does_not_start_is_told_with_its_log_and_gone(container: SoundstageContainer, why: str) -> None:
    with pytest.raises(Unanswered, match=why):
        container.start()
    assert ours() == []


def test_a_policy_is_read_there(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\ndefaults: {payment: deny}\n")
    with SoundstageContainer(policy=policy) as soundstage, soundstage.run("denied") as run:
        with client(run.variables) as shop:
            assert shop.post(CHARGE, data={"amount": "4200"}, auth=("sk_test_x", "")).status_code == 403
        assert run.payments.one().verdict == "deny"


def test_pytest_starts_one_for_a_session(tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(SUITE)
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_soundstage.plugin", "--soundstage=container"]
    environ = {
        **os.environ,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": str(PROJECT / "client" / "src"),
    }
    ended = subprocess.run(
        [sys.executable, *words], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 payment captured, 0 left" in ended.stdout, ended.stdout
    assert ours() == []


def test_from_node() -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed: its client starts no container")
    proof = PROJECT / "deploy" / "container" / "proof.mjs"
    environ = {**os.environ, "SOUNDSTAGE_CLIENT": str(PROJECT / "client" / "node" / "index.js")}
    ended = subprocess.run(["node", str(proof)], env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ours() == []
