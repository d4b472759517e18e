"""`soundstage verify` and `expect` against a real Soundstage: verdicts, reports, and ways to be inconclusive."""

import json
import os
import re
import signal
import smtplib
import ssl
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from free_ports import nobody
from running import PATIENCE, Running, eventually

from soundstage.__main__ import main
from soundstage.api import Api
from soundstage.report_outputs import Outputs
from soundstage.verdict import verdict_of
from soundstage.verify import reported

SHOP = """\
version: 1
contained: optional
expect:
  - name: welcome mail
    email: {to: ann@example.test, subject: /Welcome/, text: /Hello/}
  - name: card charged once
    payment: {provider: stripe, operation: payment_intent.create, amount: 4200, currency: eur}
    attempts: 2
    count: 1
settle: {quiet: 50ms, at_most: 60s}
"""
EMPTY = "version: 1\ncontained: optional\nsettle: {quiet: 50ms, at_most: 60s}\n"


def opened(running: Running, **asked: Any) -> dict[str, Any]:
    with running.api() as api:
        answer = api.post("/api/runs", json=asked)
    assert answer.status_code == 201, answer.text
    run: dict[str, Any] = answer.json()
    return run


def send_mail(run: dict[str, Any], subject: str = "Welcome", to: str = "ann@example.test") -> None:
    place = run["smtp"]
    with smtplib.SMTP(place["host"], place["port"], timeout=PATIENCE) as smtp:
        smtp.login(place["username"], place["password"])
        smtp.sendmail("shop@example.test", [to], f"Subject: {subject}\r\n\r\nHello\r\n")


def charge(running: Running, run: dict[str, Any], key: str = "order-1", amount: int = 4200) -> None:
    proxy = httpx.Proxy(run["proxy"]["url"])
    trust = ssl.create_default_context(cafile=str(running.ca))
    with httpx.Client(proxy=proxy, verify=trust, trust_env=False, timeout=PATIENCE) as client:
        answer = client.post(
            "https://api.stripe.com/v1/payment_intents",
            data={"amount": str(amount), "currency": "eur"},
            headers={"authorization": "Bearer sk_test_x", "idempotency-key": key},
        )
    assert answer.status_code == 200, answer.text


def written(folder: Path, text: str) -> str:
    (folder / "expect.yaml").write_text(text)
    return str(folder / "expect.yaml")


@pytest.fixture(autouse=True)
def _no_other_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs these tests has variables of their own."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "SOUNDSTAGE_URL", "SOUNDSTAGE_TOKEN", "SOUNDSTAGE_RUN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def shop(gateway: Running) -> dict[str, Any]:
    """A run that signed somebody up and charged a card, which it tried twice."""
    run = opened(gateway, name="shop")
    send_mail(run)
    charge(gateway, run)
    charge(gateway, run)
    return run


def at(running: Running) -> list[str]:
    return ["--data-dir", str(running.data_dir)]


def test_a_run_that_did_the_right_thing_is_clean(
    gateway: Running, shop: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["verify", *at(gateway), "--run", shop["id"], "--expect", written(tmp_path, SHOP)])
    said = capsys.readouterr()
    assert (code, said.err) == (0, "")
    assert said.out.splitlines()[-1] == f"clean: run {shop['id']}, 3 captures judged"


def test_what_is_wrong_is_reported_everywhere(gateway: Running, shop: dict[str, Any], tmp_path: Path) -> None:
    file = written(tmp_path, SHOP.replace("4200", "4300"))
    names = ("junit", "sarif", "gitlab", "json")
    files = [word for name in names for word in (f"--{name}", str(tmp_path / name))]
    summary = tmp_path / "summary.md"
    ci = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "SOUNDSTAGE_RUN": shop["id"]}
    done = gateway.run("verify", "--expect", file, *files, **ci)
    assert done.returncode == 1
    assert re.search(r"- amount: 4300\n +\+ amount: 4200\n", done.stdout)
    annotation = rf"^::error file={re.escape(file)},line=6,title=soundstage%3A card charged once::"
    assert re.search(annotation, done.stdout, re.MULTILINE)
    cases = ElementTree.parse(tmp_path / "junit").getroot()[0]
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    assert failed == ["card charged once", "nothing else"]
    told = json.loads((tmp_path / "json").read_text())
    assert (told["verdict"], told["run"]) == ("violated", shop["id"])
    results = json.loads((tmp_path / "sarif").read_text())["runs"][0]["results"]
    assert [one["ruleId"] for one in results] == ["expect", "others"]
    assert len(json.loads((tmp_path / "gitlab").read_text())) == 2
    assert "❌ violated" in summary.read_text()


def test_a_recorded_file_says_what_the_run_did(
    gateway: Running, shop: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "recorded.yaml")
    record = ["expect", "record", *at(gateway), "--run", shop["id"]]
    assert main([*record, "--output", file]) == 0
    assert main(record) == 0
    assert 'amount: 4200, currency: "eur"' in capsys.readouterr().out
    assert main(["expect", "check", file]) == 0
    assert capsys.readouterr().out == "good: 2 expected, 0 never, others: fail\n"
    assert main(["verify", *at(gateway), "--run", shop["id"], "--expect", file]) == 0
    assert main([*record, "--output", file]) == 2
    assert "is there already" in capsys.readouterr().err


def test_a_runs_own_token_verifies_it(gateway: Running, shop: dict[str, Any]) -> None:
    with Api(gateway.addresses["dashboard"], shop["api_token"]) as api:
        told = verdict_of(api, shop["id"], SHOP, "shop.yaml", allow_uncontained=False)
    assert reported(told, "shop.yaml", Outputs()) == 0


def test_a_file_with_a_typo_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, SHOP.replace("subject", "subjct"))
    assert main(["verify", "--run", "ci-1", "--expect", file]) == 2
    refused = capsys.readouterr().err
    assert refused.startswith(f"soundstage: error: {file}:5: expect[0].email.subjct: the key 'subjct'")
    assert main(["expect", "check", file, "--json"]) == 2
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 1


ABSENT = [
    pytest.param(["verify", "--run", "ci-1"], "Soundstage does not answer", id="nobody-listens"),
    pytest.param(
        ["verify", "--run", "ci-1", "--expect", "/absent.yaml"],
        "--expect /absent.yaml cannot be read: No such file",
        id="file",
    ),
    pytest.param(["verify"], "no run is named", id="no-run"),
    pytest.param(["verify", "--run", "../x"], "--run '../x' is no run's id", id="no-id"),
    pytest.param(
        ["expect", "check", "/absent.yaml"], "/absent.yaml cannot be read: No such file", id="check-of-nothing"
    ),
]


@pytest.mark.parametrize(("words", "error"), ABSENT)
def test_what_is_not_there_is_never_clean(
    words: list[str], error: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with nobody() as held:
        monkeypatch.setenv("SOUNDSTAGE_URL", f"http://127.0.0.1:{held.getsockname()[1]}")
        monkeypatch.setenv("SOUNDSTAGE_TOKEN", "x")
        assert main(words) == 2
    assert error in capsys.readouterr().err


def asked(running: Running, run: dict[str, Any], text: str) -> tuple[str, str]:
    """Verdict and reasons, of the API."""
    with running.api() as api:
        answer = api.post(f"/api/runs/{run['id']}/verify", json={"text": text})
    assert answer.status_code == 200, answer.text
    return answer.json()["verdict"], "\n".join(answer.json()["reasons"])


def test_nothing_routed_through_it(gateway: Running) -> None:
    verdict, reasons = asked(gateway, opened(gateway), EMPTY)
    assert (verdict, "neither a capture nor containment" in reasons) == ("inconclusive", True)


def test_wrong_credentials(gateway: Running) -> None:
    run = opened(gateway)
    send_mail(run)
    url = run["proxy"]["url"].replace(run["token"], "wrong")
    charge(gateway, {**run, "proxy": {"url": url}})
    verdict, reasons = asked(gateway, run, f"{EMPTY}expect:\n- email: {{to: ann@example.test}}\n")
    assert verdict == "inconclusive"
    assert "1 time somebody came with its name and a wrong token" in reasons
    assert "1 capture (1 payment) that nobody claimed" in reasons


def test_a_canary_that_did_not_arrive(gateway: Running) -> None:
    run = opened(gateway, canaries=True)
    send_mail(run)
    verdict, reasons = asked(gateway, run, f"{EMPTY}expect:\n- email: {{to: ann@example.test}}\n")
    assert (verdict, "the canary did not arrive: begin over http" in reasons) == ("inconclusive", True)


def test_an_assertion_before_the_mail_could_have_arrived(gateway: Running) -> None:
    run = opened(gateway)
    send_mail(run)
    text = f"{EMPTY}expect:\n- email: {{to: ann@example.test}}\n"
    place = run["smtp"]
    with smtplib.SMTP(place["host"], place["port"], timeout=PATIENCE) as smtp:
        smtp.login(place["username"], place["password"])
        smtp.mail("shop@example.test")
        smtp.rcpt("bob@example.test")
        assert smtp.docmd("DATA")[0] == 354
        verdict, reasons = asked(gateway, run, text.replace("at_most: 60s", "at_most: 500ms"))
        assert (verdict, "settled: it did not settle" in reasons) == ("inconclusive", True)
        smtp.send(b"Subject: late\r\n\r\nHello\r\n.\r\n")
        assert smtp.getreply()[0] == 250
    assert asked(gateway, run, text)[0] == "violated"


def test_captures_that_somebody_removed(gateway: Running) -> None:
    run = opened(gateway)
    send_mail(run)
    with gateway.api() as api:
        api.post(f"/api/runs/{run['id']}/finish", json={})
        assert asked(gateway, run, f"{EMPTY}others: allow\n")[0] == "clean"
        assert api.delete("/api/captures", params={"run": run["id"]}).json() == {"removed": 1}
    verdict, reasons = asked(gateway, run, f"{EMPTY}others: allow\n")
    assert (verdict, "evidence without gaps: somebody removed captures of it" in reasons) == ("inconclusive", True)


def test_a_gateway_that_was_restarted_in_mid_run(mended_gateway: Running) -> None:
    run = opened(mended_gateway)
    send_mail(run)
    os.kill(mended_gateway.processes()["gateway"], signal.SIGKILL)
    with mended_gateway.api() as api:
        eventually(lambda: api.get(f"/api/runs/{run['id']}").status_code == 200, "the run is shown again")
    verdict, reasons = asked(mended_gateway, run, f"{EMPTY}others: allow\n")
    assert (verdict, "evidence without gaps" in reasons) == ("inconclusive", True)
