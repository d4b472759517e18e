"""What expressions compute with: operators that never raise on data, and never grow it without bound.

Here live the operators; filters live in `expression_filters`. Data is JSON-shaped: nothing else can be reached from it.
"""

import json
import math
import operator
from collections.abc import Callable
from typing import Any

LIMIT = 32 * 1024 * 1024
"""Characters one expression may make: a request holds at most a quarter of it, so only a hostile one comes near."""


LONGEST_NUMBER = 14_000
"""Bits of a whole number that is computed: Python prints and reads no more than 4,300 digits."""


class TooLarge(Exception):
    """An expression would have made more than `LIMIT` characters out of one request."""


def get(value: Any, key: Any) -> Any:
    """`value.key` and `value[key]`: always the key, never an attribute; null where there is none."""
    if type(value) is dict:
        return value.get(key) if type(key) is str else None
    if type(key) is int and isinstance(value, list | tuple | str):
        return value[key] if -len(value) <= key < len(value) else None
    return None


def piece(value: Any, start: Any, stop: Any, step: Any) -> Any:
    """`value[start:stop:step]` of a text or a list, else null."""
    if not isinstance(value, list | str) or step == 0:
        return None
    if any(bound is not None and type(bound) is not int for bound in (start, stop, step)):
        return None
    return value[start:stop:step]


def text(value: Any) -> str:
    """What a value reads as inside a longer text: null is empty, truth is `true`, structures are JSON."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, dict | list | tuple):
        return encoded(value)
    try:
        return str(value)
    except ValueError:  # an integer of more digits than Python prints
        return ""


def joined(parts: list[str], separator: str = "") -> str:
    size = sum(map(len, parts)) + len(separator) * len(parts)
    if size > LIMIT:
        raise TooLarge(f"an expression would make a text of {size} characters; at most {LIMIT} are made")
    return separator.join(parts)


def encoded(value: Any) -> str:
    """Compact JSON in ASCII, so that no lone surrogate of a client's can break the answer."""
    try:
        return _ENCODER.encode(value)
    except ValueError:  # infinities
        return _ENCODER.encode(finite(value))


_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)


def finite(value: Any) -> Any:
    """`value` with null for infinities, which JSON cannot say, and for whole numbers that are too long for it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if type(value) is int:
        return sayable(value)
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def number(value: Any) -> bool:
    return type(value) is int or type(value) is float


def add(left: Any, right: Any) -> Any:
    """Numbers, texts and lists add to their own kind; null beside a list or text adds nothing."""
    if number(left) and number(right):
        return _calculated(operator.add, left, right)
    if isinstance(left, str) and isinstance(right, str):
        return joined([left, right])
    if isinstance(left, list | None) and isinstance(right, list | None):
        return None if left is None and right is None else [*(left or ()), *(right or ())]
    return None


def subtract(left: Any, right: Any) -> Any:
    return _calculated(operator.sub, left, right)


def multiply(left: Any, right: Any) -> Any:
    """Numbers only: a text or list is never repeated."""
    return _calculated(operator.mul, left, right)


def divide(left: Any, right: Any) -> Any:
    return _calculated(operator.truediv, left, right)


def floor_divide(left: Any, right: Any) -> Any:
    return _calculated(operator.floordiv, left, right)


def modulo(left: Any, right: Any) -> Any:
    """Numbers only: `%` formats no text here."""
    return _calculated(operator.mod, left, right)


def _calculated(work: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """Null for what are no numbers, and where the result is none or could not be said."""
    if not (number(left) and number(right)):
        return None
    try:
        return sayable(work(left, right))
    except (ZeroDivisionError, OverflowError):
        return None


def sayable(made: Any) -> Any:
    """A value, but null for a whole number longer than `LONGEST_NUMBER`."""
    return None if type(made) is int and made.bit_length() > LONGEST_NUMBER else made


def negative(value: Any) -> Any:
    return -value if number(value) else None


def less(left: Any, right: Any) -> bool:
    """Numbers with numbers, texts with texts; anything else is not less."""
    if number(left) and number(right):
        return bool(left < right)
    return isinstance(left, str) and isinstance(right, str) and left < right


def contains(container: Any, item: Any) -> bool:
    if isinstance(container, str):
        return isinstance(item, str) and item in container
    if isinstance(container, dict):
        return isinstance(item, str) and item in container
    return isinstance(container, list | tuple) and item in container


def weight(value: Any, spent: int = 0) -> int:
    """About how many characters `value` would be as JSON, added to `spent`; raises TooLarge past `LIMIT`."""
    if isinstance(value, str):
        spent += len(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            spent = weight(item, spent + len(key))
    elif isinstance(value, list | tuple):
        for item in value:
            spent = weight(item, spent + 1)
    if spent > LIMIT:
        raise TooLarge(f"an answer would be larger than {LIMIT} characters")
    return spent + 8
