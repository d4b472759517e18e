"""Values that a test expects, compared with values that were captured. Pure.

A text is exact, or a glob where it holds `*`; a compiled pattern searches; a number compares as a number however it
was written; a callable is asked. A captured list fits if one of its members does; an expected list, if all of its
members are found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

COMMAND = re.compile(r"##(?=[A-Za-z]*\[)")
"""Azure's `##vso[`, GitHub's `##[`, TeamCity's `##teamcity[`."""


def fits(expected: Any, actual: Any, *, fold: bool = False) -> bool:
    """Whether a captured value is the expected one. `fold` ignores case, for addresses and host names."""
    if isinstance(expected, (list, tuple, set, frozenset)):
        return all(fits(one, actual, fold=fold) for one in expected)
    if isinstance(actual, (list, tuple)):
        return any(fits(expected, one, fold=fold) for one in actual)
    if actual is None or expected is None:
        return actual is expected
    if isinstance(expected, re.Pattern):
        return expected.search(str(actual)) is not None
    if isinstance(expected, str):
        return _text_fits(expected, str(actual), fold=fold)
    if callable(expected):
        return bool(expected(actual))
    return _plain_fits(expected, actual)


def _text_fits(expected: str, actual: str, *, fold: bool) -> bool:
    if fold:
        expected, actual = expected.casefold(), actual.casefold()
    if "*" not in expected:
        return expected == actual
    return re.fullmatch(".*".join(map(re.escape, expected.split("*"))), actual, re.DOTALL) is not None


def _plain_fits(expected: Any, actual: Any) -> bool:
    if isinstance(expected, bool) or isinstance(actual, bool):
        return type(expected) is type(actual) and bool(expected == actual)
    if isinstance(expected, (int, float, Decimal)):
        number = _number(actual)
        return number is not None and number == _number(expected)
    return bool(expected == actual)


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def shown(value: Any) -> str:
    """A value for a message: patterns as `/.../`, callables by name, long texts cut."""
    if isinstance(value, re.Pattern):
        return f"/{value.pattern}/"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(shown, value))}]"
    if callable(value):
        return f"<{getattr(value, '__name__', 'a callable')}>"
    text = harmless(repr(value))
    return text if len(text) <= 200 else f"{text[:200]}..."


def harmless(text: str) -> str:
    """A text for a log: what a terminal would obey is spelt, and so is what a CI obeys wherever in a line it stands."""
    spelt = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return COMMAND.sub(r"#\\x23", spelt)


def at_path(path: str, document: Any) -> Any:
    """What a JSON path of names and indexes leads to (`$.items[0].status`, `items[0].status`), None for nowhere.

    Raises TypeError for a path of another form.
    """
    below = path[1:] if path.startswith("$") else f".{path}"
    steps = re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", below)
    if not steps or below != "".join(f".{name}" if name else f"[{index}]" for name, index in steps):
        raise TypeError(f"{path!r} is no path of names and indexes, such as $.items[0].status")
    for name, index in steps:
        document = _below(document, name, index)
    return document


def _below(document: Any, name: str, index: str) -> Any:
    if name:
        return document.get(name) if isinstance(document, Mapping) else None
    number = int(index)
    return document[number] if isinstance(document, list) and number < len(document) else None
