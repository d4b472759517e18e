"""Jobs of cron and systemd: run only where the policy opts them in, recorded always, never run where nobody answers."""

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from dashboard_stage import staged
from running import PATIENCE, PROJECT, Running, started

from dashboard.cron_token import cron_token
from ledger.trouble import LedgerUnavailable
from sinks.passage import Outcome, Seen
from soundstage.cron import job_name, program_of
from soundstage.cron_shell import main
from soundstage.handed_over import JOB_NAME, HandedOver, job_of

POLICY = """\
version: 1
opt_in:
  - {id: report, schedule: {job: nightly-report}, why: w, owner: o, expires: EXPIRES}
  - {id: never, schedule: {job: send-invoices}, do: deny, why: w, owner: o, expires: EXPIRES}
  - {id: timers, schedule: {job: "cleanup-*"}, source: 127.0.0.0/8, why: w, owner: o, expires: EXPIRES}
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Soundstage with a policy that opts two jobs in."""
    with started(tmp_path_factory.mktemp("cron"), policy=POLICY.replace("EXPIRES", in_thirty_days())) as running:
        yield running


def in_thirty_days() -> str:
    return f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"


def cron_environment(gateway: Running, **more: str) -> dict[str, str]:
    """What cron gives a job: these four, and what its crontab says (crontab(5))."""
    said = {"SOUNDSTAGE_URL": gateway.addresses["dashboard"], "SOUNDSTAGE_TOKEN": cron_token(gateway.token)}
    own = {"HOME": "/", "LOGNAME": "app", "SHELL": "/usr/local/bin/soundstage-cron", "PATH": "/usr/bin:/bin"}
    return {**own, "PYTHONPATH": str(PROJECT), **said, **more}


def as_cron_does(environ: dict[str, str], line: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """`$SHELL -c LINE`, from the user's home, with what stands behind `%` on stdin (cron(8))."""
    words = [sys.executable, "-P", "-m", "soundstage.cron_shell", "-c", line]
    return subprocess.run(words, env=environ, input=given, capture_output=True, text=True, timeout=300, check=False)


def test_a_job_that_is_opted_in_runs_as_it_would_have(gateway: Running, tmp_path: Path) -> None:
    told = 'echo out; echo "$SHELL $LOGNAME ${SOUNDSTAGE_TOKEN-none}"'
    line = f"cat > {tmp_path}/in; {told}; exit 7 # job: nightly-report"
    ran = as_cron_does(cron_environment(gateway), line, "from the crontab\n")
    assert (ran.returncode, ran.stdout, ran.stderr) == (7, "out\n/bin/sh app none\n", "")
    assert (tmp_path / "in").read_text() == "from the crontab\n"
    (capture,) = [one for one in gateway.wait_for(channel="schedule", left=True) if one["rule"] == "report"]
    assert (capture["verdict"], capture["left"], capture["fidelity"]) == ("allow", True, "real")
    assert capture["target"]["scheme"] == "cron"


def test_any_other_job_is_recorded_and_taken_for_done(gateway: Running, tmp_path: Path) -> None:
    line = f"touch {tmp_path}/ran --password=hunter2hunter2"
    ran = as_cron_does(cron_environment(gateway), line)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert not (tmp_path / "ran").exists()
    captures = gateway.wait_for(channel="schedule", verdict="capture")
    capture = next(one for one in captures if one["facts"]["program"] == "touch")
    assert (capture["left"], capture["fidelity"], capture["rule"]) == (False, "generic", "default:schedule")
    assert capture["facts"]["job"] == job_name(line, {})
    assert capture["facts"]["user"] == "app"
    assert "hunter2" not in str(capture)


def test_a_denied_job_says_why(gateway: Running, tmp_path: Path) -> None:
    environ = cron_environment(gateway, SOUNDSTAGE_JOB="send-invoices")
    ran = as_cron_does(environ, f"touch {tmp_path}/ran")
    assert ran.returncode == 1
    assert "soundstage: the job does not run: opt-in never denies it" in ran.stderr
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        pytest.param({"SOUNDSTAGE_URL": "http://127.0.0.1:9"}, "Soundstage does not answer at", id="nobody-there"),
        pytest.param({"SOUNDSTAGE_TOKEN": "a-wrong-token-of-some-length"}, "does not accept the token", id="token"),
        pytest.param({"SOUNDSTAGE_JBO": "x"}, "SOUNDSTAGE_JBO", id="a-typing-mistake"),
    ],
)
def test_where_nobody_says_yes_nothing_runs(gateway: Running, tmp_path: Path, more: dict[str, str], said: str) -> None:
    ran = as_cron_does(cron_environment(gateway, **more), f"touch {tmp_path}/ran # job: nightly-report")
    assert ran.returncode == 2
    assert said in ran.stderr
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("words", [[], ["echo"], ["-l"], ["-c"], ["-c", "a", "b"]])
def test_called_otherwise_than_by_cron_it_runs_nothing(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("soundstage: error: ")


def test_the_token_may_lie_in_a_file(gateway: Running) -> None:
    environ = cron_environment(gateway, SOUNDSTAGE_ADMIN_TOKEN_FILE=str(gateway.data_dir / "admin.token"))
    del environ["SOUNDSTAGE_TOKEN"]
    assert as_cron_does(environ, "echo ran # job: nightly-report").stdout == "ran\n"


def test_people_see_the_job_and_how_to_opt_it_in(gateway: Running) -> None:
    with gateway.api() as api:
        told = api.post("/api/schedule", json={"job": "rotate-logs", "machine": "staging-1"}).json()
        page = api.get(f"/attempts/{told['capture']}", headers={"accept": "text/html"}).text
        listed = api.get("/attempts", params={"q": "channel:schedule"}).text
    assert "cron rotate-logs on staging-1" in page
    assert "schedule: {job: rotate-logs}" in page
    assert "schedule" in listed
    assert "rotate-logs" in gateway.run("captures", "list", "--channel", "schedule").stdout


def test_its_token_opens_nothing_else(gateway: Running) -> None:
    printed = gateway.run("cron", "token").stdout.strip()
    assert printed == cron_token(gateway.token)
    assert gateway.token not in printed
    headers = {"authorization": f"Bearer {printed}"}
    with httpx.Client(
        base_url=gateway.addresses["dashboard"], headers=headers, trust_env=False, timeout=PATIENCE
    ) as api:
        assert api.post("/api/schedule", json={"job": "other"}).json()["run"] is False
        for method, path in (
            ("GET", "/api/captures"), ("DELETE", "/api/captures"), ("GET", "/inbox"), ("POST", "/api/runs"),
            ("GET", "/api/schedule"), ("GET", "/metrics"), ("GET", "/api/v2/messages"), ("GET", "/api/live"),
        ):  # fmt: skip
            assert api.request(method, path).status_code == 403, path
        assert api.get("/mailpit/api/v1/messages", auth=("x", printed)).status_code == 403
    assert cron_token("another-admin-token") != printed


@pytest.mark.parametrize(
    ("job", "scheduler", "code"),
    [("cleanup-tmp", "systemd", 0), ("cleanup", "systemd", 1), ("cleanup-tmp", "kubernetes", 0)],
)
def test_a_unit_asks_whether_it_may_start(gateway: Running, job: str, scheduler: str, code: int) -> None:
    ran = gateway.run("cron", "allowed", job, "--scheduler", scheduler)
    assert ran.returncode == code
    assert (ran.stderr == "") is (code == 0)
    newest = gateway.wait_for(channel="schedule")[0]
    assert (newest["facts"]["job"], newest["protocol"]) == (job, scheduler)


@pytest.mark.parametrize(
    ("job", "verdict"),
    [("nightly-report", "allow"), ("nightly-reports", "capture"), ("send-invoices", "deny"), ("cleanup-a", "allow")],
)
def test_the_api_says_what_the_policy_says(gateway: Running, job: str, verdict: str) -> None:
    with gateway.api() as api:
        told = api.post("/api/schedule", json={"job": job, "machine": "10.0.0.1"}).json()
        explained = api.post("/api/policy/explain", json={"job": job}).json()
        capture = api.get(f"/api/captures/{told['capture']}").json()
    assert (told["verdict"], told["run"]) == (verdict, verdict == "allow")
    assert told["reason"] == explained["reason"] == capture["reason"]
    assert capture["left"] is (verdict == "allow")


@pytest.mark.parametrize(
    "asked", [{"job": "a b"}, {"job": ""}, {"job": "a", "arguments": "x"}, {"scheduler": "at"}, {}]
)
def test_what_is_no_job_is_refused(gateway: Running, asked: dict[str, str]) -> None:
    with gateway.api() as api:
        assert api.post("/api/schedule", json=asked).status_code == 422


class FullLedger:
    """A gate that cannot record."""

    async def take(self, seen: Seen) -> Outcome:
        raise LedgerUnavailable("the disk is full")


async def test_a_job_that_cannot_be_recorded_does_not_run(tmp_path: Path) -> None:
    told = await HandedOver(FullLedger(), None).answers()["schedule"]({"job": "nightly-report"})
    assert told == {"unrecorded": "the disk is full"}
    async with (
        staged(tmp_path) as stage,
        httpx.AsyncClient(base_url=stage.url, headers=stage.bearer, timeout=PATIENCE) as client,
    ):
        stage.gateway.outcome = told
        answer = await client.post("/api/schedule", json={"job": "nightly-report"})
        assert answer.status_code == 503
        assert "the disk is full" in answer.json()["detail"]
        stage.gateway.away = True
        assert (await client.post("/api/schedule", json={"job": "nightly-report"})).status_code == 503


MADE = "-[0-9a-f]{8}"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        pytest.param("/srv/bin/report --all # job: nightly-report", "nightly-report", id="behind"),
        pytest.param("/srv/bin/report #job:nightly", "nightly", id="close-behind"),
        pytest.param(": send-queue; /srv/bin/queue", "send-queue", id="before"),
        pytest.param("  :  a.b/c@d ; true", "a.b/c@d", id="with-signs"),
        pytest.param("echo '# job: x' y", f"echo{MADE}", id="not-at-the-end"),
        pytest.param("/usr/bin/env FOO=1 x", f"env{MADE}", id="of-its-program"),
        pytest.param("A=b C='d e' '/srv/re port'", f"re-port{MADE}", id="after-assignments"),
        pytest.param("'unclosed", f"job{MADE}", id="cannot-be-told"),
        pytest.param(": ; true", f"job{MADE}", id="no-name-before"),
        pytest.param("", f"job{MADE}", id="empty"),
    ],
)
def test_a_job_has_a_name(line: str, name: str) -> None:
    made = job_name(line, {})
    assert re.fullmatch(name, made)
    assert JOB_NAME.match(made)
    assert job_name(line, {"SOUNDSTAGE_JOB": "given"}) == "given"


def test_two_commands_of_one_program_are_two_jobs() -> None:
    assert job_name("report --a", {}) != job_name("report --b", {})
    assert program_of("FOO=1 /srv/report --password x") == "/srv/report"


@pytest.mark.parametrize("name", ["", "-a", "a b", "a\n", "a" * 101, "é", "*"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no job's name"):
        job_of({"job": name})


def test_another_scheduler_is_unknown() -> None:
    with pytest.raises(ValueError, match="'at' is no scheduler; known are cron, systemd, kubernetes"):
        job_of({"job": "a", "scheduler": "at"})
    assert job_of({"job": "a", "machine": "m\x00\n"}).machine == "m??"


def test_the_drop_in_and_the_crontab_say_what_there_is() -> None:
    text = (PROJECT / "deploy" / "cron" / "soundstage.conf").read_text()
    assert "soundstage cron allowed %N --scheduler systemd" in text
    lines = (PROJECT / "deploy" / "cron" / "crontab").read_text().splitlines()
    jobs = [line.split(None, 5)[5] for line in lines if line[:1] in "*0123456789" and line]
    assert [job_name(job, {}) for job in jobs][:2] == ["nightly-report", "send-queue"]
