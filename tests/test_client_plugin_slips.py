"""Slips of the pen and sessions cut short: what was meant to forbid forbids, or no test runs; nothing passes by it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from client_stage import mail
from client_suite import Suite, suite_in

pytest_plugins = ["pytester"]
PLAIN = "def test_plain():\n    pass\n"
INHERITED = {"SOUNDSTAGE_RUN": "r"}


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Suite]:
    yield from suite_in(pytester, monkeypatch)


MARKED = "import pytest\n@pytest.mark.{}\ndef test_one():\n    pass\n"
ONLY_WARNED = ["-Wdefault::pytest.PytestUnknownMarkWarning"]
"""As pytest has it where nobody has made warnings errors."""
SLIPS = [
    pytest.param(MARKED.format("no_side_effect"), "", ONLY_WARNED, "write no_side_effects", id="marker"),
    pytest.param(MARKED.format("nosideeffects"), "", ONLY_WARNED, "write no_side_effects", id="marker-in-one-word"),
    pytest.param(PLAIN, "soundstage_window = all", [], "did you mean soundstage_windows?", id="ini-key"),
    pytest.param(PLAIN, "", ["-osoundstge_forbid=*"], "did you mean soundstage_forbid?", id="override"),
    pytest.param(PLAIN, "soundstage_forbid = tests/unti/**", [], "matches nothing", id="absent-folder"),
    pytest.param(PLAIN, "soundstage_forbid = /tests/unit", [], "matches nothing", id="absolute"),
    pytest.param(PLAIN, "soundstage_windows = al", [], "soundstage_windows = al is none of used, all", id="ini-value"),
    pytest.param(PLAIN, "soundstage_quiet = nan", [], "soundstage_quiet = nan is no number", id="not-a-number"),
    pytest.param(PLAIN, "soundstage_settle = -1", [], "soundstage_settle = -1 is no number", id="negative"),
    pytest.param(PLAIN, "", ["--soundstage=requird"], "is none of found, auto, container, required, off", id="mode"),
]


@pytest.mark.parametrize(("code", "ini", "options", "why"), SLIPS)
def test_a_slip_of_the_pen_runs_no_test(suite: Suite, code: str, ini: str, options: list[str], why: str) -> None:
    status, said = suite.run(code, *options, ini=ini, **INHERITED)
    assert (status, "passed" in said) == (pytest.ExitCode.USAGE_ERROR, False), said
    assert why in said


def test_a_marker_of_the_suites_own_may_resemble_ours(suite: Suite) -> None:
    status, said = suite.run(MARKED.format("side_effects"), ini="markers = side_effects: of our own", **INHERITED)
    assert status == 0, said


@pytest.mark.parametrize("pattern", ["unit/", "./unit/**"])
def test_a_folder_that_is_forbidden_is_so_to_its_depth(suite: Suite, pattern: str) -> None:
    (suite.folder / "unit" / "deep").mkdir(parents=True)
    (suite.folder / "unit" / "deep" / "test_2.py").write_text("def test_two():\n    pass\n")
    suite.stage.add(mail(1, "ann@example.test", "Welcome"))
    status, said = suite.run(PLAIN, ini=f"soundstage_forbid = {pattern}", **INHERITED)
    assert status == 1
    assert "test_2.py::test_two must not have side effects, and had 1" in said
    assert "test_it.py::test_plain must not" not in said


NOTHING = "def test_quiet(soundstage):\n    soundstage.{}\n"


@pytest.mark.parametrize("said", ["email.none()", "assert_nothing_else()"])
def test_nothing_is_proved_by_a_session_of_which_nothing_was_seen(suite: Suite, said: str) -> None:
    suite.stage.run |= {"counts": {"captures": 0}, "contained": "no"}
    status, told = suite.run(NOTHING.format(said))
    assert status == 1
    assert "inconclusive: test_it.py::test_quiet said what did not happen; nothing was captured" in told


@pytest.mark.parametrize(
    ("run", "options"),
    [
        pytest.param({"contained": "namespace"}, [], id="contained"),
        pytest.param({"counts": {"captures": 1}}, [], id="something-was-seen"),
        pytest.param({}, ["--soundstage-allow-uncontained"], id="allowed"),
    ],
)
def test_nothing_is_believed_where_it_would_have_been_seen(
    suite: Suite, run: dict[str, object], options: list[str]
) -> None:
    suite.stage.run |= {"counts": {"captures": 0}, "contained": "no", **run}
    _, told = suite.run(NOTHING.format("email.none()"), *options)
    assert "1 passed" in told
    assert "said what did not happen" not in told


@pytest.mark.parametrize(
    ("arrived", "options", "doubted"),
    [
        pytest.param({}, [], True, id="a-mail"),
        pytest.param({}, ["--soundstage-allow-uncontained"], False, id="allowed"),
        pytest.param({"channel": "web", "intent": "read"}, [], False, id="a-read"),
        pytest.param({"channel": "dns"}, [], False, id="a-name"),
        pytest.param({"run": "somebody-elses"}, [], False, id="of-another-run"),
    ],
)
def test_what_nobody_claimed_is_a_doubt_about_what_was_said_not_to_happen(
    suite: Suite, arrived: dict[str, object], options: list[str], doubted: bool
) -> None:
    """An application that leaves out the run's credentials mails in nobody's name: the run itself shows no mail."""
    suite.stage.run |= {"counts": {"captures": 1}, "contained": "no"}
    suite.stage.add({**mail(1, "eve@customer.example", "Welcome"), "run": "unattributed", "window": None, **arrived})
    _, told = suite.run(NOTHING.format("email.none()"), *options)
    assert "1 passed" in told
    doubt = "test_it.py::test_quiet said what did not happen; 1 that nobody claimed arrived meanwhile"
    assert (doubt in told, "eve@customer.example" in told) == (doubted, doubted)


LATE = [
    pytest.param("email.none()", 1, id="none"),
    pytest.param("email.none(to='ann@*')", 1, id="none-of-that"),
    pytest.param("email.count(text='hello')", 1, id="count-by-its-text"),
    pytest.param("assert_nothing_else()", 1, id="nothing-else"),
    pytest.param("email.none(to='bob@*')", 0, id="none-of-another"),
    pytest.param("assert_nothing_left()", 0, id="nothing-left"),
    pytest.param("settle()", 0, id="nothing-was-said"),
]


@pytest.mark.parametrize(("said", "status"), LATE)
def test_what_arrives_after_it_was_said_not_to_be_there(suite: Suite, said: str, status: int) -> None:
    """While the window comes to rest: a moment after the test had asked."""
    suite.stage.after_a_window = mail(1, "ann@example.test", "Welcome", text="hello")
    ended, told = suite.run(NOTHING.format(said), **INHERITED)
    assert ended == status, told
    late = "1 arrived in test_it.py::test_quiet after it was said that there is no such thing, or no more"
    assert (late in told) == bool(status)


CUT_SHORT = [
    pytest.param("import absent\n" + PLAIN, [], 2, id="collection-error"),
    pytest.param("def test_one(): assert 0\ndef test_two(soundstage): pass\n", ["-x"], 1, id="first-failure"),
    pytest.param("", [], 1, id="no-tests"),
    pytest.param("import pytest\ndef test_one(soundstage): pytest.exit('done', 0)\n", [], 1, id="exit-0"),
    pytest.param(PLAIN, ["-k", "nothing_of_that_name"], 1, id="nothing-selected"),
]


@pytest.mark.parametrize(("code", "options", "status"), CUT_SHORT)
def test_a_session_cut_short_does_not_hide_what_arrived(
    suite: Suite, code: str, options: list[str], status: int
) -> None:
    suite.stage.run["gaps"] = [{"why": "The gateway was restarted."}]
    ended, said = suite.run(code, *options, **INHERITED)
    assert ended == status, said
    assert "inconclusive: The gateway was restarted" in said
    assert "POST /api/runs/r/settle" in suite.stage.asked, "there was a last look"


def test_an_expectation_file_that_is_gone_at_the_end_is_inconclusive(suite: Suite) -> None:
    expect = suite.folder / "expect.yaml"
    expect.write_text("version: 1\n")
    code = f"import pathlib\ndef test_one():\n    pathlib.Path({str(expect)!r}).unlink()\n"
    status, said = suite.run(code, "--soundstage-expect=expect.yaml", **INHERITED)
    assert status == 1, said
    assert "inconclusive: expect.yaml cannot be read" in said
    assert not Path(expect).exists()
