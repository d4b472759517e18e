"""How captures look in lists: the words, signs and short lines people recognise them by. Pure."""

from dataclasses import dataclass
from typing import Any

from ledger.labels import READ
from ledger.stored import StoredCapture
from ledger.traits import ATTACHMENT
from policies.scheduled_job import SCHEDULERS

VERDICT_SIGNS = {"capture": "●", "deny": "■", "divert": "◆", "allow": "▲"}
"""A shape for each verdict, so that colour is never the only sign."""
VERDICT_WORDS = {"capture": "captured", "deny": "denied", "divert": "diverted", "allow": "allowed"}
OUTCOME_SIGNS = {
    "clean": "●", "held": "●", "violated": "■", "failed": "■", "inconclusive": "▲", "open": "○", "not judged": "–",
}  # fmt: skip
"""The same for what came of a run, and of a row that says what it should do."""
_CHANNELS = (
    "email:Mail sms:Text push:Push payment:Payment webhook:Webhook chat:Chat "
    "storage:Storage queue:Queue schedule:Schedule dns:DNS web:Web socket:Socket"
)
CHANNEL_WORDS = {name: word for name, _, word in (pair.partition(":") for pair in _CHANNELS.split())}
_TEXTS = ("preview", "text", "body", "message", "title", "content")
_SHORT = 200
_WHOLE = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"]
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list."""

    id: str
    seq: int
    at: str
    channel: str
    word: str
    verdict: str
    sign: str
    title: str
    sender: str
    to: str
    note: str
    size: int
    run: str
    left: bool
    flags: tuple[str, ...]
    brings: bool
    """Whether it has an attachment."""
    unread: bool
    tags: tuple[str, ...]


def row(stored: StoredCapture, labels: tuple[str, ...] = ()) -> Row:
    """`labels` are those that people put on it."""
    shown = stored.as_contract()
    facts = shown["facts"]
    return Row(
        id=shown["id"],
        seq=stored.seq,
        at=shown["at"],
        channel=shown["channel"],
        word=CHANNEL_WORDS.get(shown["channel"], shown["channel"]),
        verdict=shown["verdict"],
        sign=VERDICT_SIGNS.get(shown["verdict"], "?"),
        title=title(shown),
        sender=_sender(shown),
        to=short(recipients(facts)),
        note=note(shown),
        size=shown["payload"]["size"],
        run=shown["run"],
        left=shown["left"],
        flags=tuple(shown["flags"]),
        brings=ATTACHMENT in stored.traits,
        unread=READ not in labels,
        tags=tuple(label for label in labels if label != READ),
    )


def _sender(shown: dict[str, Any]) -> str:
    """Empty for a mail without one: reports of failed delivery have none, and the host it came to sent nothing."""
    instead = "" if shown["channel"] == "email" and not shown["provider"] else shown["target"]["host"]
    return short(shown["facts"].get("from") or shown["provider"] or instead)


def recipients(facts: dict[str, Any]) -> str:
    to = facts.get("to") or facts.get("recipient") or ""
    return ", ".join(str(one) for one in to) if isinstance(to, list | tuple) else str(to)


def title(shown: dict[str, Any]) -> str:
    """The line a person knows it by: a subject, the text itself, an amount, or the request line."""
    facts = shown["facts"]
    if facts.get("subject"):
        return short(facts["subject"])
    if shown["channel"] == "email":
        return "(no subject)"
    said = _said(facts)
    if shown["channel"] in ("sms", "push", "chat") and said:
        return short(said)
    if facts.get("amount") is not None:
        return short(f"{money(facts)} {shown['operation'] or ''}")
    if shown["operation"] and facts.get("key"):
        return short(f"{shown['operation']} {facts['key']}")
    return short(shown["operation"] or request_line(shown))


def note(shown: dict[str, Any]) -> str:
    """A second, quieter line."""
    if shown["channel"] == "email":
        return ""
    return short(request_line(shown) if shown["operation"] or _said(shown["facts"]) else shown["reason"])


def request_line(shown: dict[str, Any]) -> str:
    target = shown["target"]
    if target["scheme"] in SCHEDULERS:
        return f"{target['scheme']} {shown['facts'].get('job')} on {target['host']}"
    path = target.get("path") or ""
    return f"{target.get('method') or target['scheme']} {target['host']}{path}"


def money(facts: dict[str, Any]) -> str:
    """`42.00 EUR`; zero-decimal currencies are as Stripe lists them. Other amounts are shown as they came."""
    amount, currency = facts.get("amount"), str(facts.get("currency") or "").upper()
    if isinstance(amount, int) and not isinstance(amount, bool):
        return f"{amount:,} {currency}" if currency in _WHOLE else f"{amount / 100:,.2f} {currency}"
    return f"{amount} {currency}".strip()


def short(text: Any) -> str:
    """One line of at most `_SHORT` characters."""
    line = " ".join(str(text).split())
    return line if len(line) <= _SHORT else line[: _SHORT - 1] + "…"


def _said(facts: dict[str, Any]) -> str:
    return next((str(facts[name]) for name in _TEXTS if facts.get(name)), "")
