"""The filters of pack expressions: total functions of JSON-shaped data.

A value that a filter cannot use gives null or is left as it is. `PREPARED` filters take one constant argument and are
made once, at load; the others are called with their arguments. Those that work on lists and objects live in
`expression_collections`.
"""

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

import jmespath
import re2
from jmespath.exceptions import JMESPathError

from policies.expression_collections import (
    aslist,
    compact,
    first,
    keys,
    last,
    maximum,
    minimum,
    omit,
    patched,
    pick,
    pluck,
    total,
    under,
    unique,
    values,
    where,
    without,
)
from policies.expression_values import LIMIT, TooLarge, encoded, joined, less, number, sayable, text
from policies.mail_fields import fields_ask, mail_asks, mail_beyond
from policies.request_json import integer, is_too_deep
from policies.whole_text import whole

ADDRESS = re2.compile(r"""[^\s,;:<>"'()\[\]@]+@[^\s,;:<>"'()\[\]@]+""")
QUIET = re2.Options()
QUIET.log_errors = False  # a bad pattern is told to its author, not to stderr
DIGITS_READ = 400
"""Digits of a number that are read; Python takes quadratic time for more."""


def to_int(value: Any, default: Any = None) -> Any:
    """A whole number out of a number or its decimal text, else `default`."""
    if type(value) is int or isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and len(value) > DIGITS_READ:
        return default
    try:
        return int(value) if isinstance(value, str) else int(to_float(value))
    except (ValueError, TypeError, OverflowError):
        try:
            return int(float(value)) if isinstance(value, str) else default
        except (ValueError, OverflowError):
            return default


def to_float(value: Any, default: Any = None) -> Any:
    try:
        return float(value) if isinstance(value, int | float | str) and len(str(value)) <= DIGITS_READ else default
    except (ValueError, OverflowError):
        return default


def lower(value: Any) -> Any:
    return text(value).lower()


def upper(value: Any) -> Any:
    return text(value).upper()


def trim(value: Any) -> Any:
    return text(value).strip()


def length(value: Any) -> int:
    return len(value) if isinstance(value, str | list | dict | tuple) else 0


def default(value: Any, other: Any = "", boolean: Any = False) -> Any:
    return other if value is None or (boolean and not value) else value


def join(value: Any, separator: Any = "") -> str:
    return joined([text(item) for item in aslist(value)], text(separator))


def split(value: Any, separator: Any = ",") -> list[str]:
    parts = text(value).split(text(separator) or ",")
    return [part.strip() for part in parts]


def replace(value: Any, old: Any, new: Any) -> str:
    whole, was, put = text(value), text(old), text(new)
    if not was:
        return whole
    grown = len(whole) + whole.count(was) * (len(put) - len(was))
    if grown > LIMIT:
        raise TooLarge(f"replacing would make a text of {grown} characters; at most {LIMIT} are made")
    return whole.replace(was, put)


def addrs(value: Any) -> list[str]:
    """Every mail address in a text or a list of texts, in order, each once."""
    found: dict[str, None] = {}
    for item in aslist(value):
        if isinstance(item, str):
            found.update(dict.fromkeys(ADDRESS.findall(whole(item))))
    return list(found)


def b64d(value: Any) -> str | None:
    """The text that base64 (either alphabet, padded or not) stands for; octets that are no UTF-8 are replaced."""
    compacted = "".join(text(value).split()).replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(compacted + "=" * (-len(compacted) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None


def b64e(value: Any) -> str:
    return base64.b64encode(text(value).encode("utf-8", "replace")).decode("ascii")


def fromjson(value: Any) -> Any:
    """What a text says as JSON, nested as deep as a body may be; null for what is none."""
    if not isinstance(value, str):
        return value
    try:
        return None if is_too_deep(value.encode("utf-8", "surrogatepass")) else json.loads(value, parse_int=integer)
    except (ValueError, RecursionError):
        return None


def truncate(value: Any, size: Any = 200) -> Any:
    whole = text(value)
    return whole[:size] if type(size) is int and less(0, size) else whole


def urlquote(value: Any) -> str:
    return quote(text(value), safe="", errors="replace")


def urlunquote(value: Any) -> str:
    return unquote(text(value))


FILTERS: dict[str, Callable[..., Any]] = {
    "int": to_int, "float": to_float, "string": text, "lower": lower, "upper": upper, "trim": trim,
    "length": length, "count": length, "default": default, "d": default, "first": first, "last": last, "join": join,
    "split": split, "replace": replace, "aslist": aslist, "list": aslist, "addrs": addrs, "pluck": pluck,
    "unique": unique, "compact": compact, "keys": keys, "values": values, "b64d": b64d, "b64e": b64e,
    "fromjson": fromjson, "tojson": encoded, "under": under,
    "mail_beyond": mail_beyond, "mail_asks": mail_asks, "fields_ask": fields_ask,
    "where": where, "without": without, "pick": pick, "omit": omit, "patched": patched,
    "sum": total, "min": minimum, "max": maximum, "truncate": truncate, "urlquote": urlquote,
    "urlunquote": urlunquote,
}  # fmt: skip


def _jmes(query: str) -> Callable[[Any], Any]:
    compiled = jmespath.compile(query)

    def search(value: Any) -> Any:
        try:
            return sayable(compiled.search(value))
        except (JMESPathError, RecursionError, TypeError, ValueError, OverflowError):
            return None

    return search


def _match(pattern: str) -> Callable[[Any], Any]:
    """The first match's group 1 (or the whole match), else null. RE2, so linear in the text."""
    compiled = re2.compile(pattern, QUIET)

    def found(value: Any) -> Any:
        match = compiled.search(whole(text(value)))
        return None if match is None else match.group(1 if compiled.groups else 0)

    return found


PREPARED: dict[str, Callable[[str], Callable[[Any], Any]]] = {"jmes": _jmes, "match": _match}

TESTS: dict[str, Callable[..., bool]] = {
    "none": lambda value: value is None,
    "null": lambda value: value is None,
    "defined": lambda value: value is not None,
    "undefined": lambda value: value is None,
    "string": lambda value: isinstance(value, str),
    "number": number,
    "boolean": lambda value: isinstance(value, bool),
    "mapping": lambda value: isinstance(value, dict),
    "sequence": lambda value: isinstance(value, list | tuple),
    "startswith": lambda value, start: text(value).startswith(text(start)),
    "endswith": lambda value, end: text(value).endswith(text(end)),
}
