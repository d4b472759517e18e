"""A Soundstage that cannot record, or is gone when it is to judge: what it missed is not taken for not having been."""

import smtplib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from run_stage import RunStage, why_not
from running import Running, eventually, started
from runs_stage import OneRun, begun
from small_disk import fill, small_disk_at

EXPECT = """\
version: 1
contained: optional
others: allow
settle: {quiet: 50ms, at_most: 60s}
expect:
- email: {to: ann@example.test}
  count: {min: 1}
"""
NO_NAMESPACES = ("unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', "sh")
"""Before a command: its last probe is refused at once. A contained one waits for the gateway to be back."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """On a disk of 24 MB. The last test of this file ends it."""
    folder = tmp_path_factory.mktemp("gateway")
    with small_disk_at(folder / "disk", 24) as disk, started(folder, data=disk / "data") as running:
        yield running


def code_of_a_mail(run: OneRun) -> int:
    """What a mail is answered with."""
    known = run.told["smtp"]
    try:
        with smtplib.SMTP(known["host"], known["port"], timeout=300) as session:
            session.login(known["username"], known["password"])
            session.sendmail("a@shop.test", ["ann@example.test"], f"Subject: hello\r\n\r\n{'x' * 20000}\r\n")
    except smtplib.SMTPResponseException as refused:
        return refused.smtp_code
    return 250


def until(code: int, run: OneRun) -> None:
    eventually(lambda: code_of_a_mail(run) == code, f"a mail is answered {code}")


@pytest.fixture
def expect(tmp_path: Path) -> str:
    (tmp_path / "expect.yaml").write_text(EXPECT)
    return str(tmp_path / "expect.yaml")


def test_a_disk_that_was_full_in_mid_run(gateway: Running, expect: str) -> None:
    run, disk = begun(gateway), gateway.data_dir.parent
    assert code_of_a_mail(run) == 250
    fill(disk / "filler")
    until(451, run)
    (disk / "filler").unlink()
    until(250, run)
    told = gateway.run("verify", "--run", run.id, "--expect", expect)
    assert told.returncode == 2, told.stdout + told.stderr
    assert "evidence without gaps" in told.stdout
    assert "could not be" in told.stdout


@pytest.mark.skipif(why_not() is not None, reason=f"commands cannot be contained here: {why_not()}")
def test_a_gateway_that_is_gone_when_it_is_to_judge(gateway: Running, expect: str, tmp_path: Path) -> None:
    """A run that goes on, one that is asked for by a URL, as CI does, and one by the data directory."""
    run = begun(gateway)
    assert code_of_a_mail(run) == 250
    house = RunStage(gateway, tmp_path)
    named = {"SOUNDSTAGE_URL": gateway.addresses["dashboard"], "SOUNDSTAGE_TOKEN": gateway.token}
    going = []
    for own in (0, 7):
        words = house.words("sh", "-c", f"echo ready; read _; exit {own}", options=("--expect", expect))
        piped = subprocess.PIPE
        going.append(
            subprocess.Popen(
                [*NO_NAMESPACES, *words],
                env=house.environ,
                cwd=house.home,
                text=True,
                stdin=piped,
                stdout=piped,
                stderr=piped,
            )
        )
    for one in going:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    gateway.stop()
    ended = [(one.communicate("go\n", timeout=300), one.returncode) for one in going]
    assert [code for _, code in ended] == [2, 7], ended
    for (_, said), _ in ended:
        assert "soundstage: error: " in said
        assert "does not answer" in said
    by_url = gateway.run("verify", "--run", run.id, "--expect", expect, **named)
    by_folder = gateway.run("verify", "--run", run.id, "--expect", expect)
    assert (by_url.returncode, by_folder.returncode) == (2, 2)
    assert "soundstage: error: Soundstage does not answer at http" in by_url.stderr
    assert "soundstage: error: no Soundstage runs on" in by_folder.stderr
