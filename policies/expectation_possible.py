"""Possible: which values a field can have at all. One that nothing can have is refused: in `never` it would pass."""

import contextlib
import difflib
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, get_args

from policies.decision import Verdict
from policies.effect import Intent
from policies.expectation_value import Absent, AnyOf, Exact, Exactly, Not, Pattern, Unlisted, Value, number_of
from policies.flag import FLAGS
from policies.host import BadName, canonical_host

Check = Callable[[Value], None]
"""Raises ValueError for a value, none of several, that the field can never have."""
FIDELITIES = ("shaped", "emulated", "generic", "refused", "real")
_PORT = re.compile(r"[^:]*:[0-9*]+\Z")


def check_possible(field: str, value: Value) -> None:
    """Raises ValueError where a value, or one of several, is none that the field can have; what would be right."""
    check = _CHECKS.get(field)
    if check is not None:
        for one in _each(value):
            if not isinstance(one, Absent):
                check(one)


def _each(value: Value) -> Iterator[Value]:
    if isinstance(value, AnyOf | Exactly):
        for one in value.values:
            yield from _each(one)
    elif isinstance(value, Not | Unlisted):
        yield from _each(value.value)
    else:
        yield value


def _one_of(words: Collection[Any]) -> Check:
    """Patterns too have to hold for one of them."""

    def check(value: Value) -> None:
        if any(value.holds(word) for word in words):
            return
        spelt = sorted(str(word).lower() if isinstance(word, bool) else word for word in words)
        right = difflib.get_close_matches(value.text, spelt, n=1, cutoff=0.7) or spelt
        raise ValueError(f"{value.text!r:.80} is nothing that it can be; write {' or '.join(right)}")

    return check


def _host(value: Value) -> None:
    text = value.text
    if isinstance(value, Pattern):
        if value.whole and ("/" in text or _PORT.match(text)):
            raise ValueError(f"{text!r:.80} is no pattern of hosts; write it without scheme, port and path")
        return
    if not isinstance(value, Exact):
        return
    if not text or "/" in text or (_PORT.match(text) and not text.endswith("*")):
        raise ValueError(f"{text!r:.80} is no host; write it without scheme, port and path, such as api.stripe.com")
    with contextlib.suppress(BadName):  # somebody may have asked for what is no name
        right = canonical_host(text)
        if right != text.lower():
            raise ValueError(f"{text!r:.80} is never so spelt; write {right}")


def _path(value: Value) -> None:
    text = value.text
    if isinstance(value, Exact) or (isinstance(value, Pattern) and value.whole):
        if not text.startswith(("/", "*")):
            raise ValueError(f"{text!r:.80} is no path; write one that begins with a slash, or with *")
        if "?" in text:
            raise ValueError(f"{text!r:.80} is more than a path; name the rest under query: {{name: value}}")


def _number(value: Value) -> None:
    if isinstance(value, Exact) and number_of(value.text) is None:
        raise ValueError(f"{value.text!r:.80} is no number; write one such as 443, or {{min: 200, max: 299}}")


def _scheme(value: Value) -> None:
    if isinstance(value, Exact) and not value.text.isalnum():
        raise ValueError(f"{value.text!r:.80} is no scheme; write one such as https")


_CHECKS: dict[str, Check] = {
    "verdict": _one_of(get_args(Verdict)),
    "intent": _one_of(get_args(Intent)),
    "fidelity": _one_of(FIDELITIES),
    "flag": _one_of(FLAGS),
    "left": _one_of((True, False)),
    "host": _host,
    "path": _path,
    "port": _number,
    "answer": _number,
    "scheme": _scheme,
}
