"""The doctor's judgement: what was met and what is on record, as a verdict and a whole sentence."""

from typing import Any

import pytest

from soundstage.doctor_attempt import Attempt, Finding, Outcome, Way
from soundstage.doctor_judge import accepted, contained, exit_code, judge
from soundstage.doctor_report import hint, human, machine, planned, result

RECORDED = {"id": "0192-a", "left": False, "reason": "socket is denied by default"}
LEFT = RECORDED | {"left": True, "reason": "the opt-in x allows it"}
OURS = Outcome("ours", "HTTP/1.1 403 Forbidden", capture="0192-a", verdict="deny")
GREETED = Outcome("ours", "220 soundstage ESMTP Soundstage")


def attempt(way: Way = "tcp", host: str = "1.1.1.1", port: int = 443) -> Attempt:
    return Attempt(way, host, port, "sd1x1")


CASES = [
    pytest.param("tcp", Outcome("answered", "220 hi"), None, True, "open", "somebody who is not", id="an-answer"),
    pytest.param("tcp", Outcome("answered", "220 hi"), RECORDED, True, "open", "somebody", id="recorded-but-answered"),
    pytest.param("tcp", OURS, RECORDED, True, "captured", "Soundstage answered: HTTP/1.1 403", id="ours"),
    pytest.param("tcp", OURS, None, False, "captured", "Soundstage answered", id="ours-by-its-word"),
    pytest.param("tcp", OURS, None, True, "unknown", "0192-a is not on record", id="ours-but-lost"),
    pytest.param("tcp", OURS, LEFT, True, "open", "as having left: the opt-in x", id="recorded-as-left"),
    pytest.param("tcp", Outcome("ours", "", capture="c", verdict="allow"), None, False, "open", "opt-in", id="allowed"),
    pytest.param("tcp", Outcome("ours", "", capture="c", verdict="divert"), None, False, "open", "opt", id="diverted"),
    pytest.param("smtp", GREETED, None, True, "closed", "nothing to record", id="our-mail-server"),
    pytest.param("dns", Outcome("ours", "x", verdict="deny"), None, False, "captured", "answered: x", id="our-dns"),
    pytest.param("tcp", Outcome("kept", "ENETUNREACH"), None, True, "closed", "did not send it", id="no-route"),
    pytest.param("name", Outcome("unresolved", "n"), None, False, "closed", "not resolved", id="no-such-name"),
    pytest.param("udp", Outcome("turned_away", "e", "here"), None, False, "closed", "this machine", id="rejected-here"),
    pytest.param("udp", Outcome("turned_away", "e", "neighbour"), None, True, "closed", "next", id="at-the-next"),
    pytest.param("udp", Outcome("turned_away", "e", "beyond"), None, True, "open", "beyond", id="rejected-far-away"),
    pytest.param(
        "udp",
        Outcome("turned_away", "e", "beyond"),
        RECORDED,
        True,
        "captured",
        "on record",
        id="rejected-far-away-on-record",
    ),
    pytest.param("tcp", Outcome("turned_away", "RST"), None, True, "unknown", "by whom", id="reset-by-somebody"),
    pytest.param("tcp", Outcome("turned_away", "RST"), RECORDED, True, "captured", "on record", id="reset-on-record"),
    pytest.param("host", Outcome("turned_away", "RST"), None, True, "closed", "no service", id="no-such-service"),
    pytest.param("tcp", Outcome("connected", "cut"), None, True, "open", "nothing is on record", id="unrecorded"),
    pytest.param("tcp", Outcome("connected", "cut"), None, False, "unknown", "could not be", id="unasked"),
    pytest.param("tcp", Outcome("connected", "cut"), RECORDED, True, "captured", "by default", id="cut-on-record"),
    pytest.param("udp", Outcome("silent"), None, True, "unknown", "nothing is on record", id="dropped"),
    pytest.param("udp", Outcome("silent"), None, False, "unknown", "could not be asked", id="dropped-unasked"),
    pytest.param("udp", Outcome("silent"), RECORDED, True, "captured", "on record", id="dropped-on-record"),
]


@pytest.mark.parametrize(("way", "outcome", "recorded", "consulted", "verdict", "reason"), CASES)
def test_a_verdict_has_its_reason(
    way: Way, outcome: Outcome, recorded: dict[str, Any] | None, consulted: bool, verdict: str, reason: str
) -> None:
    found = judge(attempt(way), outcome, recorded, consulted=consulted)
    assert (found.verdict, found.id) == (verdict, f"{way}:1.1.1.1:443")
    assert reason in found.reason


def found(verdict: Any) -> Finding:
    return Finding(f"x:{verdict}", "what", verdict, "why")


@pytest.mark.parametrize(
    ("verdicts", "code", "told"),
    [
        pytest.param(("captured", "closed", "advice"), 0, "contained", id="sound"),
        pytest.param(("captured", "accepted"), 0, "contained", id="answered-for"),
        pytest.param(("captured", "open", "unknown"), 1, "open", id="open-whatever-else"),
        pytest.param(("captured", "unknown"), 2, "inconclusive", id="in-doubt"),
        pytest.param(("captured", "missing"), 1, "contained", id="contained-but-unread"),
        pytest.param(("closed", "advice"), 2, "inconclusive", id="nothing-met-soundstage"),
        pytest.param((), 2, "inconclusive", id="nothing-at-all"),
    ],
)
def test_the_exit_code(verdicts: tuple[str, ...], code: int, told: str) -> None:
    findings = [found(one) for one in verdicts]
    assert (exit_code(findings), result(findings), contained(findings)) == (code, told, told == "contained")
    shown = machine(findings, machine="m", consulted=False, seconds=1.23)
    assert (shown["exit"], shown["seconds"], len(shown["findings"])) == (code, 1.2, len(findings))


def test_what_somebody_answers_for_stays_visible() -> None:
    marked = accepted([found("open"), found("captured")], ["x:open", "x:captured", "y"])
    assert [(one.verdict, one.reason) for one in marked] == [("accepted", "accepted (open): why"), ("captured", "why")]


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (("open", "captured", "missing"), "There are ways round Soundstage: x:open. (1 open, 1 missing, 1 captured) 1"),
        (("captured",), "Nothing goes round Soundstage by any of the ways that were tried. (1 captured)"),
        (("unknown", "captured"), "It is not proved that nothing goes round Soundstage."),
        (("closed",), "No attempt met Soundstage"),
    ],
)
def test_the_table_ends_with_the_worst_and_what_it_comes_to(verdicts: tuple[str, ...], said: str) -> None:
    lines = human([found(one) for one in verdicts], consulted=False).splitlines()
    assert lines[-3].startswith(verdicts[0])
    assert lines[-1].startswith(said)


@pytest.mark.parametrize(("verdicts", "hinted"), [(("open", "captured"), True), (("captured",), False), ((), False)])
def test_where_something_is_open_it_says_what_contains(verdicts: tuple[str, ...], hinted: bool) -> None:
    assert ("soundstage run" in hint([found(one) for one in verdicts])) == hinted


def test_what_is_planned_is_listed_with_what_is_sent() -> None:
    assert "udp:1.1.1.1:443  one datagram" in planned([attempt("udp")])
