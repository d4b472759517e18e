"""Request JSON: a body in JSON, read as strictly as a judgement needs it. What says that it is JSON: `request_view`."""

import json
from typing import Any

DEEPEST = 100
"""How deep JSON may be nested; deeper is no request of any provider, and recursion is not spent on it."""


LONGEST_INTEGER = 4_000
"""Characters of a whole number; of longer ones not everything that reads JSON here can say what they are."""


class _Twice(Exception):
    """An object gives a name twice."""


def read_json(body: bytes, faults: list[str]) -> Any:
    """What a body says; into `faults` goes each object with a name given twice. Raises ValueError, RecursionError.

    Of such a name different servers read different values: what it says of recipients is no evidence.
    """
    # What begins so is UTF-8 for `json.loads` too, whose look at the octets costs more than reading a short body does.
    if len(body) < 2 or body[0] not in b"{[" or not body[1]:
        return _told(body, faults)
    text = body.decode("utf-8", "surrogatepass")
    decoder = _DECODER if len(text) <= LONGEST_INTEGER else _DECODER_OF_LONG
    try:
        value, end = decoder.raw_decode(text)
    except _Twice:
        return _told(body, faults)
    return value if end == len(text) else _told(body, faults)


def is_too_deep(body: bytes) -> bool:
    """Whether JSON is nested deeper than `DEEPEST`."""
    return body.count(b"[") + body.count(b"{") > DEEPEST and _depth(body) > DEEPEST


def _depth(body: bytes) -> int:
    """The deepest nesting of brackets outside strings."""
    depth = deepest = 0
    inside = escaped = False
    for octet in body:
        if inside:
            escaped, inside = octet == 0x5C and not escaped, octet != 0x22 or escaped
        elif octet == 0x22:
            inside = True
        elif octet in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif octet in b"]}":
            depth -= 1
    return deepest


def _told(body: bytes, faults: list[str]) -> Any:
    """The same of any body, and with every fault told."""

    def read(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            faults.append("a JSON object with a name given twice")
        return made

    return json.loads(body, object_pairs_hook=read, parse_constant=_refused, parse_int=integer)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Twice
    return made


def integer(digits: str) -> int:
    """A whole number of JSON. Raises ValueError for one that is longer than `LONGEST_INTEGER`."""
    if len(digits) > LONGEST_INTEGER:
        raise ValueError(f"{digits[:20]}... is a number of {len(digits)} characters, not {LONGEST_INTEGER} at most")
    return int(digits)


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_once_each, parse_constant=_refused)
"""Made once, for making one costs as much as reading a short body does."""
_DECODER_OF_LONG = json.JSONDecoder(object_pairs_hook=_once_each, parse_constant=_refused, parse_int=integer)
"""The same of what may hold too long a number, and slower."""
