"""The doctor's judgement: an attempt, what it met, and what is on record of it, as a verdict with its reason. Pure.

Only what is proved is called closed or captured. What may be one thing or the other is unknown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from soundstage.doctor_attempt import WHAT, Attempt, Finding, Outcome, Verdict

LEAVES = ("allow", "divert")
HERE = {"here": "this machine itself turned it away", "neighbour": "the next machine turned it away"}
Judged = tuple[Verdict, str]


def judge(attempt: Attempt, outcome: Outcome, recorded: Mapping[str, Any] | None, *, consulted: bool) -> Finding:
    """`recorded`: its capture as the API shows it, or None; `consulted`: whether the record was asked."""
    verdict, reason = _judged(attempt, outcome, recorded, consulted)
    capture = recorded["id"] if recorded is not None else outcome.capture
    return Finding(attempt.id, WHAT[attempt.way], verdict, reason, capture, outcome.met)


def _judged(attempt: Attempt, outcome: Outcome, recorded: Mapping[str, Any] | None, consulted: bool) -> Judged:
    if recorded is not None and recorded["left"]:
        return "open", f"it is on record as having left: {recorded['reason']}"
    if outcome.met == "answered":
        return "open", f"somebody who is not Soundstage answered: {outcome.detail}"
    if outcome.met == "ours":
        return _ours(outcome, recorded, consulted)
    if recorded is not None:
        return "captured", f"it is on record: {recorded['reason']}"
    return _unrecorded(attempt, outcome, consulted)


def _ours(outcome: Outcome, recorded: Mapping[str, Any] | None, consulted: bool) -> Judged:
    if outcome.verdict in LEAVES:
        return "open", f"Soundstage let it leave ({outcome.verdict}): an opt-in is in force for it"
    if consulted and recorded is None and outcome.capture is not None:
        return "unknown", f"Soundstage answered, but its capture {outcome.capture} is not on record"
    if recorded is None and outcome.capture is None and not outcome.verdict:
        return "closed", f"Soundstage answered, and there was nothing to record yet: {outcome.detail}"
    return "captured", f"Soundstage answered: {outcome.detail}"


def _unrecorded(attempt: Attempt, outcome: Outcome, consulted: bool) -> Judged:
    match outcome.met:
        case "kept":
            return "closed", f"this machine did not send it: {outcome.detail}"
        case "unresolved":
            return "closed", f"the name was not resolved, so nothing was sent: {outcome.detail}"
        case "turned_away":
            return _turned_away(attempt, outcome)
        case "connected":
            return _connected(outcome, consulted)
    asked = "and nothing is on record" if consulted else "and the record could not be asked"
    return "unknown", f"nothing came back, {asked}: it may be dropped on the way, or have arrived"


def _turned_away(attempt: Attempt, outcome: Outcome) -> Judged:
    if outcome.by == "beyond":
        return "open", f"it got beyond the next machine, and was turned away only there: {outcome.detail}"
    if outcome.by in HERE:
        return "closed", f"{HERE[outcome.by]}: {outcome.detail}"
    if attempt.way == "host":
        return "closed", f"no service answers there: {outcome.detail}"
    return "unknown", f"it was turned away, and by whom cannot be told: {outcome.detail}"


def _connected(outcome: Outcome, consulted: bool) -> Judged:
    if consulted:
        return "open", f"a connection was established and nothing is on record of it: {outcome.detail}"
    return "unknown", f"a connection was established, and the record could not be asked about it: {outcome.detail}"


def accepted(findings: Sequence[Finding], ids: Sequence[str]) -> list[Finding]:
    """The findings, those that somebody answers for marked as such; their reasons stay."""
    wanted = set(ids)
    marked: dict[Verdict, Verdict] = {"open": "accepted", "unknown": "accepted", "missing": "accepted"}
    return [
        replace(one, verdict=marked[one.verdict], reason=f"accepted ({one.verdict}): {one.reason}")
        if one.id in wanted and one.verdict in marked
        else one
        for one in findings
    ]


def contained(findings: Sequence[Finding]) -> bool:
    """Whether nothing is open or in doubt, and Soundstage was met at all."""
    verdicts = {one.verdict for one in findings}
    return not verdicts & {"open", "unknown"} and "captured" in verdicts


def noted(findings: Sequence[Finding]) -> bool:
    """Whether a run may be called contained: then every way that its programs may take ends on record, or here."""
    return exit_code(findings) == 0 and all(one.verdict != "dropped" for one in findings)


def exit_code(findings: Sequence[Finding]) -> int:
    """1: something is open, or not as it has to be. 2: something is in doubt, or Soundstage was not met. 0: neither."""
    if {one.verdict for one in findings} & {"open", "missing"}:
        return 1
    return 0 if contained(findings) else 2
