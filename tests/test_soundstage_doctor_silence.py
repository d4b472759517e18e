"""What the doctor makes of silence, where a report from outside or Soundstage's own address explains it."""

import json
from pathlib import Path
from typing import Any

import pytest

from soundstage.doctor_attempt import Attempt, Finding, Outcome, Way
from soundstage.doctor_judge import exit_code, judge, noted
from soundstage.doctor_report import sentence
from soundstage.doctor_silence import heard, outside_report, soundstages_addresses
from soundstage.trouble import ConfigError

SILENT = Outcome("silent", address="1.1.1.1")


def outside(verdict: Any, met: Any) -> Finding:
    return Finding("tcp:1.1.1.1:443", "what", verdict, "why", None, met)


def told(way: Way, outcome: Outcome, said: Finding | None, host: str = "1.1.1.1") -> Finding:
    """The last of two attempts: the first shows that names lead to 10.96.0.53."""
    ours = Outcome("ours", "403", capture="c", verdict="deny", address="10.96.0.53")
    tried = [(Attempt("name", "", 80, "sdx1"), ours), (Attempt(way, host, 443, "sdx2"), outcome)]
    judged = [judge(attempt, met, None, consulted=False) for attempt, met in tried]
    return heard(tried, judged, {} if said is None else {tried[1][0].id: said})[1]


@pytest.mark.parametrize(
    ("way", "outcome", "said", "verdict"),
    [
        pytest.param("tcp", SILENT, None, "unknown", id="nobody-looked-outside"),
        pytest.param("tcp", SILENT, outside("open", "answered"), "dropped", id="answered-outside"),
        pytest.param("udp", SILENT, outside("open", "turned_away"), "dropped", id="turned-away-far-outside"),
        pytest.param("tcp", SILENT, outside("unknown", "turned_away"), "dropped", id="a-reset-outside"),
        pytest.param("tcp", SILENT, outside("unknown", "connected"), "dropped", id="a-connection-outside"),
        pytest.param("tcp", SILENT, outside("unknown", "silent"), "unknown", id="silent-outside-too"),
        pytest.param("tcp", SILENT, outside("closed", "kept"), "unknown", id="not-sent-outside"),
        pytest.param("tcp", SILENT, outside("closed", "turned_away"), "unknown", id="held-outside-too"),
        pytest.param("tcp", SILENT, outside("captured", "ours"), "unknown", id="captured-outside"),
        pytest.param("host", SILENT, outside("unknown", "silent"), "closed", id="nobody-at-that-place"),
        pytest.param("metadata", SILENT, outside("closed", "turned_away"), "closed", id="no-metadata-anywhere"),
        pytest.param("metadata", SILENT, outside("open", "answered"), "dropped", id="metadata-outside-alone"),
        pytest.param("host", SILENT, outside("captured", "ours"), "unknown", id="soundstage-at-that-place"),
        pytest.param("tcp", Outcome("silent", "late"), outside("open", "answered"), "unknown", id="not-ended-in-time"),
        pytest.param("tcp", Outcome("connected"), outside("open", "answered"), "unknown", id="not-silent"),
        pytest.param("tcp", Outcome("answered", "hi"), outside("open", "answered"), "open", id="open-stays-open"),
        pytest.param("host", Outcome("silent", address="10.96.0.53"), None, "dropped", id="soundstages-own-address"),
    ],
)
def test_silence(way: Way, outcome: Outcome, said: Finding | None, verdict: str) -> None:
    assert told(way, outcome, said).verdict == verdict


def test_a_place_by_name_may_be_another_outside() -> None:
    found = told(
        "host", Outcome("silent", address="192.0.2.9"), outside("closed", "unresolved"), "host.docker.internal"
    )
    assert found.verdict == "unknown"


def test_an_address_is_soundstages_only_where_it_answered() -> None:
    tried = [
        (Attempt("name", "", 80, "a"), Outcome("answered", "hi", address="192.0.2.1")),
        (Attempt("tcp", "192.0.2.2", 80, "b"), Outcome("ours", capture="c", verdict="deny", address="192.0.2.2")),
        (Attempt("https", "", 443, "c"), Outcome("ours", capture="c", verdict="deny", address="192.0.2.3")),
    ]
    assert soundstages_addresses(tried) == {"192.0.2.3"}


def test_what_is_dropped_is_no_hole_and_proves_no_run() -> None:
    findings = [Finding("a", "what", "captured", "why"), Finding("b", "what", "dropped", "why")]
    assert exit_code(findings) == 0
    assert not noted(findings)
    assert noted(findings[:1])
    assert not noted([*findings[:1], Finding("c", "what", "unknown", "why")])
    assert sentence(findings, consulted=True) == (
        "Nothing goes round Soundstage by any of the ways that were tried. (1 dropped, 1 captured) "
        "Nobody has 1 of them on record."
    )


def test_a_report_from_outside_is_read(tmp_path: Path) -> None:
    file = tmp_path / "outside.json"
    file.write_text(json.dumps({"findings": [outside("open", "answered").shown()]}))
    assert outside_report(file)["tcp:1.1.1.1:443"].met == "answered"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(None, "cannot be read: No such file", id="missing"),
        pytest.param("verdict  attempt", "is no report of the doctor's", id="the-table"),
        pytest.param("[]", "is no report of the doctor's", id="a-list"),
        pytest.param('{"findings": [{"id": "x"}]}', "is no report of the doctor's", id="half-a-finding"),
        pytest.param('{"findings": []}', "nothing in it is open", id="empty"),
    ],
)
def test_no_report_from_outside(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "outside.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        outside_report(file)
