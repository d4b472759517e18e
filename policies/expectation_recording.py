"""Recording: a first file of expectations from what a run did. What changes from run to run becomes a star."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from policies.expectation_field import BY_CHANNEL
from policies.verification_tally import is_effect_of_its_own

_CHANGING = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"  # a UUID
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+Z?)?"  # a day, or a moment
    r"|(?:[a-z]{2,4}_)[A-Za-z0-9]{8,}"  # an id as providers make them
    r"|(?=[A-Za-z0-9_-]{12,})(?=[A-Za-z0-9_-]*[0-9])(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9_-]{12,}"  # a token
    r"|\b[0-9]{3,}\b"  # an order's number, a code
)
_KEPT_FACTS: Mapping[str, tuple[str, ...]] = {
    "email": ("to", "subject"),
    "sms": ("to",),
    "push": ("to", "subject"),
    "chat": ("to",),
    "payment": ("amount", "currency"),
    "storage": ("bucket", "key"),
    "queue": ("recipient",),
    "schedule": ("recipient",),
}
_GENERAL = frozenset({"subject", "key", "recipient", "path"})
"""Fields in which what changes is made a star; amounts, currencies and whom it reaches stay."""
LONGEST = 200
"""Characters of a text with stars; the rest of it is one more star."""
MOST_RECIPIENTS = 100
_HEAD = """\
# Written from what the run {run} did. Read it, and keep what ought to happen.
version: 1
real_side_effects: {real}
contained: {contained}
"""


def recorded_file(run_id: str, contained: str, captures: Iterable[Mapping[str, Any]]) -> str:
    """The text of a file by which the same run is clean: its effects as rows, alike ones as one row with a count."""
    whole = list(captures)
    real = sorted({str(capture["rule"]) for capture in whole if capture["left"]})
    roots: dict[str, Mapping[str, Any]] = {}
    for capture in sorted((one for one in whole if is_effect_of_its_own(one)), key=lambda one: str(one["id"])):
        roots.setdefault(str(capture.get("attempt_of") or capture["id"]), capture)
    rows = Counter(_row(capture) for capture in roots.values())
    head = _HEAD.format(
        run=run_id,
        real=f"{{only: [{', '.join(json.dumps(rule) for rule in real)}]}}" if real else "none",
        contained="optional" if contained == "no" else "required",
    )
    written = "".join(f"  - {row}\n    count: {count}\n" for row, count in rows.items())
    return head + (f"expect:\n{written}" if rows else "") + "others: fail\n"


def _row(capture: Mapping[str, Any]) -> str:
    channel, facts = str(capture["channel"]), capture["facts"]
    fields: dict[str, Any] = {}
    for name in ("provider", "operation"):
        if capture[name] is not None and name in BY_CHANNEL[channel]:
            fields[name] = capture[name]
    fields |= {name: facts[name] for name in _KEPT_FACTS.get(channel, ()) if _can_be_written(facts.get(name))}
    if "operation" not in fields and channel != "email":
        fields |= _place(capture)
    if not fields:
        fields["protocol"] = capture["protocol"]
    said = ", ".join(f"{name}: {_written(name, value)}" for name, value in fields.items())
    return f"{channel}: {{{said}}}"


def _can_be_written(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return 0 < len(value) <= MOST_RECIPIENTS and all(isinstance(item, str) and item for item in value)
    return isinstance(value, str | int | float) and value != ""


def _place(capture: Mapping[str, Any]) -> dict[str, Any]:
    target = capture["target"]
    if capture["intent"] == "connect":
        return {"host": target["host"], "port": target["port"]}
    said = {name: target[name] for name in ("method", "host", "path") if target.get(name) is not None}
    if "?" in str(said.get("path")):
        del said["path"]  # an encoded one, decoded: no row can be asked for it
    return said


def _written(name: str, value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_written(name, item) for item in value)}]"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    text = str(value)
    general = _CHANGING.sub("*", text) if name in _GENERAL else text
    if general != text and "*" not in text:
        return _quoted(general if len(general) <= LONGEST else f"{general[:LONGEST]}*")
    is_pattern = "*" in text or (name != "path" and re.match(r"/.+/i?\Z", text, re.DOTALL) is not None)
    return f"{{exact: {_quoted(text)}}}" if is_pattern else _quoted(text)


def _quoted(text: str) -> str:
    """A double-quoted scalar of YAML 1.2 (section 5.7), in which whatever is not printable is an escape."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
