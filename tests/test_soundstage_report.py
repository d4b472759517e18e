"""Reports: what each says, that it is well-formed whatever was captured, and that nothing personal is in it."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_told import judged, mail

from policies.verification_result import Closest, Difference, Result, RowResult, Settled
from soundstage.report_annotations import annotations
from soundstage.report_discretion import discreet, masked
from soundstage.report_gitlab import gitlab_report
from soundstage.report_junit import junit_report
from soundstage.report_markdown import markdown_report
from soundstage.report_outputs import Outputs
from soundstage.report_sarif import sarif_report
from soundstage.report_text import text_report
from soundstage.trouble import Unanswered

TEXT = 'expect:\n- name: welcome mail\n  email: {to: "*@example.test", subject: Welcome}\nnever:\n- email: {to: bob@*}'


def failed() -> Result:
    return judged(f"{TEXT}\nothers: allow", mail(subject="Bye"), more={"contained": "no", "seen": True})


def violated() -> Result:
    return judged(f"{TEXT}\nothers: allow", mail(subject="Bye"))


def test_text_for_people() -> None:
    assert text_report(violated(), file="expect.yaml").splitlines() == [
        "FAIL  welcome mail    1 expected, none found  (expect.yaml:3)",
        "      expected: email {to: *@example.test, subject: Welcome} (1)",
        '      captured: email to ann@example.test "Bye"  0001',
        "        - subject: Welcome",
        "        + subject: Bye",
        "ok    email to bob@*  nothing of it was seen",
        "violated: run ci-1, 1 capture judged",
    ]


def test_colour_is_paint_and_nothing_else() -> None:
    painted = text_report(violated(), colour=True)
    assert "\x1b[31mFAIL\x1b[0m" in painted
    assert re.sub(r"\x1b\[[0-9]+m", "", painted) == text_report(violated())


def test_junit_has_a_case_a_row() -> None:
    for result, counts in ((violated(), ("9", "1", "0")), (failed(), ("9", "0", "2"))):
        root = ElementTree.fromstring(junit_report(result))
        suite = root[0]
        assert (root.tag, suite.tag) == ("testsuites", "testsuite")
        assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == counts
        assert [case.get("name") for case in suite] == [row.name for row in result.rows]
        assert {case.get("classname") for case in suite} == {f"soundstage.{row.kind}" for row in result.rows}
    case = ElementTree.fromstring(junit_report(violated()))[0][0]
    assert (case[0].tag, case[0].get("message")) == ("failure", "1 expected, none found")
    assert "subject: expected Welcome, found Bye" in (case[0].text or "")
    assert ElementTree.fromstring(junit_report(failed()))[0][0][0].tag == "error"


def test_sarif_points_at_the_row() -> None:
    told = json.loads(sarif_report(violated(), file="ci/expect file.yaml"))
    (result,) = told["runs"][0]["results"]
    assert told["version"] == "2.1.0"
    assert (result["ruleId"], result["level"]) == ("expect", "error")
    assert told["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "expect"
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("ci/expect%20file.yaml", 3)
    assert "locations" not in json.loads(sarif_report(violated()))["runs"][0]["results"][0]


def test_gitlab_has_an_issue_a_row() -> None:
    (issue,) = json.loads(gitlab_report(violated(), file="expect.yaml"))
    assert (issue["severity"], issue["location"]) == ("major", {"path": "expect.yaml", "lines": {"begin": 3}})
    assert issue["fingerprint"] == json.loads(gitlab_report(violated()))[0]["fingerprint"]
    assert {issue["severity"] for issue in json.loads(gitlab_report(failed()))} == {"minor"}


def test_annotations_stand_at_the_row() -> None:
    (one,) = annotations(violated(), file="a,b:c.yaml")
    assert one.startswith(
        "::error file=a%2Cb%3Ac.yaml,line=3,title=soundstage%3A welcome mail::1 expected, none found%0A"
    )
    assert all(line.startswith("::warning ") for line in annotations(failed()))


def test_markdown_has_a_table() -> None:
    said = markdown_report(violated(), file="expect.yaml")
    assert said.startswith("### Soundstage: ❌ violated\n\nRun ci&#45;1, expectations expect.yaml\n")
    assert "| ❌ | welcome mail | 1 expected, none found |" in said
    assert "  * subject: expected Welcome, found Bye\n" in said


def hostile(text: str) -> Result:
    """A result in which everything that can be said is `text`."""
    near = Closest(text, text, (Difference(text, text, text), Difference(text, text, None)))
    row = RowResult(text, "expect", "failed", text, 3, text, 1, (text,), (near,))
    doubt = replace(row, outcome="inconclusive", kind="never", line=None)
    return Result(text, "violated", (text,), Settled(False, text, 1.0), (row, doubt), {"judged": 1})


ANYTHING = st.text(
    st.characters() | st.sampled_from("\x00\x1b\r\n|`<>&\"'%:,]@\ud800\ufffe\u2028\x85"), min_size=1, max_size=30
)


@given(ANYTHING)
def test_reports_are_well_formed_whatever_was_captured(text: str) -> None:
    result = hostile(text)
    root = ElementTree.fromstring(junit_report(result).encode())
    assert len(root[0]) == 2
    assert len(json.loads(sarif_report(result, file=text))["runs"][0]["results"]) == 2
    assert len(json.loads(gitlab_report(result, file=text))) == 2
    for line in annotations(result, file=text):
        assert re.match(r"::(?:error|warning) [^\r\n]*::[^\r\n]*\Z", line)
        assert line.isprintable()
    said = text_report(result, file=text)
    assert all(line.isprintable() for line in said.split("\n"))
    markdown = markdown_report(result, file=text)
    assert not set("`<>[]@") & set(markdown)
    assert len(markdown.splitlines()) == len(markdown_report(hostile("a"), file="a").splitlines())


@given(ANYTHING)
def test_masking_takes_anything(text: str) -> None:
    assert len(discreet(hostile(text)).rows) == 2


MASKED = [
    pytest.param("to ann@customer.com, Bob <bob@x.de>", "to a***@customer.com, Bob <b***@x.de>", id="addresses"),
    pytest.param("ann@example.test bob@qa.example.com", "ann@example.test bob@qa.example.com", id="examples"),
    pytest.param("ann@example.com.evil.io", "a***@example.com.evil.io", id="not-an-example"),
    pytest.param("+49 151 12345678", "+49***78", id="number"),
    pytest.param("+15005550006 and +12025550123", "+15005550006 and +12025550123", id="numbers-for-fiction"),
    pytest.param("4200 eur at 2026-11-22", "4200 eur at 2026-11-22", id="amounts"),
]


@pytest.mark.parametrize(("text", "shown"), MASKED)
def test_masking(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_codes_and_links_are_masked_where_messages_speak() -> None:
    link = "https://shop.example.test/confirm/Zm9vYmFyYmF6cXV4?t=1"
    differs = (Difference("link", "x", link), Difference("code", "x", "123456"), Difference("amount", "1", "4200"))
    near = Closest("1", 'email to ann@real.com "Your code is 123456"', differs)
    row = RowResult("a", "expect", "failed", "ann@real.com", closest=(near,))
    shown = discreet(Result("r", "violated", ("ann@real.com",), Settled(True), (row,)))
    assert shown.reasons == ("a***@real.com",)
    assert shown.rows[0].closest[0].summary == 'email to a***@real.com "Your code is ****"'
    actual = [one.actual for one in shown.rows[0].closest[0].differs]
    assert actual == ["https://shop.example.test/confirm/***?***", "****", "4200"]


def test_files_are_written_and_a_job_summary_is_added_to(tmp_path: Path) -> None:
    names = ("junit", "summary", "json", "sarif", "gitlab", "step_summary")
    paths: dict[str, Any] = {name: tmp_path / name for name in names}
    outputs = Outputs(**paths)
    outputs.write(violated(), "expect.yaml")
    outputs.write(violated(), "expect.yaml")
    once = paths["summary"].read_text()
    assert paths["step_summary"].read_text() == once * 2
    assert json.loads(paths["json"].read_text()) == json.loads(json.dumps(violated().as_contract()))


def test_a_report_that_cannot_be_written_is_no_pass(tmp_path: Path) -> None:
    with pytest.raises(Unanswered, match="cannot be written: No such file"):
        Outputs(junit=tmp_path / "absent" / "junit.xml").write(violated(), None)
