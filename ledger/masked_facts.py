"""MaskedFacts: what is shown and searched of a capture, without credentials that an extraction picked up."""

from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from ledger.mask_plan import NAMES_REMEMBERED, MaskPlan
from ledger.secret_hints import OURS_HINT
from ledger.secret_patterns import OURS, Mark, without_cards, without_keys, without_ours
from ledger.story import json_of

WORDS = frozenset(("subject", "preview", "text", "title", "body"))
"""What a message says to its reader."""
SAID = WORDS | {"to", "from", "message_id"}
"""That and to whom: kept as it is, but for a run's own token and what was a key elsewhere in its request."""

_DEEPEST = 32
_WHOLE = 2**63


def facts_told(facts: Mapping[str, Any], plan: MaskPlan) -> str | None:
    """The facts as JSON where none is a credential by its name; None where one is, or has to be looked into for itself.

    What the texts among them say is not looked at.
    """
    told, starts = [], plan.fact_starts
    for name, value in facts.items():
        start = starts.get(name) or _start(name, plan)
        kind = type(value)
        if not start:
            return None
        if kind is str:
            told.append(start + encode_basestring(value))
        elif kind is int and -_WHOLE < value < _WHOLE:
            told.append(f"{start}{value}")
        elif value is None or isinstance(value, (int, float)) or name in SAID:
            try:
                told.append(start + to_json(value).decode())
            except (PydanticSerializationError, UnicodeEncodeError):
                return None
        else:
            return None
    return f"{{{','.join(told)}}}"


def _start(name: str, plan: MaskPlan) -> str:
    """How a fact is told, up to its value; empty for one whose name is a credential's."""
    if name not in SAID and plan.fact(name) is not None:
        return ""
    start = f"{json_of(name)}:"
    if len(plan.fact_starts) < NAMES_REMEMBERED:
        plan.fact_starts[name] = start
    return start


def masked_facts(facts: dict[str, Any], plan: MaskPlan, mark: Mark) -> dict[str, Any]:
    """The same facts; the same object where nothing was removed."""
    facts = _said(facts, mark)
    if not may_hold_secrets(facts, plan):
        return facts
    masking = _Masking(plan, mark)
    shown = {name: value if name in SAID else masking.value(name, value, 0) for name, value in facts.items()}
    return shown if masking.removed else facts


def may_hold_secrets(facts: Mapping[str, Any], plan: MaskPlan) -> bool:
    """False only where no fact's name and no text in it would be masked: told by one search over all texts."""
    texts: list[str] = []
    for name, value in facts.items():
        if name in SAID:
            continue
        if isinstance(value, str):
            if value and plan.fact(name) is not None:
                return True
            texts.append(value)
        elif isinstance(value, (Mapping, list, tuple)):
            return True
    if not texts:
        return False
    # A line feed is no part of a key or a number, and the start and end of a word to both.
    return plan.is_key_in("\n".join(texts).encode("utf-8", "surrogatepass"))


def _said(facts: dict[str, Any], mark: Mark) -> dict[str, Any]:
    told = "\n".join([value for name, value in facts.items() if name in SAID and isinstance(value, str)])
    if not told or not _is_ours_in(told.encode("utf-8", "surrogatepass")):
        return facts
    return {
        name: without_ours(value.encode("utf-8", "surrogatepass"), mark).decode("utf-8", "surrogatepass")
        if name in SAID and isinstance(value, str)
        else value
        for name, value in facts.items()
    }


def _is_ours_in(octets: bytes) -> bool:
    return OURS_HINT.possible(octets) and OURS.search(octets) is not None


class _Masking:
    """One walk through the facts."""

    def __init__(self, plan: MaskPlan, mark: Mark) -> None:
        self._plan = plan
        self._mark = mark
        self.removed = False

    def value(self, name: str, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self._text(name, value)
        if depth > _DEEPEST:
            return None
        if isinstance(value, Mapping):
            return {key: self.value(str(key), inner, depth + 1) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(name, inner, depth + 1) for inner in value]
        return value

    def _text(self, name: str, value: str) -> str:
        if not value:
            return value
        octets = value.encode("utf-8", "surrogatepass")
        label = self._plan.fact(name)
        if label is not None:
            self.removed = True
            return self._mark(label, octets).decode()
        if not self._plan.is_key_in(octets):
            return value
        shown, _ = without_keys(octets, self._mark)
        shown, _ = without_cards(shown, self._mark)
        self.removed = self.removed or shown != octets
        return shown.decode("utf-8", "surrogatepass")
