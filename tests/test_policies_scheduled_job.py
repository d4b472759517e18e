"""Scheduled jobs in policies: named doors for jobs, shut by default, and apart from those of hosts and mails."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policies.describe import describe
from policies.effect import Effect
from policies.explain import opt_in_for
from policies.pack import Packs
from policies.policy import Policy
from policies.policy_file import load_policy
from policies.policy_problem import PolicyError
from policies.scheduled_job import ScheduledJob

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def effect_of(name: str, machine: str = "staging-1", source: str = "10.0.3.7") -> Effect:
    job = ScheduledJob(name, "/usr/bin/report", "app", machine, source, "cron")
    return describe(job, Packs.built_in(), run="unattributed")[0]


def policy_of(folder: Path, opt_ins: str, rest: str = "") -> Policy:
    file = folder / "policy.yaml"
    file.write_text(f"version: 1\nopt_in:\n{opt_ins}{rest}")
    return load_policy([file], now=NOW)


def entry(name: str, what: str, do: str = "allow") -> str:
    return f"  - {{id: {name}, {what}, do: {do}, why: w, owner: o, expires: 2026-12-01}}\n"


def test_a_job_is_described_without_its_arguments() -> None:
    effect = effect_of("nightly-report")
    assert (effect.channel, effect.intent, effect.protocol, effect.target.host) == (
        "schedule", "write", "cron", "staging-1"
    )  # fmt: skip
    assert effect.facts == {
        "job": "nightly-report", "program": "/usr/bin/report", "user": "app", "machine": "staging-1"
    }  # fmt: skip


@pytest.mark.parametrize("machine", ["10.0.0.1", "not a host", "", "2130706433"])
def test_a_machine_without_a_name_has_none(machine: str) -> None:
    assert effect_of("a", machine).target.host == "unnamed.invalid"


@pytest.mark.parametrize(
    ("opt_in", "name", "verdict"),
    [
        pytest.param("schedule: {job: nightly-report}", "nightly-report", "allow", id="named"),
        pytest.param("schedule: {job: [a, nightly-*]}", "nightly-report", "allow", id="one-of-several"),
        pytest.param("schedule: {job: nightly-report}", "nightly-report-2", "capture", id="another"),
        pytest.param("schedule: {job: nightly-report}, source: 10.9.0.0/16", "nightly-report", "capture", id="source"),
        pytest.param("to: staging-1.example.com", "nightly-report", "capture", id="a-host-opens-no-job"),
    ],
)
def test_only_an_opt_in_for_the_job_lets_it_run(tmp_path: Path, opt_in: str, name: str, verdict: str) -> None:
    effect = effect_of(name, "staging-1.example.com")
    assert policy_of(tmp_path, entry("one", opt_in)).decide(effect, NOW).verdict == verdict


def test_without_an_opt_in_it_is_captured_and_the_reason_names_it() -> None:
    decision = Policy.built_in().decide(effect_of("nightly-report"), NOW)
    assert (decision.verdict, decision.rule) == ("capture", "default:schedule")
    assert decision.reason == "no opt-in matches the job 'nightly-report'; scheduled jobs are captured by default"


def test_an_opt_in_that_is_over_opens_nothing(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, entry("one", "schedule: {job: nightly}"))
    assert policy.decide(effect_of("nightly"), NOW + timedelta(days=20)).verdict == "capture"


def test_a_stricter_exception_wins(tmp_path: Path) -> None:
    policy = policy_of(
        tmp_path,
        entry("all", "schedule: {job: nightly-*}") + entry("but", "schedule: {job: nightly-mail}", "capture"),
    )
    assert policy.decide(effect_of("nightly-mail"), NOW).rule == "but"
    assert policy.decide(effect_of("nightly-report"), NOW).rule == "all"


@pytest.mark.parametrize(
    ("opt_in", "what"),
    [
        pytest.param("schedule: {job: '*'}", "is no job's name", id="every-job"),
        pytest.param("schedule: {}", "'job' is missing", id="none"),
        pytest.param("schedule: {jobs: a}", "is not known here", id="unknown-key"),
        pytest.param("schedule: {job: a}, to: api.example.com", "'to' is not for scheduled jobs", id="with-a-host"),
        pytest.param("schedule: {job: a}, email: {to: ['a@b.c']}", "'email' is not for scheduled", id="with-mail"),
        pytest.param("schedule: {job: a}, methods: [GET]", "'methods' is not for scheduled jobs", id="with-methods"),
    ],
)
def test_what_is_no_opt_in_for_a_job_is_refused(tmp_path: Path, opt_in: str, what: str) -> None:
    with pytest.raises(PolicyError, match=what):
        policy_of(tmp_path, entry("one", opt_in))


def test_two_that_differ_about_the_same_job_are_refused(tmp_path: Path) -> None:
    both = entry("one", "schedule: {job: nightly}") + entry("two", "schedule: {job: nightly}", "deny")
    with pytest.raises(PolicyError, match="mean some of the same calls"):
        policy_of(tmp_path, both)


def test_examples_name_jobs(tmp_path: Path) -> None:
    opt_in = entry("one", "schedule: {job: nightly-report}")
    good = "examples:\n  - {job: nightly-report, is: allow, by: one}\n  - {job: other, is: capture}\n"
    assert len(policy_of(tmp_path, opt_in, good).opt_ins) == 1
    with pytest.raises(PolicyError, match="job other is not allow but capture by default:schedule"):
        policy_of(tmp_path, opt_in, "examples:\n  - {job: other, is: allow}\n")
    with pytest.raises(PolicyError, match="it needs one of"):
        policy_of(tmp_path, opt_in, "examples:\n  - {job: other, mail: {to: [a@b.c]}, is: allow}\n")


def test_what_is_proposed_opens_exactly_this_job(tmp_path: Path) -> None:
    text = opt_in_for(effect_of("nightly-report"), NOW)
    assert "schedule: {job: nightly-report}" in text
    file = tmp_path / "policy.yaml"
    file.write_text(f"version: 1\n{text}")
    policy = load_policy([file], now=NOW)
    assert policy.decide(effect_of("nightly-report"), NOW).verdict == "allow"
    assert policy.decide(effect_of("nightly-reports"), NOW).verdict == "capture"
    assert policy.opt_ins[0].shown_target == "job nightly-report"
