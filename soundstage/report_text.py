"""The report for people at a terminal: a line for each row, and below what failed what differs, as a diff shows it."""

from collections.abc import Iterator

from policies.verification_result import Closest, Result, RowResult
from policies.verification_summary import numbered
from soundstage.table import printable

_SIGNS = {"held": "ok", "failed": "FAIL", "inconclusive": "??"}
_COLOURS = {"held": 32, "failed": 31, "inconclusive": 33, "clean": 32, "violated": 31}
_QUIET = frozenset({"unattributed", "contained", "path", "real_side_effects"})
"""Kinds that are not told where they hold: everybody expects it of them."""


def text_report(result: Result, *, file: str | None = None, colour: bool = False) -> str:
    """Lines without control characters, whatever was captured. `file`: of the expectations."""
    told = [row for row in result.rows if row.outcome != "held" or row.kind not in _QUIET]
    width = min(max((len(row.name) for row in told), default=0), 60)
    lines = [line for row in told for line in _row(row, width, file, colour)]
    judged = result.counts.get("judged", 0)
    verdict = _painted(result.verdict, result.verdict, colour)
    inside = result.counts.get("children", 0)
    also = f" and the {inside} inside it" if inside else ""
    return "\n".join([*lines, f"{verdict}: run {printable(result.run)}{also}, {numbered(judged, 'capture')} judged"])


def _row(row: RowResult, width: int, file: str | None, colour: bool) -> Iterator[str]:
    place = f"  ({file}:{row.line})" if row.outcome != "held" and row.line is not None and file else ""
    sign = _painted(_SIGNS[row.outcome].ljust(4), row.outcome, colour)
    yield f"{sign}  {printable(row.name).ljust(width)}  {printable(row.reason)}{printable(place)}"
    if row.outcome == "held":
        return
    if row.expected:
        yield f"      expected: {printable(row.expected)}"
    for one in row.closest:
        yield from _closest(one, colour)


def _closest(one: Closest, colour: bool) -> Iterator[str]:
    yield f"      captured: {printable(one.summary)}  {printable(one.id)}"
    for differs in one.differs:
        yield _painted(f"        - {printable(f'{differs.field}: {differs.expected}')}", "failed", colour)
        actual = "(absent)" if differs.actual is None else differs.actual
        yield _painted(f"        + {printable(f'{differs.field}: {actual}')}", "held", colour)


def _painted(text: str, what: str, colour: bool) -> str:
    return f"\x1b[{_COLOURS.get(what, 33)}m{text}\x1b[0m" if colour else text
