"""`soundstage policy` on files: what is good, what is refused with file, line and field, and the exit codes between."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from soundstage.__main__ import main
from soundstage.policy import explanation

SOON = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
GOOD = f"""\
version: 1
environment: staging
opt_in:
  - id: weather
    to: api.weather.test
    methods: [GET]
    why: forecasts are read only
    owner: logistics
    expires: {SOON}
examples:
  - {{do: "GET https://api.weather.test/today", is: allow, by: weather}}
  - {{mail: {{to: [a@b.test]}}, is: capture}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(GOOD)
    return path


def test_good_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "check", str(file)]) == 0
    assert capsys.readouterr().out == "good: 1 opt-in for staging\n"


def test_examples_that_hold(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "test", str(file)]) == 0
    assert capsys.readouterr().out == "2 of 2 examples hold\n"


def test_example_that_does_not_hold_is_1(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD.replace("is: capture", "is: allow"))
    assert main(["policy", "test", str(file)]) == 1
    said = capsys.readouterr()
    assert said.out == "1 of 2 examples hold\n"
    assert f"soundstage: error: {file}:12: examples[1]" in said.err


@pytest.mark.parametrize("verb", ["check", "test"])
def test_file_that_cannot_be_read_is_2(verb: str, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD.replace("owner:", "ownr:"))
    assert main(["policy", verb, str(file)]) == 2
    assert f"soundstage: error: {file}:8: opt_in[0].ownr" in capsys.readouterr().err


def test_every_problem_is_told_to_programs_too(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD.replace("owner:", "ownr:").replace("why:", "wy:"))
    assert main(["policy", "check", "--json", str(file)]) == 2
    assert len(json.loads(capsys.readouterr().out)["problems"]) >= 2


def test_missing_file_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "check", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml:1: the file cannot be read: No such file or directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["explain", "api.stripe.com"], "'api.stripe.com' is no request", id="no-url"),
        pytest.param(["frobnicate"], "argument check|test|explain: invalid choice", id="unknown-verb"),
        pytest.param(["check"], "the following arguments are required: FILE", id="no-file"),
    ],
)
def test_wrong_words_are_2(words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--data-dir", str(tmp_path)] if words[0] == "explain" else []
    assert main(["policy", *words, *where]) == 2
    assert capsys.readouterr().err.startswith(f"soundstage: error: {message}")


def test_explain_without_a_gateway_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "explain", "GET http://a.test/", "--data-dir", str(tmp_path)]) == 2
    assert "no Soundstage runs on" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("verdict", "proposed"), [("capture", True), ("deny", True), ("allow", False), ("divert", False)]
)
def test_what_leaves_already_is_not_told_how_to_opt_in(verdict: str, proposed: bool) -> None:
    said = explanation({"verdict": verdict, "rule": "r", "reason": "why", "opt_in": "opt_in:\n  - id: x\n"})
    assert said.splitlines()[0] == f"{verdict} by r: why"
    assert ("opt_in:" in said) == proposed


def test_where_nothing_opens_it_there_is_nothing_to_write() -> None:
    told = {"verdict": "deny", "rule": "never:metadata", "reason": "why", "opt_in": "# nothing opens this: why\n"}
    assert explanation(told) == "deny by never:metadata: why\n\n# nothing opens this: why"
