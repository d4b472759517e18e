"""Workflow commands of GitHub: an annotation at the line of each row that did not hold. Nothing captured is obeyed."""

from policies.verification_result import Result, RowResult
from soundstage.report_lines import told
from soundstage.table import printable


def annotations(result: Result, *, file: str | None = None) -> list[str]:
    """`::error file=expect.yaml,line=6,title=welcome mail::...`, one line each."""
    return [_annotation(row, file) for row in result.rows if row.outcome != "held"]


def _annotation(row: RowResult, file: str | None) -> str:
    level = "error" if row.outcome == "failed" else "warning"
    place = {"file": file, "line": str(row.line)} if file and row.line is not None else {}
    properties = {**place, "title": f"soundstage: {row.name}"}
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {said}::{_data(told(row))}"


def _data(text: str) -> str:
    """A message: its line ends and percent signs are escaped, other control characters spelt."""
    lines = [printable(line).replace("%", "%25") for line in text.split("\n")]
    return "%0A".join(lines)


def _property(text: str) -> str:
    return printable(text).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
