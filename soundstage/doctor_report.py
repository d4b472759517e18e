"""The doctor's report: as a table with a sentence at its end, and as JSON, which the dashboard keeps."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from soundstage.doctor_attempt import WHAT, Attempt, Finding, Verdict
from soundstage.doctor_judge import contained, exit_code
from soundstage.table import printable, table

ORDER: tuple[Verdict, ...] = ("open", "missing", "unknown", "accepted", "advice", "dropped", "captured", "closed")
"""What somebody has to do something about comes first."""


def planned(attempts: Sequence[Attempt]) -> str:
    """What will be tried, as a table."""
    return table(("attempt", "what is sent"), [(one.id, WHAT[one.way]) for one in attempts])


def machine(findings: Sequence[Finding], *, machine: str, consulted: bool, seconds: float) -> dict[str, Any]:
    """For programs. `consulted`: whether the record was asked as well."""
    return {
        "result": result(findings),
        "exit": exit_code(findings),
        "machine": machine,
        "consulted": consulted,
        "seconds": round(seconds, 1),
        "counts": dict(Counter(one.verdict for one in findings)),
        "findings": [one.shown() for one in findings],
    }


def human(findings: Sequence[Finding], *, consulted: bool) -> str:
    """For people. What somebody has to look at is last, beside the sentence: a terminal shows a long table's end."""
    ordered = sorted(findings, key=lambda one: -ORDER.index(one.verdict))
    rows = [(one.verdict, one.id, one.reason) for one in ordered]
    return "\n".join([table(("verdict", "attempt", "why"), rows), "", sentence(findings, consulted=consulted)])


def result(findings: Sequence[Finding]) -> str:
    """`contained`, `open` or `inconclusive`; a missing CA does not make a network open."""
    if any(one.verdict == "open" for one in findings):
        return "open"
    return "contained" if contained(findings) else "inconclusive"


def hint(findings: Sequence[Finding]) -> str:
    """What to do about it, for people; empty where nothing is open."""
    if result(findings) != "open":
        return ""
    return "variables contain nothing: `soundstage run -- COMMAND` does, or a network whose only way out is Soundstage"


def sentence(findings: Sequence[Finding], *, consulted: bool) -> str:
    """What it comes to."""
    counts = Counter(one.verdict for one in findings)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in ORDER if counts[verdict])
    missing = f" {counts['missing']} programs do not trust its CA." if counts["missing"] else ""
    match result(findings):
        case "open":
            named = printable(", ".join(one.id for one in findings if one.verdict == "open")[:400])
            return f"There are ways round Soundstage: {named}. ({told}){missing}"
        case "contained":
            unseen = f" Nobody has {counts['dropped']} of them on record." if counts["dropped"] else ""
            return f"Nothing goes round Soundstage by any of the ways that were tried. ({told}){unseen}{missing}"
    if counts["unknown"]:
        asked = "" if consulted else " SOUNDSTAGE_URL and SOUNDSTAGE_TOKEN would let the record decide."
        return f"It is not proved that nothing goes round Soundstage. ({told}){missing}{asked}"
    return f"No attempt met Soundstage: nothing shows that it is up and that anything leads there. ({told}){missing}"
