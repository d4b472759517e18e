"""Ways to pass because nobody was looking, through the commands and a real Soundstage: none of them ends with 0."""

import base64
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Running, command
from runs_stage import OneRun, begun, run_of

from soundstage.__main__ import main

OPEN = "version: 1\ncontained: optional\nsettle: {quiet: 50ms, at_most: 60s}\n"
WELCOME = f"{OPEN}expect:\n- email: {{to: ann@example.test, subject: /Welcome/}}\n"
ANOTHER = f"{OPEN}expect:\n- email: {{to: bob@example.test}}\n"


@pytest.fixture(autouse=True)
def _no_other_soundstage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs these tests has variables of their own."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "SOUNDSTAGE_URL", "SOUNDSTAGE_TOKEN", "SOUNDSTAGE_RUN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def mailed(gateway: Running) -> Iterator[OneRun]:
    """A run that sent one mail to Ann."""
    with run_of(gateway, listener=True) as run:  # what other tests leave to nobody is not its own
        run.mail()
        yield run


def verified(run: OneRun, file: Path, text: str, *options: str) -> int:
    """The exit code of `soundstage verify` with this file."""
    file.write_text(text)
    where = ("--data-dir", str(run.gateway.data_dir), "--run", run.id)
    return main(["verify", *where, "--expect", str(file), *options])


SAYS_NOTHING = [
    pytest.param("", "the file is empty", id="empty"),
    pytest.param("# nothing yet\n", "the file is empty", id="only-a-remark"),
    pytest.param("---\n", "the file is empty", id="empty-document"),
    pytest.param("others: allow\n", "'version: 1' is missing", id="no-version"),
    pytest.param("version: 2\n", "version: 2 is no version known here", id="another-version"),
    pytest.param("version: 1\n---\nversion: 1\nothers: allow\n", "a second document", id="two-documents"),
    pytest.param("version: 1\nothers: fail\nothers: allow\n", "stands here a second time", id="said-twice"),
    pytest.param("version: 1\nexpects: []\n", "the key 'expects' is not known", id="key"),
    pytest.param("version: 1\nexpect: {email: {to: a}}\n", "is not a list", id="no-list"),
    pytest.param("version: 1\nexpect: [{}]\n", "the row has no channel", id="empty-row"),
    pytest.param("version: 1\nexpect: [{emal: {to: a}}]\n", "write 'email'", id="channel"),
    pytest.param("version: 1\nexpect: [{email: {}}]\n", "does not say which email", id="no-field"),
    pytest.param("version: 1\nexpect: [{email: {subjct: a}}]\n", "write 'subject'", id="field"),
    pytest.param("version: 1\nexpect: [{email: {subject: /Wel(/}}]\n", "is no regular expression", id="regex"),
    pytest.param("version: 1\nexpect: [{email: {to: a}, count: '1'}]\n", "'1' is no count", id="number-as-text"),
    pytest.param("version: 1\nexpect: [{email: {to: a}, within: 10}]\n", "10 is no duration", id="duration"),
    pytest.param("version: 1\nnever: [{any: {flag: live_credentals}}]\n", "write live_credential", id="flag"),
    pytest.param("version: 1\nreal_side_effects: {only: []}\n", "the list is empty", id="only-nothing"),
]


@pytest.mark.parametrize(("text", "why"), SAYS_NOTHING)
def test_a_file_that_does_not_say_what_was_meant(
    mailed: OneRun, text: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verified(mailed, tmp_path / "expect.yaml", text) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"soundstage: error: {tmp_path}/expect.yaml:")
    assert why in said.err


def test_a_file_without_rows_expects_nothing(
    mailed: OneRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verified(mailed, tmp_path / "expect.yaml", OPEN) == 1
    assert "1 effect that no row claims" in capsys.readouterr().out


def test_none_expected_and_one_found(mailed: OneRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verified(mailed, tmp_path / "expect.yaml", f"{WELCOME}  count: 0\n") == 1
    assert "0 expected, 1 found" in capsys.readouterr().out


@pytest.mark.parametrize("named", ["nobody", "unattributed"])
def test_a_run_that_is_none(gateway: Running, named: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--data-dir", str(gateway.data_dir), "--run", named]) == 2
    assert f"soundstage: error: There is no run '{named}'" in capsys.readouterr().err


def test_another_runs_id_with_ones_own_token(
    gateway: Running, mailed: OneRun, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with run_of(gateway) as another:
        monkeypatch.setenv("SOUNDSTAGE_URL", gateway.addresses["dashboard"])
        monkeypatch.setenv("SOUNDSTAGE_TOKEN", another.told["api_token"])
        assert main(["verify", "--run", mailed.id]) == 2
        assert "does not accept the token" in capsys.readouterr().err


def test_a_finished_run_is_judged_as_before_and_finished_once(gateway: Running, tmp_path: Path) -> None:
    run = begun(gateway)
    run.mail()
    finished = [run.post("finish", {"verdict": verdict}) for verdict in ("clean", "violated")]
    assert [one["verdict"] for one in finished] == ["clean", "clean"]
    assert finished[0]["finished_at"] == finished[1]["finished_at"]
    assert verified(run, tmp_path / "expect.yaml", WELCOME) == 0
    assert verified(run, tmp_path / "expect.yaml", ANOTHER) == 1


def test_what_comes_after_the_end_is_not_passed_over(
    gateway: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = begun(gateway)
    run.mail()
    run.post("finish")
    run.mail("late@example.test")
    assert verified(run, tmp_path / "expect.yaml", WELCOME) == 2
    assert "1 capture (1 email) that nobody claimed" in capsys.readouterr().out


def test_a_run_that_is_finished_before_what_it_does(
    gateway: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = begun(gateway)
    run.mail()
    known = run.told["proxy"]
    signed = base64.b64encode(f"{known['username']}:{known['password']}".encode()).decode()
    with socket.create_connection((known["host"], known["port"]), timeout=60) as half:
        head = f"POST http://late.test/x HTTP/1.1\r\nHost: late.test\r\nProxy-Authorization: Basic {signed}\r\n"
        half.sendall(f"{head}Content-Length: 10\r\n\r\n12345".encode())
        assert run.post("settle", {"quiet": 0, "at_most": 0.1})["reached"] is False
        run.post("finish")
        assert verified(run, tmp_path / "expect.yaml", WELCOME) == 2
    assert "a request of it was still unfinished when it was finished" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("entrance", "said"), [("proxy", b"POST http://late.test/x HTTP/1.1\r\nHost: la"), ("https", b"\x16\x03\x01\x02")]
)
def test_a_run_that_is_finished_while_one_begins_to_speak_to_its_own_entrance(
    gateway: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str], entrance: str, said: bytes
) -> None:
    run = begun(gateway, listener=True)
    run.mail()
    host, _, port = run.told["listener"][entrance].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as half:
        half.sendall(said)
        assert run.post("settle", {"quiet": 0, "at_most": 0.1})["reached"] is False
        run.post("finish")
        assert verified(run, tmp_path / "expect.yaml", WELCOME) == 2
    assert "of it was still unfinished when it was finished" in capsys.readouterr().out


def test_a_mail_sent_three_tenths_of_a_second_later(
    gateway: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file says for how long it has to be quiet, and that is waited for."""
    with run_of(gateway) as run:
        run.mail()

        def later() -> None:
            time.sleep(0.3)  # an application that mails in the background
            run.mail("late@example.test")

        sending = threading.Thread(target=later)
        sending.start()
        code = verified(run, tmp_path / "expect.yaml", WELCOME.replace("50ms", "2s"))
        sending.join()
    assert code == 1
    assert "late@example.test" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--junit", "--summary", "--json", "--sarif", "--gitlab"])
def test_a_report_that_cannot_be_written(
    mailed: OneRun, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = str(tmp_path / "absent" / "report")
    assert verified(mailed, tmp_path / "expect.yaml", WELCOME, option, lost) == 2
    assert f"soundstage: error: the report {lost} cannot be written" in capsys.readouterr().err


UNREAD = [
    pytest.param(ANOTHER, "| true", 1, id="violated-and-nobody-reads-it"),
    pytest.param(ANOTHER, ">&-", 1, id="violated-and-stdout-closed"),
    pytest.param(WELCOME, "> /dev/full", 2, id="clean-and-it-cannot-be-written"),
]


@pytest.mark.parametrize(("text", "to", "code"), UNREAD)
def test_a_verdict_that_nobody_reads(mailed: OneRun, text: str, to: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "expect.yaml").write_text(text)
    script = f'"$@" --run {mailed.id} --expect expect.yaml --junit report.xml {to}; echo ${{PIPESTATUS[0]}} > code'
    environ = mailed.gateway.environ
    subprocess.run(
        ["bash", "-c", script, "bash", *command("verify")], cwd=tmp_path, env=environ, check=True, timeout=300
    )
    assert (tmp_path / "code").read_text() == f"{code}\n"
    assert (tmp_path / "report.xml").exists() == (code != 2)
