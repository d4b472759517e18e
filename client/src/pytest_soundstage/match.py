"""Match: what a test expects of a capture, by keyword. Pure: it reads the JSON of a capture and asks nobody.

Keywords are `to`, `sender`, `subject`, `host`, `amount`, ... (KEYS), `facts__NAME` for any other fact, and
`json={path: value}`, `form={field: value}` and `headers={name: value}` for what is inside. An unknown keyword is
refused: ignored, it would let everything pass.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from pytest_soundstage.value import at_path, fits, shown

Shown = Mapping[str, Any]
"""A capture as the API shows it, in a list or alone."""


class Difference(NamedTuple):
    """One keyword that does not fit."""

    key: str
    expected: Any
    actual: Any

    def __str__(self) -> str:
        return f"{self.key}: expected {shown(self.expected)}, was {shown(self.actual)}"


def _recipients(capture: Shown) -> Any:
    facts = capture["facts"]
    return facts.get("to") or facts.get("recipient")


def _words(capture: Shown) -> Any:
    """What it says to its reader: of a mail its text part, of a text or push message its text."""
    return capture.get("text") or capture["facts"].get("text") or capture.get("body")


def _of_facts(name: str) -> Callable[[Shown], Any]:
    return lambda capture: capture["facts"].get(name)


def _of_target(name: str) -> Callable[[Shown], Any]:
    return lambda capture: capture["target"].get(name)


def _of_capture(name: str) -> Callable[[Shown], Any]:
    return lambda capture: capture.get(name)


def _names_of_attachments(capture: Shown) -> Any:
    return [one["filename"] for one in capture.get("attachments") or ()]


FACTS = ("subject", "amount", "currency", "bucket", "key", "message_id", "idempotency_key", "template", "name", "what")
KEYS: dict[str, Callable[[Shown], Any]] = {
    "to": _recipients,
    "sender": _of_facts("from"),
    "from_": _of_facts("from"),
    **{name: _of_facts(name) for name in FACTS},
    **{name: _of_target(name) for name in ("scheme", "host", "port", "method", "path")},
    **{name: _of_capture(name) for name in ("channel", "intent", "provider", "operation", "protocol", "source")},
    **{name: _of_capture(name) for name in ("verdict", "rule", "left", "html", "body")},
    "flag": _of_capture("flags"),
    "text": _words,
    "link": _of_capture("links"),
    "code": _of_capture("codes"),
    "attachment": _names_of_attachments,
}
INSIDE = ("json", "form", "headers")
"""Keywords whose value is itself a mapping, of what to where."""
IN_DETAIL = frozenset({"text", "html", "body", "link", "code", "attachment", *INSIDE})
"""Keywords that need a capture's detail, which lists do not carry."""
WORDS: dict[str, tuple[Any, ...]] = {
    "channel": (
        *("email", "sms", "push", "payment", "webhook", "chat"),
        *("storage", "queue", "schedule", "dns", "web", "socket"),
    ),
    "intent": ("read", "write", "auth", "connect"),
    "verdict": ("allow", "divert", "capture", "deny"),
    "left": (True, False),
}
"""Keywords with few values: another one would never fit, and `none(verdict="captured")` hold whatever happens."""
FOLDED = frozenset({"to", "sender", "from_", "host", "method"})


class Match:
    """Expectations of one capture. TypeError for a keyword that nothing can have."""

    def __init__(self, expected: Mapping[str, Any]) -> None:
        for key, value in expected.items():
            _check(key, value)
        self.expected = dict(expected)
        self.needs_detail = bool(IN_DETAIL & set(expected))

    def perhaps(self, capture: Shown) -> bool:
        """Whether all that can be judged without detail fits."""
        return not any(True for one in self._differences(capture) if one.key.partition(" ")[0] not in IN_DETAIL)

    def fits(self, capture: Shown) -> bool:
        return not any(True for _ in self._differences(capture))

    def differences(self, capture: Shown) -> list[Difference]:
        return list(self._differences(capture))

    def distance(self, capture: Shown) -> float:
        """How far a capture is from this: a keyword that differs counts more the less it resembles."""
        return sum(1 - 0.5 * _likeness(one) for one in self._differences(capture))

    def __str__(self) -> str:
        return ", ".join(f"{key}={shown(value)}" for key, value in self.expected.items())

    def _differences(self, capture: Shown) -> Iterator[Difference]:
        for key, expected in self.expected.items():
            if key in INSIDE:
                yield from _inside(key, expected, capture)
            else:
                actual = _value(key, capture)
                if not fits(expected, actual, fold=key in FOLDED):
                    yield Difference(key, expected, actual)


def _value(key: str, capture: Shown) -> Any:
    if key.startswith("facts__"):
        return capture["facts"].get(key[len("facts__") :])
    return KEYS[key](capture)


def _inside(key: str, expected: Mapping[str, Any], capture: Shown) -> Iterator[Difference]:
    look = {"json": _json_of, "form": _form_of, "headers": _headers_of}[key](capture)
    for name, value in expected.items():
        actual = look(name)
        if not fits(value, actual):
            yield Difference(f"{key} {name}", value, actual)


def _json_of(capture: Shown) -> Callable[[str], Any]:
    document = body_json(capture)
    return lambda path: at_path(path, document)


def body_json(capture: Shown) -> Any:
    """The body as JSON, None where it is none."""
    try:
        return json.loads(capture.get("body") or "")
    except ValueError:
        return None


def _form_of(capture: Shown) -> Callable[[str], Any]:
    fields = parse_qs(capture.get("body") or "", keep_blank_values=True)
    return fields.get


def _headers_of(capture: Shown) -> Callable[[str], Any]:
    pairs = [(name.lower(), value) for name, value in capture.get("headers") or ()]
    return lambda name: [value for field, value in pairs if field == name.lower()] or None


def _check(key: str, value: Any) -> None:
    if key in INSIDE and not isinstance(value, Mapping):
        raise TypeError(f"{key}={shown(value)} has to be a mapping, such as {key}={{'name': 'value'}}")
    if key == "json":
        for path in value:
            at_path(path, None)
    if key in WORDS and not any(fits(value, word) for word in WORDS[key]):
        allowed = ", ".join(map(repr, WORDS[key]))
        raise TypeError(f"{key}={shown(value)} is nothing that a capture can have; it is one of {allowed}")
    if key in KEYS or key in INSIDE or (key.startswith("facts__") and key != "facts__"):
        return
    close = difflib.get_close_matches(key, [*KEYS, *INSIDE], n=1)
    hint = f"did you mean {close[0]}?" if close else f"a fact of that name is facts__{key}"
    raise TypeError(f"a capture has no {key!r} to match; {hint}")


def _likeness(one: Difference) -> float:
    if one.actual is None:
        return 0.0
    return difflib.SequenceMatcher(None, str(one.expected)[:200], str(one.actual)[:200]).ratio()
