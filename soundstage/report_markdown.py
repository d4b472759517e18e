"""The summary that a GitHub job shows, as Markdown. Nothing that was captured is taken for markup."""

import re

from policies.verification_result import Result, RowResult
from soundstage.report_lines import absent
from soundstage.table import printable

_MARKUP = re.compile(r"[^A-Za-z0-9 ,.:;/'\"]")
_HEADS = {"clean": "✅ clean", "violated": "❌ violated", "inconclusive": "⚠️ inconclusive"}
_SIGNS = {"held": "✅", "failed": "❌", "inconclusive": "⚠️"}


def markdown_report(result: Result, *, file: str | None = None) -> str:
    """A heading, a table of the rows, and what differs of those that failed."""
    lines = [f"### Soundstage: {_HEADS[result.verdict]}", "", f"Run {quoted(result.run)}"]
    lines[-1] += f", expectations {quoted(file)}" if file else ""
    lines += ["", "| | row | result |", "|---|---|---|"]
    lines += [f"| {_SIGNS[row.outcome]} | {quoted(row.name)} | {quoted(row.reason)} |" for row in result.rows]
    for row in result.rows:
        lines += _details(row)
    return "\n".join(lines) + "\n"


def _details(row: RowResult) -> list[str]:
    if row.outcome == "held" or not row.closest:
        return []
    lines = ["", f"**{quoted(row.name)}**", ""]
    lines += [f"expected {quoted(row.expected)}", ""] if row.expected else []
    for one in row.closest:
        lines.append(f"* {quoted(one.summary)}, capture {quoted(one.id)}")
        lines += [
            f"  * {quoted(differs.field)}: expected {quoted(differs.expected)}, found {quoted(absent(differs.actual))}"
            for differs in one.differs
        ]
    return lines


def quoted(text: str) -> str:
    """One line in which no character means anything but itself."""
    return _MARKUP.sub(_entity, printable(text))


def _entity(found: re.Match[str]) -> str:
    character = found.group()
    return character if ord(character) > 127 else f"&#{ord(character)};"
