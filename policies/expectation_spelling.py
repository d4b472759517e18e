"""Spelling: how a file writes the value of a field: exact text, `*`, `/regex/`, numbers, ranges, several, none.

What they are matched against comes from outside, so RE2 does it: no pattern makes it slow.
"""

import re
from typing import Any

import re2

from policies.expectation_value import (
    Absent,
    AnyOf,
    Exact,
    Exactly,
    Not,
    Number,
    Pattern,
    Range,
    Truth,
    Unlisted,
    Value,
)

LONGEST_PATTERN = 1000
MOST_ALTERNATIVES = 1000
_REGEX = re.compile(r"/(.+)/(i?)\Z", re.DOTALL)
_OTHER_FLAGS = re.compile(r"/.+/[gimsuxy]{1,3}\Z", re.DOTALL)


def read_value(written: object, *, folded: bool = False, slashes: bool = True) -> Value:
    """The value that YAML spells. `folded`: case does not count. `slashes`: `/x/` is a regular expression.

    Raises ValueError with what is wrong; what would be right.
    """
    if written is None:
        return Absent()
    if isinstance(written, bool):
        return Truth(written)
    if isinstance(written, int | float):
        return _number(written)
    if isinstance(written, str):
        return _text(written, folded=folded, slashes=slashes)
    if isinstance(written, list):
        return Exactly(_several(written, folded=folded, slashes=slashes))
    if isinstance(written, dict):
        return _described(written, folded=folded, slashes=slashes)
    raise ValueError(f"{written!r:.80} is no value; write a text, a number, or one such as {{any_of: [a, b]}}")


def _number(written: float) -> Number:
    if written != written or written in (float("inf"), float("-inf")):
        raise ValueError(f"{written!r} is no number that anything can be; write one such as 4200")
    return Number(written, str(written))


def _text(written: str, *, folded: bool, slashes: bool) -> Value:
    regex = _REGEX.match(written) if slashes else None
    if regex is not None:
        return regex_value(regex[1], folded=folded or regex[2] == "i", text=written)
    if slashes and _OTHER_FLAGS.match(written):
        right = "only /x/ and /x/i are; write {matches: expression}, or {exact: text} if it is one"
        raise ValueError(f"{written!r:.80} is no regular expression: {right}")
    if "*" in written:
        body = ".*".join(re2.escape(part) for part in written.split("*"))
        flags = "(?si)" if folded else "(?s)"
        return Pattern(written, _compiled(flags + body, written), whole=True)
    return Exact(written, folded)


def regex_value(pattern: str, *, folded: bool = False, text: str | None = None) -> Pattern:
    """A regular expression as RE2 reads it. Raises ValueError."""
    return Pattern(text or f"/{pattern}/", _compiled(("(?i)" if folded else "") + pattern, pattern), whole=False)


def _compiled(pattern: str, written: str) -> Any:
    if len(written) > LONGEST_PATTERN:
        raise ValueError(f"{written!r:.80} is longer than {LONGEST_PATTERN} characters; write a shorter pattern")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        what = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else error
        raise ValueError(f"{written!r:.80} is no regular expression that RE2 reads ({what}); write another") from error


def _several(written: object, *, folded: bool, slashes: bool) -> tuple[Value, ...]:
    if not isinstance(written, list) or not written:
        raise ValueError(f"{written!r:.80} is no list of values; write one such as [a, b]")
    if len(written) > MOST_ALTERNATIVES:
        raise ValueError(f"a list of {len(written)} values is longer than {MOST_ALTERNATIVES}; write a pattern")
    return tuple(read_value(item, folded=folded, slashes=slashes) for item in written)


def _described(written: dict[Any, Any], *, folded: bool, slashes: bool) -> Value:
    keys = set(written)
    if keys and keys <= {"min", "max"}:
        return read_range(written)
    if keys == {"any_of"}:
        return AnyOf(_several(written["any_of"], folded=folded, slashes=slashes))
    if keys == {"not"}:
        return Not(read_value(written["not"], folded=folded, slashes=slashes))
    if keys == {"unknown"}:
        return Unlisted(read_value(written["unknown"], folded=folded, slashes=slashes))
    if keys == {"exact"} and isinstance(written["exact"], str):
        return Exact(written["exact"], folded)
    if keys == {"matches"} and isinstance(written["matches"], str):
        return regex_value(written["matches"], folded=folded)
    raise ValueError(
        f"{written!r:.80} is no value; write one of {{min: 1, max: 9}}, {{any_of: [a, b]}}, {{not: a}}, "
        "{exact: text}, {matches: expression} or {unknown: name}"
    )


def read_range(written: dict[Any, Any]) -> Range:
    """`{min, max}`, one of them at least. Raises ValueError."""
    wrong = [number for number in written.values() if isinstance(number, bool) or not isinstance(number, int | float)]
    if wrong:
        raise ValueError(f"{wrong[0]!r:.80} is no number; write one such as {{min: 1, max: 3}}")
    least, most = written.get("min"), written.get("max")
    if least is not None and most is not None and least > most:
        raise ValueError(f"min {least} is more than max {most}; write the smaller one first")
    shown = [f"at least {least}"] if least is not None else []
    shown += [f"at most {most}"] if most is not None else []
    return Range(least, most, " and ".join(shown))
