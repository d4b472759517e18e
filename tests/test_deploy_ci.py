"""The CI templates: schemas take them, and their steps, run as a runner runs them, start, judge and stop Soundstage."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from ci_job import CI, GitHub, Job
from run_stage import why_not
from running import eventually

SCRIPTS = ("prepare.sh", "start.sh", "run.sh", "stop.sh")
MAIL = """python3 - <<'PYTHON'
import os, smtplib
with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])) as smtp:
    smtp.login(os.environ["SMTP_USERNAME"], os.environ["SMTP_PASSWORD"])
    smtp.sendmail("shop@shop.test", ["ann@example.test"], "Subject: Welcome\\r\\n\\r\\nhello\\r\\n")
PYTHON
echo "nothing of 'this' is the script's"
"""
EXPECT = (
    "version: 1\ncontained: {contained}\nexpect:\n  - email: {{to: {to}}}\nsettle: {{quiet: 100ms, at_most: 60s}}\n"
)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_parse_and_can_be_run(name: str) -> None:
    assert (CI / name).stat().st_mode & 0o111
    subprocess.run(["sh", "-n", str(CI / name)], check=True)


def test_shellcheck_has_nothing_to_say() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed: the scripts are parsed alone")
    subprocess.run(["shellcheck", *(str(CI / name) for name in SCRIPTS)], check=True)


@pytest.mark.parametrize(
    ("schema", "options", "file"),
    [
        pytest.param("vendor.github-actions", [], "action.yml", id="github"),
        pytest.param("vendor.gitlab-ci", ["--data-transform", "gitlab-ci"], "gitlab.yml", id="gitlab"),
    ],
)
def test_published_schemas_take_them(schema: str, options: list[str], file: str) -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *options, str(CI / file)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_input_is_part_of_a_script() -> None:
    """What a pull request names must not be run: expressions stand in variables alone."""
    steps = yaml.safe_load((CI / "action.yml").read_text())["runs"]["steps"]
    assert [step["name"] for step in steps if "${{" in step.get("run", "")] == []


def test_namespaces_are_asked_for_only_where_they_are_kept(tmp_path: Path) -> None:
    job = Job(tmp_path)
    assert job.shell(f"{job.checkout}/deploy/ci/prepare.sh").returncode == 0
    assert (job.installed, job.sudo.exists()) == ("run\n", False)
    job.keeps_namespaces()
    assert job.shell(f"{job.checkout}/deploy/ci/prepare.sh").returncode == 0
    asked = "sysctl -q -w kernel.apparmor_restrict_unprivileged_userns=0"
    assert job.sudo.read_text() == (f"{asked}\n" if os.geteuid() == 0 else f"sudo -n {asked}\n")


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHub]:
    """A job in which the action's first steps have been run."""
    job = GitHub(tmp_path_factory.mktemp("github"))
    for name in ("Prepare Soundstage", "Start Soundstage"):
        done = job.step(name)
        assert done.returncode == 0, done.stdout + done.stderr
    yield job
    job.step("Stop Soundstage")


def expectations(job: GitHub, to: str) -> str:
    """A file of them in the workspace. Where there are no namespaces, containment is not asked for."""
    contained = "required" if why_not() is None else "optional"
    (job.work / "expect.yaml").write_text(EXPECT.format(contained=contained, to=to))
    return "expect.yaml"


def test_it_is_ready_when_the_step_has_ended(github: GitHub) -> None:
    told = dict(line.split("=", 1) for line in github.files["OUTPUT"].read_text().splitlines())
    assert told["url"].startswith("http://127.0.0.1:")
    assert github.environ["SOUNDSTAGE_DATA_DIR"] == str(github.folder / "temp" / "soundstage-ci" / "data")
    assert github.shell("soundstage captures list --json").returncode == 0
    assert "checkout" not in (github.shell("command -v python3").stdout), "the job's own Python stays the first"


def test_a_run_that_did_what_was_expected_passes(github: GitHub) -> None:
    inputs = {"run": MAIL, "expect": expectations(github, "ann@example.test"), "allow-uncontained": _uncontained()}
    done = github.step("Run", **inputs)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing of 'this' is the script's" in done.stdout
    reports = github.work / "soundstage-reports"
    assert json.loads((reports / "verdict.json").read_text())["verdict"] == "clean"
    assert ElementTree.parse(reports / "junit.xml").getroot().findall(".//failure") == []
    assert json.loads((reports / "soundstage.sarif").read_text())["version"] == "2.1.0"
    assert "clean" in github.files["STEP_SUMMARY"].read_text()


def test_a_run_that_did_not_fails_the_step(github: GitHub) -> None:
    inputs = {"run": MAIL, "expect": expectations(github, "bob@example.test"), "allow-uncontained": _uncontained()}
    done = github.step("Run", **inputs)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "::error" in done.stdout + done.stderr
    report = ElementTree.parse(github.work / "soundstage-reports" / "junit.xml")
    assert len(report.getroot().findall(".//failure")) >= 1


def test_nothing_to_run_is_an_error(github: GitHub) -> None:
    done = github.step("Run", run="")
    assert (done.returncode, "there is nothing to run" in done.stderr) == (2, True)


def test_what_does_not_start_says_why(tmp_path: Path) -> None:
    job = GitHub(tmp_path)
    (job.work / "policy.yaml").write_text("version: 1\nopt_inn: []\n")
    done = job.step("Start Soundstage", policy="policy.yaml")
    assert done.returncode == 2
    assert "soundstage up did not become ready" in done.stderr
    assert "opt_inn" in done.stderr


def test_the_templates_job_ends_as_its_command_does_and_stops(tmp_path: Path) -> None:
    """GitLab's variables, and each of its lines but the clone. A pipe that breaks ends the command, as on a runner."""
    job, template = Job(tmp_path), yaml.safe_load((CI / "gitlab.yml").read_text())[".soundstage"]
    folder = tmp_path / "stage"
    folder.mkdir()
    (folder / "checkout").symlink_to(job.checkout)
    given = {"CI_JOB_NAME": "tests", "CI_PROJECT_DIR": str(job.work), "STAGE_COMMAND": "(exit 7) | cat; echo survived"}
    names = {name: value for name, value in template["variables"].items() if name.startswith("STAGE_")}
    for name, value in names.items():
        job.environ[name] = value.replace("$CI_PROJECT_DIR", str(job.work)).replace("$CI_JOB_NAME", "tests")
    job.environ |= {**given, "STAGE_FOLDER": str(folder), "STAGE_ALLOW_UNCONTAINED": _uncontained()}
    lines = [*template["before_script"][1:], *template["script"]]
    done = job.shell("\n".join(lines))
    assert (done.returncode, "survived" in done.stdout) == (7, False), done.stdout + done.stderr
    process = int((folder / "pid").read_text())
    assert job.shell(template["after_script"][0]).returncode == 0
    eventually(lambda: not Path(f"/proc/{process}").exists(), "it has ended, killed or by itself")
    assert "soundstage" in (job.work / "soundstage-reports" / "soundstage.log").read_text().lower()


def _uncontained() -> str:
    return "false" if why_not() is None else "true"
