"""MailSearch: the words of Mailpit's search box, as filters the ledger answers and checks on each mail that is left.

What is not understood is said, never dropped: a search that ignored half of what was asked would be a false all clear.
Where Mailpit itself finds letters within words, plain words here are whole ones, but for the last, which may go on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import re2

from dashboard.mailpit_mail import OneMail
from ledger.filters import Filters
from ledger.labels import READ
from ledger.search_words import tokens_of
from ledger.traits import ATTACHMENT

SEARCH_LIMIT = 1000
"""Characters a search may have."""

Check = Callable[[OneMail, frozenset[str]], bool]
"""Whether a mail with these labels is meant."""

_TERM = re2.compile(r'(?:[^\s"]|"[^"]*"?)+')
_SIZE = re2.compile(r"(?i)^(\d{1,12}(?:\.\d{1,6})?)\s?(k|kb|m|mb)?$")
_FACTORS = {"": 1, "k": 1024, "kb": 1024, "m": 1024**2, "mb": 1024**2}
_STATES = ("read", "unread", "tagged")
_PARTS = ("attachment", "attachments", "inline", "inlines")


@dataclass(frozen=True, slots=True)
class MailSearch:
    """What was asked."""

    filters: Filters
    checks: tuple[Check, ...] = ()
    wrong: tuple[str, ...] = ()
    """Whole sentences about what was not understood; then nothing is to be shown."""


@dataclass(slots=True)
class Reading:
    """The search so far."""

    zone: ZoneInfo | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def ask(self, name: str, value: Any) -> bool:
        """Have the ledger look for it; False where it looks for another of the kind already."""
        return bool(self.fields.setdefault(name, value) == value)

    def check(self, check: Check, *, negated: bool) -> None:
        """Look at each mail that is left."""
        self.checks.append((lambda mail, labels: not check(mail, labels)) if negated else check)


def parse(text: str, zone: ZoneInfo | None = None) -> MailSearch:
    """`zone` is what times without one of their own are in; UTC without it."""
    reading = Reading(zone)
    if len(text) > SEARCH_LIMIT:
        reading.wrong.append(f"A search may have {SEARCH_LIMIT} characters, this one has {len(text)}.")
    for term in _TERM.findall(text[:SEARCH_LIMIT]):
        _take(reading, str(term))
    if reading.words:
        reading.fields["q"] = " ".join(reading.words)
    return MailSearch(Filters(**reading.fields), tuple(reading.checks), tuple(reading.wrong))


def _take(reading: Reading, term: str) -> None:
    negated = len(term) > 1 and term[0] in "-!"
    said = term[1:] if negated else term
    key, colon, value = said.replace('"', "").partition(":")
    reader = _KEYS.get(key.lower()) if colon else None
    if reader is None:
        _word(reading, said, negated=negated)
    elif value.strip():
        reader(reading, key.lower(), value.strip(), negated)


def _word(reading: Reading, said: str, *, negated: bool) -> None:
    text = " ".join(said.replace('"', " ").lower().split())
    if not tokens_of(text):
        return  # signs alone are no word, here as there
    if not negated:
        reading.words.append(text)
    if negated or " " in text:
        reading.check(lambda mail, labels: text in mail.words, negated=negated)


def _people(reading: Reading, key: str, value: str, negated: bool) -> None:
    wanted = value.lower()
    names = _FIELDS[key]
    if key in ("to", "cc", "bcc") and "@" in wanted and "*" not in wanted and not negated:
        # Nobody gets a mail but by its envelope, so only mails to that address have to be looked at.
        reading.ask("to", wanted)

    def named(mail: OneMail, labels: frozenset[str]) -> bool:
        found = [one for name in names for one in _told(mail, name)]
        return any(wanted in one["Address"].lower() or wanted in one["Name"].lower() for one in found)

    reading.check(named, negated=negated)


def _told(mail: OneMail, name: str) -> list[dict[str, str]]:
    value = getattr(mail, name)
    return [value] if name == "sender" else list(value)


def _subject(reading: Reading, key: str, value: str, negated: bool) -> None:
    wanted = value.lower()
    if not negated and "*" not in wanted:
        reading.ask("subject", wanted)
    reading.check(lambda mail, labels: wanted in mail.subject.lower(), negated=negated)


def _message_id(reading: Reading, key: str, value: str, negated: bool) -> None:
    wanted = value.lower().strip("<>")
    reading.check(lambda mail, labels: wanted in mail.message_id.lower(), negated=negated)


def _tag(reading: Reading, key: str, value: str, negated: bool) -> None:
    tag = value.lower()
    if negated or not reading.ask("label", tag):
        reading.check(lambda mail, labels: tag in labels, negated=negated)


def _state(reading: Reading, key: str, value: str, negated: bool) -> None:
    state = value.lower()
    if state == "tagged":
        reading.check(lambda mail, labels: bool(labels - {READ}), negated=negated)
    elif state not in _STATES:
        reading.wrong.append(f"is: {value!r} is not known; {', '.join(_STATES)} are.")
    elif (state == "read") != negated:
        reading.check(lambda mail, labels: READ in labels, negated=False)
    else:
        reading.ask("unlabelled", READ)


def _parts(reading: Reading, key: str, value: str, negated: bool) -> None:
    what = value.lower()
    if what not in _PARTS:
        reading.wrong.append(f"has: {value!r} is not known; attachment and inline are.")
    elif what.startswith("inline"):
        reading.check(lambda mail, labels: bool(mail.inline), negated=negated)
    else:
        if not negated:
            reading.ask("trait", ATTACHMENT)
        reading.check(lambda mail, labels: bool(mail.attachments), negated=negated)


def _moment(reading: Reading, key: str, value: str, negated: bool) -> None:
    try:
        at = datetime.fromisoformat(value.replace("/", "-"))
        at = at.replace(tzinfo=reading.zone or UTC) if at.tzinfo is None else at
        at.astimezone(UTC)
    except (ValueError, OverflowError):
        reading.wrong.append(f"{key}: {value!r} is no time; write {key}:2026-11-22 or {key}:2026-11-22T10:15.")
        return
    later = (key == "after") != negated
    if not reading.ask("since" if later else "until", at):
        reading.check(lambda mail, labels: (mail.stored.capture.at >= at) == later, negated=False)


def _size(reading: Reading, key: str, value: str, negated: bool) -> None:
    match = _SIZE.match(value)
    if match is None:
        reading.wrong.append(f"{key}: {value!r} is no size; write {key}:500k or {key}:2M.")
        return
    octets = int(float(match.group(1)) * _FACTORS[(match.group(2) or "").lower()])
    larger = key == "larger"
    reading.check(lambda mail, labels: mail.size > octets if larger else mail.size < octets, negated=negated)


def _run(reading: Reading, key: str, value: str, negated: bool) -> None:
    """Ours: Mailpit knows no runs."""
    if negated or not reading.ask("run", value):
        reading.check(lambda mail, labels: mail.stored.capture.effect.run == value, negated=negated)


_FIELDS: dict[str, tuple[str, ...]] = {
    "from": ("sender",),
    "to": ("to",),
    "cc": ("cc",),
    "bcc": ("bcc",),
    "reply-to": ("reply_to",),
    "addressed": ("sender", "to", "cc", "bcc", "reply_to"),
}
_KEYS: dict[str, Callable[[Reading, str, str, bool], None]] = {
    **dict.fromkeys(_FIELDS, _people),
    "subject": _subject,
    "message-id": _message_id,
    "tag": _tag,
    "is": _state,
    "has": _parts,
    "before": _moment,
    "after": _moment,
    "larger": _size,
    "smaller": _size,
    "run": _run,
}
