"""A capture, and values of it, on one line for people who read why a row failed."""

from collections.abc import Mapping
from typing import Any

LONGEST = 160
_TEXTS = ("subject", "text", "what", "name")


def summary(capture: Mapping[str, Any]) -> str:
    """`email to ann@example.test "Welcome"`, `payment payment_intent.create 4200 eur (POST api.stripe.com/v1/...)`."""
    facts, target = capture["facts"], capture["target"]
    words = [str(capture["channel"])]
    if capture["operation"]:
        words.append(str(capture["operation"]))
    to = facts.get("to") or facts.get("recipient")
    if to:
        words.append(f"to {shown(to)}")
    if facts.get("amount") is not None:
        words.append(f"{facts['amount']} {facts.get('currency') or ''}".strip())
    words += [f"{facts[name]}" for name in ("bucket", "key") if facts.get(name)]
    said = next((facts[name] for name in _TEXTS if facts.get(name)), None)
    if said is not None:
        words.append(f'"{said}"')
    return one_line(" ".join([*words, *_place(target)]))


def _place(target: Mapping[str, Any]) -> list[str]:
    if target["host"] == "mail":
        return []
    if target.get("path") is None:
        return [f"({target['host']}:{target['port']})"]
    return [f"({target.get('method') or target['scheme']} {target['host']}{target['path']})"]


def shown(actual: Any) -> str | None:
    """A field's value; None where it is not there."""
    if actual is None or actual == []:
        return None
    if isinstance(actual, list | tuple):
        return one_line(", ".join(str(item) for item in actual[:20]))
    return one_line(str(actual))


def one_line(text: str) -> str:
    line = " ".join(text[: LONGEST * 4].split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def numbered(number: int, noun: str) -> str:
    """`1 capture`, `2 captures`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
