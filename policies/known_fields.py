"""KnownFields: whether all that a request says is what its operation's pack knows, so that nobody unnamed is reached.

`BCC` beside `bcc`, `to[0]` beside `To`, a field nobody documents: some server reads it, and an opt-in for recipients
would let it out. Field names are compared as they are written, for nobody knows which spellings a server takes for one.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Protocol

from policies.request_view import RequestView

Fields = Mapping[str, Any]
"""By name what may stand below: more of the same, or None for anything."""
ANYTHING = "**"
_UNKNOWN: Fields = {"": None}
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LETTERS = re.compile(r"[^a-z]+")
_OF_PEOPLE = frozenset(
    {
        "to", "cc", "bcc", "recipient", "recipients", "destination", "destinations", "toaddress", "toaddresses",
        "ccaddress", "ccaddresses", "bccaddress", "bccaddresses", "tonumber", "tonumbers", "phonenumbers", "sendto",
    }
)  # fmt: skip
"""Names by which providers take whom to reach, as `_folded` has them."""


class Known(Protocol):
    """What an operation's pack says of the fields that its requests may have."""

    def is_all(self, view: RequestView) -> bool:
        """Whether the request has no other field."""
        ...


class KnownFields:
    """Of an operation whose pack lists its fields: one more is one too many."""

    def __init__(self, fields: Iterable[str], parameters: Iterable[str] = ()) -> None:
        """`fields` of the body: `a`, `a.b` within it or within each item of it, `a.**` for whatever is within.

        `parameters`: names in the query that name nobody. Without a body its other fields may be in the query.
        """
        self._fields = _tree(fields)
        self._parameters = frozenset(parameters)

    def is_all(self, view: RequestView) -> bool:
        """As Known."""
        data = view.data
        if not _is_read(view):
            return False
        query = view.query
        if query and not self._parameters.issuperset(query):
            beside = {name: value for name, value in query.items() if name not in self._parameters}
            if view.size or not _within(beside, self._fields, dotted=True):
                return False
        return _within(data, self._fields, dotted=data is view.form)


class KnownSpellings:
    """Of an operation whose pack lists no fields: none that it reads is there in another spelling, nor `bcc`."""

    def __init__(self, expressions: Iterable[str]) -> None:
        """Those by which its pack names whom it reaches."""
        self._exact = frozenset(word for source in expressions for word in _WORD.findall(source))
        self._folded = _OF_PEOPLE | {folded for word in self._exact if (folded := _folded(word))}

    def is_all(self, view: RequestView) -> bool:
        """As Known."""
        if not _is_read(view):
            return False
        if view.size and any(_folded(name) in self._folded for name in view.query):
            return False
        return self._as_known(view.query) and self._as_known(view.data)

    def _as_known(self, value: Any) -> bool:
        if isinstance(value, list):
            return all(self._as_known(item) for item in value)
        if not isinstance(value, dict):
            return True
        return all(
            (part in self._exact or _folded(part) not in self._folded) and self._as_known(item)
            for name, item in value.items()
            for part in name.split(".")
        )


def _is_read(view: RequestView) -> bool:
    """Whether a body, where there is one, was read here as others may."""
    return bool(not view.size or view.data or view.json is not None)


def _tree(fields: Iterable[str]) -> Fields:
    tree: dict[str, Any] = {}
    for field in fields:
        *above, last = field.split(".")
        at = tree
        for name in above[:-1] if last == ANYTHING else above:
            at = at.setdefault(name, {})
        if last == ANYTHING:
            at[above[-1]] = None
        else:
            at.setdefault(last, {})
    return tree


def _within(value: Any, fields: Fields, *, dotted: bool) -> bool:
    """Whether each name at each depth is known. `dotted`: a form's name may say several depths, as AWS Query does."""
    if type(value) is list:
        return all(_within(item, fields, dotted=dotted) for item in value)
    if type(value) is not dict:
        return True
    for name, item in value.items():
        below = fields.get(name, _UNKNOWN)
        if below is _UNKNOWN:
            below = _followed(name, fields) if dotted and "." in name else _UNKNOWN
        if below is _UNKNOWN:
            return False
        if below is not None and type(item) in _HOLDING and not _within(item, below, dotted=dotted):
            return False
    return True


_HOLDING = (dict, list)


def _followed(name: str, fields: Fields) -> Fields | None:
    at: Fields | None = fields
    for step in name.split("."):
        if at is None:
            return None
        at = at.get(step, _UNKNOWN)
    return at


@lru_cache(maxsize=1024)
def _folded(name: str) -> str:
    return _LETTERS.sub("", name.lower()) if len(name) <= 100 else ""
