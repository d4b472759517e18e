"""The text that all a pattern matches must contain: where it is missing, a look tells what a search would."""

import re

_STEP = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{[0-9,]*\}|.", re.DOTALL)
"""One step of a pattern's source: an escape, a class, a count, a sign or a character."""
_BEYOND_US = re.compile(r"\(\?(?!:)|\[:|\\[^dDwWsSbBAz\W_]")
"""Flags and names, classes within classes, quotations, and escapes that go on after their letter."""
_SIGNS = frozenset("?*+{}|().^$[]\\")


def literal_of(pattern: str) -> str:
    """The longest text that is in all that a RE2 pattern matches, as far as a look at its source tells; else ''.

    Only characters outside of groups and classes count, and of a pattern with alternatives none.
    """
    if _BEYOND_US.search(pattern):
        return ""
    runs, run, depth = [""], "", 0
    for step in _STEP.findall(pattern):
        if step == "|" and not depth:
            return ""
        depth += (step == "(") - (step == ")")
        character = "" if depth else _character(step)
        if character:
            run += character
            continue
        # What such a sign follows need not be there.
        runs.append(run[:-1] if step[0] in "?*{" else run)
        run = ""
    return max(*runs, run, key=len)


def _character(step: str) -> str:
    """What one step stands for by itself, or '' where that is more than one text or none."""
    if len(step) == 2 and step[0] == "\\":
        return "" if step[1].isalnum() else step[1]
    return "" if step in _SIGNS or len(step) > 1 else step
