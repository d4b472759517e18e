"""Tables on a terminal. What was captured is hostile: control characters never reach the terminal as such."""

import re
from collections.abc import Iterable, Sequence

WIDEST = 48
"""Characters of a cell; the last column is never cut, because it is what people copy."""

_COMMAND = re.compile(r"##(?=[A-Za-z]*\[)")
"""Azure's `##vso[`, GitHub's `##[` and TeamCity's `##teamcity[` are commands wherever in a line they stand."""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Aligned columns under their heads."""
    lines = [tuple(heads), *(tuple(map(printable, row)) for row in rows)]
    last = len(heads) - 1
    cut = [[cell if at == last else _cut(cell) for at, cell in enumerate(line)] for line in lines]
    widths = [max(len(line[at]) for line in cut) for at in range(len(heads))]
    return "\n".join(_line(line, widths) for line in cut)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def printable(text: str) -> str:
    """The text with every character that a terminal, or a CI that reads a log, could obey written as an escape."""
    spelt = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return _COMMAND.sub(r"#\\x23", spelt)


def _cut(cell: str) -> str:
    return cell if len(cell) <= WIDEST else cell[: WIDEST - 1] + "…"
