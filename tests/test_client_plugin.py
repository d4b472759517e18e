"""The pytest plugin in a pytest of its own, against an API that plays its part: what passes, and what must not."""

from collections.abc import Iterator

import pytest
from client_stage import mail
from client_suite import Suite, suite_in

pytest_plugins = ["pytester"]
ONE_TEST = "def test_one(soundstage):\n    pass\n"
PLAIN = "def test_plain():\n    pass\n"


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Suite]:
    yield from suite_in(pytester, monkeypatch)


INHERITED = {"SOUNDSTAGE_RUN": "r"}


def test_each_test_of_the_fixture_has_a_window_that_is_closed(suite: Suite) -> None:
    suite.stage.add(mail(1, "ann@example.test", "Welcome"))
    code = """
import asyncio

def test_first(soundstage):
    assert soundstage.email.wait_for(to="ann@*").subject == "Welcome"

def test_without():
    pass

def test_third(asoundstage):
    assert asyncio.run(asoundstage.email.count()) == 0
    asyncio.run(asoundstage.assert_nothing_else())
"""
    status, said = suite.run(code, **INHERITED)
    assert status == 0, said
    asked = [body for body in suite.stage.bodies if body and ("open" in body or "close" in body)]
    assert [body.get("open") or body["close"] for body in asked] == [
        "test_it.py::test_first",
        "w-1",
        "test_it.py::test_third",
        "w-2",
    ]
    assert "POST /api/runs" not in suite.stage.asked
    assert "POST /api/runs/r/finish" not in suite.stage.asked, "the run is its owner's to finish"


def test_a_window_for_every_test_if_the_ini_file_says_so(suite: Suite) -> None:
    status, said = suite.run(PLAIN, ini="soundstage_windows = all", **INHERITED)
    assert (status, suite.stage.windows) == (0, 1), said


def test_the_window_covers_the_tests_own_fixtures(suite: Suite) -> None:
    code = """
import pytest
from pytest_soundstage import Refused

@pytest.fixture
def early(soundstage_run):
    with pytest.raises(Refused, match="w-1 of run r is open"):
        soundstage_run.open_window("another")

def test_one(early, soundstage):
    pass
"""
    assert suite.run(code, **INHERITED)[0] == 0


def test_what_arrives_outside_windows_fails_the_session_and_names_the_tests(suite: Suite) -> None:
    stray = {**mail(1, "ann@example.test", "Late"), "window": None}
    code = """
def test_first(soundstage): pass
def test_between(): pass
def test_last(soundstage): pass
"""
    suite.stage.after_a_window = stray
    status, said = suite.run(code, **INHERITED)
    assert status == 1, said
    assert "3 passed" in said
    assert "violated: 1 arrived outside any test's window, after test_it.py::test_first" in said
    assert "and before test_it.py::test_last (test_it.py::test_between in between had no window)" in said
    assert "subject 'Late'" in said


def test_strays_can_be_made_a_warning(suite: Suite) -> None:
    suite.stage.after_a_window = {**mail(1, "ann@example.test", "Late"), "window": None}
    status, said = suite.run(
        ONE_TEST * 1 + "def test_two(soundstage):\n    pass\n", ini="soundstage_strays = warn", **INHERITED
    )
    assert status == 0, said
    assert "warning: 1 arrived outside" in said


FORBIDDEN = [
    pytest.param("import pytest\n@pytest.mark.no_side_effects\ndef test_one():\n    pass\n", "", id="marker"),
    pytest.param("def test_one():\n    pass\n", "soundstage_forbid = test_i*.py", id="ini"),
]


@pytest.mark.parametrize(("code", "ini"), FORBIDDEN)
def test_side_effects_where_they_are_forbidden_fail_the_test(suite: Suite, code: str, ini: str) -> None:
    assert suite.run(code, ini=ini, **INHERITED)[0] == 0
    suite.stage.add(mail(1, "ann@example.test", "Welcome", window="w-2"))
    status, said = suite.run(code, ini=ini, **INHERITED)
    assert status == 1, said
    assert "test_it.py::test_one must not have side effects, and had 1" in said


def test_an_application_that_does_not_become_quiet_is_an_error(suite: Suite) -> None:
    suite.stage.settled = {"reached": False, "why": "a request is unfinished", "waited": 10.0}
    status, said = suite.run(ONE_TEST, **INHERITED)
    assert status == 1
    assert "Inconclusive: the application was not quiet within 10 s at the end of test_it.py::test_one" in said


ENDINGS = [
    pytest.param({"gaps": [{"why": "The gateway was restarted."}]}, "The gateway was restarted", id="restarted"),
    pytest.param(
        {"counts": {"wrong_token": 2}}, "2 arrived with the name of run r and a wrong token", id="wrong-token"
    ),
]


@pytest.mark.parametrize(("run", "why"), ENDINGS)
def test_a_run_with_missing_evidence_is_inconclusive(suite: Suite, run: dict[str, object], why: str) -> None:
    suite.stage.run = {**suite.stage.run, **run}
    status, said = suite.run(ONE_TEST, **INHERITED)
    assert status == 1
    assert "1 passed" in said
    assert f"inconclusive: {why}" in said


def test_canaries_that_do_not_arrive_are_inconclusive(suite: Suite) -> None:
    closed = {"HTTP_PROXY": "http://127.0.0.1:9", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "9"}
    suite.stage.run["variables"] = {**closed, "SMTP_USERNAME": "r", "SMTP_PASSWORD": "t"}
    status, said = suite.run(ONE_TEST)
    assert status == 1
    assert "the canary at the begin of run r did not arrive over http" in said
    assert "the canary at the end of run r did not arrive over smtp" in said
    assert suite.stage.bodies[suite.stage.asked.index("POST /api/runs/r/finish")] == {"verdict": "inconclusive"}


def test_the_whole_run_is_judged_by_a_file_if_asked(suite: Suite) -> None:
    row = {"name": "welcome mail", "outcome": "failed", "reason": "There were 0, not 1."}
    suite.stage.judgement = {"verdict": "violated", "reasons": [], "rows": [row]}
    (suite.folder / "expect.yaml").write_text("version: 1\n")
    status, said = suite.run(ONE_TEST, "--soundstage-expect=expect.yaml", "--soundstage-allow-uncontained", **INHERITED)
    assert status == 1
    assert "violated: expect.yaml\n  welcome mail: There were 0, not 1." in said
    asked = suite.stage.bodies[suite.stage.asked.index("POST /api/runs/r/verify")]
    assert asked == {"text": "version: 1\n", "file": "expect.yaml", "allow_uncontained": True}


NOWHERE = {"SOUNDSTAGE_URL": ""}
DEAD = [
    pytest.param(["--soundstage=http://127.0.0.1:9"], {}, "does not answer at http://127.0.0.1:9", id="url"),
    pytest.param([], {"SOUNDSTAGE_URL": "http://127.0.0.1:9"}, "does not answer", id="variable"),
    pytest.param(["--soundstage=required"], NOWHERE, "no Soundstage runs on", id="required"),
    pytest.param([], {"SOUNDSTAGE_TOKEN": "wrong"}, "does not accept the token", id="wrong-token"),
    pytest.param(["--soundstage=maybe"], {}, "--soundstage=maybe is none of found, auto", id="unknown-mode"),
    pytest.param(["--soundstage-expect=absent.yaml"], {}, "there is no such file", id="no-expectations"),
    pytest.param(["-osoundstage_quiet=soon"], {}, "soundstage_quiet = soon is no number", id="no-number"),
    pytest.param(
        ["--soundstage=auto"], {"SOUNDSTAGE_URL": "", "SOUNDSTAGE_COMMAND": "false"}, "`false up` ended", id="auto"
    ),
]


@pytest.mark.parametrize(("options", "variables", "why"), DEAD)
def test_no_test_runs_where_soundstage_was_asked_for_and_is_not_there(
    suite: Suite, options: list[str], variables: dict[str, str], why: str
) -> None:
    status, said = suite.run(PLAIN, *options, **variables)
    assert status == pytest.ExitCode.USAGE_ERROR, said
    assert why in said
    assert "passed" not in said
    assert ("hint: --soundstage=off" in said) == ("Soundstage" in said or "`false" in said)


def test_the_fixture_without_a_soundstage_is_an_error_and_other_tests_run(suite: Suite) -> None:
    code = ONE_TEST + PLAIN
    status, said = suite.run(code, SOUNDSTAGE_URL="")
    assert status == 1
    assert "1 passed, 1 error" in said
    assert "no Soundstage runs on" in said


def test_off_skips_the_fixtures_tests_and_does_nothing(suite: Suite) -> None:
    status, said = suite.run(ONE_TEST + PLAIN, "--soundstage=off", "-rs")
    assert status == 0
    assert "soundstage is off" in said
    assert "1 passed, 1 skipped" in said
    assert suite.stage.asked == []


def test_a_soundstage_that_dies_in_between_does_not_pass(suite: Suite) -> None:
    suite.stage.dies_after = 6
    code = ONE_TEST + PLAIN
    status, said = suite.run(code, **INHERITED)
    assert status == 1, said
    assert "inconclusive: Soundstage at" in said
    assert "The gateway does not answer" in said


def test_variables_are_in_force_before_the_application_is_imported_and_gone_after(suite: Suite) -> None:
    suite.stage.run["variables"] = {"SMTP_HOST": "127.0.0.1", "SHOP_ENV": "staging", "SSL_CERT_FILE": "/nowhere/ca.pem"}
    (suite.folder / "conftest.py").write_text("import os\nSEEN = os.environ['SHOP_ENV']\n")
    code = "from conftest import SEEN\ndef test_one(soundstage):\n    assert SEEN == 'staging'\n"
    status, said = suite.run(code, **INHERITED)
    assert status == 0, said
    assert "no client here trusts Soundstage's certificates by itself: /nowhere/ca.pem is not on this machine" in said


def test_a_run_has_one_window_at_a_time(suite: Suite) -> None:
    code = """
import pytest
from pytest_soundstage import Refused

@pytest.fixture(scope="session")
def filled(soundstage_run):
    with soundstage_run.window("fill the database") as window:
        window.assert_nothing_left()

def test_one(filled, soundstage, soundstage_run):
    with pytest.raises(Refused, match="is open"):
        soundstage_run.open_window("another")
"""
    status, said = suite.run(code, **INHERITED)
    assert status == 0, said
