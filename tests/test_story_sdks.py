"""The providers' unmodified SDKs, through both entrances: success they believe, a refusal they raise as their own."""

import asyncio
import contextlib
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from running import Running, clean_environment, eventually, started
from steered_network import PORTS, can_steer, steered_network

from demo.staging_accounts import shop_settings
from soundstage.control_client import ControlClient

TESTS = Path(__file__).parent
CAPTURE_ALL = "version: 1\n"
REASON = "the shop may not do this in the SDK tests"
HOSTS = {
    "stripe": ["api.stripe.com"],
    "twilio": ["api.twilio.com"],
    "sendgrid": ["api.sendgrid.com"],
    "slack": ["slack.com", "www.slack.com", "hooks.slack.com"],
    "s3": ["s3.eu-central-1.amazonaws.com", "*.s3.eu-central-1.amazonaws.com"],
    "ses": ["email.eu-central-1.amazonaws.com"],
    "fcm": ["fcm.googleapis.com"],
    "partner": ["hooks.partner.example"],
}
PYTHON_CALLS = [
    pytest.param("stripe", "PermissionError", id="stripe"),
    pytest.param("twilio", "TwilioRestException", id="twilio"),
    pytest.param("sendgrid", "ForbiddenError", id="sendgrid"),
    pytest.param("slack_web", "SlackApiError", id="slack-web"),
    pytest.param("slack_webhook", "RuntimeError", id="slack-webhook"),
    pytest.param("s3", "AccessDenied", id="s3"),
    pytest.param("ses", "ClientError", id="ses"),
    pytest.param("firebase_admin", "PermissionDeniedError", id="firebase-admin"),
    pytest.param("httpx_webhook", "HTTPStatusError", id="partner-webhook"),
]
NODE_CALLS = [
    pytest.param("stripe", "StripePermissionError", id="node-stripe"),
    pytest.param("nodemailer", None, id="nodemailer"),
]
ENTRANCES = [
    pytest.param(False, id="explicit"),
    pytest.param(
        True,
        id="steered",
        marks=pytest.mark.skipif(not can_steer(), reason="a network of its own needs root and unshare"),
    ),
]


def deny_all() -> str:
    """A policy that denies what the SDK calls do, host by host, and mail."""
    ends = (datetime.now(UTC) + timedelta(days=30)).date()
    rows = [
        f"  - {{id: no-{name}-{number}, to: '{host}', do: deny, why: {REASON}, owner: tests, expires: {ends}}}"
        for name, hosts in HOSTS.items()
        for number, host in enumerate(hosts)
    ]
    return "version: 1\ndefaults: {email: deny}\nopt_in:\n" + "\n".join(rows) + "\n"


class Calls:
    """Runs SDK calls where one Soundstage is, routed as its operator would route them."""

    def __init__(self, running: Running, folder: Path, node: Path) -> None:
        self._running, self._folder, self._node = running, folder, node
        self._settings = {**shop_settings(folder), "PYTHONPATH": str(trusting_stripe(running, folder))}
        routed = running.env()
        if running.before:  # every name leads to Soundstage: what is left to say is whom to trust, and where mail goes
            routed = {
                name: value for name, value in routed.items() if "proxy" not in name.lower() or name[:4] == "SMTP"
            }
        self._environ = {**clean_environment(), **routed}

    def under(self, policy: str) -> "Calls":
        """With this policy in force."""
        if policy != self._running.policy.read_text():
            self._running.policy.write_text(policy)
            self._running.process.send_signal(signal.SIGHUP)
            asked = {"method": "POST", "url": "https://api.stripe.com/v1/charges"}
            control, denies = ControlClient(self._running.data_dir), policy != CAPTURE_ALL
            eventually(lambda: asyncio.run(control.explain(asked))["rule"].startswith("no-") is denies, "the policy")
        return self

    def python(self, name: str) -> dict[str, str]:
        return self._told(self._folder, self._settings, sys.executable, str(TESTS / "sdk_calls.py"), name)

    def node(self, name: str) -> dict[str, str]:
        return self._told(self._node, {}, "node", "sdk_calls.mjs", name)

    def _told(self, cwd: Path, more: dict[str, str], *words: str) -> dict[str, str]:
        told = subprocess.run(
            [*self._running.before, *words],
            env={**self._environ, **more},
            check=True,
            stdout=subprocess.PIPE,
            timeout=300,
            cwd=cwd,
        )
        answer: dict[str, str] = json.loads(told.stdout)
        return answer

    def newest(self, verdict: str) -> dict[str, Any]:
        """The newest side effect: no name looked up, no token call, nothing an SDK asks on its own."""
        found = self._running.captures(verdict=verdict)
        return next(item for item in found if item["channel"] not in ("dns", "web", "socket"))


def trusting_stripe(running: Running, folder: Path) -> Path:
    """A copy of Stripe's SDK whose own certificates were given ours by `soundstage trust install`."""
    site = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    installed = next(Path(entry) for entry in sys.path if (Path(entry) / "stripe").is_dir())
    shutil.copytree(installed / "stripe", site / "stripe")
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\n")
    installing = running.run("trust", "install", "--venv", str(folder))
    assert installing.returncode == 0, installing.stderr
    return site


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Node SDKs, installed from the lock into a folder of the tests' own."""
    folder = tmp_path_factory.mktemp("node") / "sdks"
    shutil.copytree(TESTS / "node", folder, ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module", params=ENTRANCES)
def calls(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, node_modules: Path
) -> Iterator[Calls]:
    """On free ports here, or where every name is steered to it."""
    folder = tmp_path_factory.mktemp("sdks")
    with contextlib.ExitStack() as held:
        before = held.enter_context(steered_network(folder)) if request.param else ()
        more = PORTS if request.param else None
        running = held.enter_context(started(folder, more, policy=CAPTURE_ALL, before=before))
        yield Calls(running, tmp_path_factory.mktemp("shop"), node_modules)


@pytest.fixture
def capturing(calls: Calls) -> Calls:
    return calls.under(CAPTURE_ALL)


@pytest.fixture
def denying(calls: Calls) -> Calls:
    return calls.under(deny_all())


@pytest.mark.parametrize(("name", "_error"), PYTHON_CALLS)
def test_a_python_sdk_takes_the_answer_for_success(capturing: Calls, name: str, _error: str) -> None:
    told = capturing.python(name)
    assert "error" not in told, told
    assert capturing.newest("capture")["left"] is False


@pytest.mark.parametrize(("name", "_error"), NODE_CALLS)
def test_a_node_sdk_takes_the_answer_for_success(capturing: Calls, name: str, _error: str | None) -> None:
    told = capturing.node(name)
    assert "error" not in told, told
    assert capturing.newest("capture")["left"] is False


@pytest.mark.parametrize(("name", "error"), PYTHON_CALLS)
def test_a_python_sdk_raises_its_own_error_with_our_reason(denying: Calls, name: str, error: str) -> None:
    told = denying.python(name)
    assert told.get("error") == error, told
    if name != "httpx_webhook":  # httpx's own error names the status alone
        assert REASON in told["message"]
    newest = denying.newest("deny")
    assert newest["left"] is False
    assert REASON in str(newest["reason"])


@pytest.mark.parametrize(("name", "error"), NODE_CALLS)
def test_a_node_sdk_raises_its_own_error_with_our_reason(denying: Calls, name: str, error: str | None) -> None:
    told = denying.node(name)
    assert error in (None, told.get("type")), told
    assert (REASON if name == "stripe" else "5.7.1") in told["message"]
