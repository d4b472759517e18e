"""Real test suites against a real Soundstage: the example shop's, and suites with many workers at once."""

import re
from pathlib import Path

import httpx
from running import PROJECT, Running
from suite_process import run_suite

SHOP = PROJECT / "docs" / "examples" / "shop_suite"
MAILING = """
import os, smtplib
import pytest

def send(to, subject, text):
    with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])) as smtp:
        smtp.login(os.environ["SMTP_USERNAME"], os.environ["SMTP_PASSWORD"])
        smtp.sendmail("shop@shop.test", [to], f"To: {to}\\r\\nSubject: {subject}\\r\\n\\r\\n{text}\\r\\n")
"""


def test_the_example_shops_suite_passes(gateway: Running) -> None:
    ended = run_suite(gateway, SHOP, "-p", "pytest_asyncio.plugin")
    assert ended.returncode == 0, ended.stdout
    assert "6 passed" in ended.stdout
    assert "5 email, 1 payment, 1 storage, 1 webhook captured, 0 left" in ended.stdout


def test_64_tests_of_8_workers_send_the_same_mail_at_once_and_each_sees_its_own(
    gateway: Running, tmp_path: Path
) -> None:
    (tmp_path / "test_same.py").write_text(
        MAILING
        + """
@pytest.mark.parametrize("number", range(64))
def test_mail(soundstage, number):
    send("ann@example.test", "Welcome", f"I am {number}.")
    assert soundstage.email.wait_for(to="ann@example.test", subject="Welcome").text.strip() == f"I am {number}."
    assert soundstage.everything.count() == 1
"""
    )
    ended = run_suite(gateway, tmp_path, "-q", "-p", "xdist.plugin", "-n", "8", "-o", "soundstage_quiet=0.1")
    assert ended.returncode == 0, ended.stdout
    assert "64 passed" in ended.stdout
    counts = re.findall(r"^run [\w.-]+: (\d+) email captured", ended.stdout, re.MULTILINE)
    assert len(counts) == 8, "a run for each worker"
    assert sum(map(int, counts)) == 64


CLIENTS = """
import os
import boto3, httpx, pytest, stripe

KEYS = {"aws_access_key_id": "AKIDSHOP", "aws_secret_access_key": "shop"}
cards = stripe.StripeClient("sk_test_shop", max_network_retries=0)
files = boto3.client("s3", region_name="eu-central-1", **KEYS)
partner = httpx.Client(base_url="https://hooks.partner.example", timeout=60)
PROCESS = os.getpid()

@pytest.mark.parametrize("number", range(1, 51))
def test_effects(soundstage, number):
    assert os.getpid() == PROCESS
    kind = number % 3
    if kind == 0:
        cards.v1.payment_intents.create({"amount": number, "currency": "eur"})
        assert soundstage.payments.one().facts.amount == number
    elif kind == 1:
        files.put_object(Bucket="invoices", Key=f"{number}.txt", Body=b"INVOICE")
        assert soundstage.storage.one().facts.key == f"{number}.txt"
    else:
        partner.post("/v1/orders", json={"order": number}).raise_for_status()
        assert soundstage.webhooks.one().json() == {"order": number}
    soundstage.assert_nothing_else()
"""


def test_clients_made_at_import_time_are_booked_to_the_right_of_50_tests(gateway: Running, tmp_path: Path) -> None:
    (tmp_path / "test_clients.py").write_text(CLIENTS)
    ended = run_suite(gateway, tmp_path, "-q", "-p", "xdist.plugin", "-n", "4", "-o", "soundstage_quiet=0.1")
    assert ended.returncode == 0, ended.stdout
    assert "50 passed" in ended.stdout


def test_soundstage_starts_for_the_session_if_told_to_and_leaves_nothing(tmp_path: Path) -> None:
    """One for all workers; `forbid` and the marker hold; a mail from no window fails the session."""
    (tmp_path / "test_auto.py").write_text(
        MAILING
        + """
def test_mail(soundstage, tmp_path_factory):
    (tmp_path_factory.getbasetemp() / "url").write_text(os.environ["SOUNDSTAGE_URL"])
    send("ann@example.test", "Welcome", "")
    assert soundstage.email.one().subject == "Welcome"

@pytest.mark.no_side_effects
def test_quiet():
    send("bob@example.test", "Forbidden", "")
"""
    )
    options = (
        "-q",
        "-p",
        "xdist.plugin",
        "-n",
        "2",
        "--soundstage=auto",
        "--basetemp",
        str(tmp_path / "temp"),
    )
    ended = run_suite(None, tmp_path, *options, PYTHONPATH=f"{PROJECT / 'client' / 'src'}:{PROJECT}")
    assert ended.returncode == 1, ended.stdout
    assert "2 passed, 1 error" in ended.stdout
    assert "test_auto.py::test_quiet must not have side effects, and had 1" in ended.stdout
    assert "subject 'Forbidden'" in ended.stdout
    (told,) = (tmp_path / "temp").rglob("url")
    try:
        httpx.get(told.read_text() + "/healthz", trust_env=False)
        stopped = False
    except httpx.ConnectError:
        stopped = True
    assert stopped
