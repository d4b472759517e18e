"""The Inbox's search language: `to: from: subject: is:unread tag: has:attachment larger: -word` and more.

Words without a key are searched in everything. What is not understood is said, never dropped: a search that quietly
ignored half of what was asked would show an all clear that is none.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import re2

from ledger.filters import Filters
from ledger.labels import READ
from ledger.traits import ATTACHMENT

SEARCH_LIMIT = 1000
"""Characters of a search that are read."""

_TOKEN = re2.compile(r'(-?)(?:([A-Za-z]+):\s*)?(?:"([^"]*)"?|([^\s"]+))')
_SIZE = re2.compile(r"(?i)^(\d{1,12})\s*(k|kb|m|mb|g|gb|b)?$")
_AGO = re2.compile(r"(?i)^(\d{1,5})\s*(m|min|h|d|w)$")
_FACTORS = {"": 1, "b": 1, "k": 1000, "kb": 1000, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9}
_SPANS = {"m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PLAIN = {"to": "to", "from": "sender", "subject": "subject", "run": "run", "host": "host", "provider": "provider"}
_CHANNELS = ("email", "sms", "push", "chat")
_VERDICTS = ("allow", "divert", "capture", "deny")


@dataclass(frozen=True, slots=True)
class Search:
    """What was asked. `filters` the ledger answers; the rest is sieved afterwards."""

    filters: Filters
    without: tuple[str, ...] = ()
    """Words that must not occur, lower case."""
    larger: int | None = None
    """Only payloads of more octets than this."""
    wrong: tuple[str, ...] = ()
    """Whole sentences about what was not understood; then nothing is to be shown."""
    as_text: tuple[str, ...] = ()
    """What looks like a key and is none (`frm:`): it is looked for as text, as an address's scheme is."""

    @property
    def sieved(self) -> bool:
        return bool(self.without or self.larger is not None)


@dataclass(slots=True)
class _Reading:
    """The search so far."""

    now: datetime
    fields: dict[str, Any] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    as_text: list[str] = field(default_factory=list)

    def take(self, minus: str, key: str, value: str) -> None:
        reader = _KEYS.get(key)
        if not key and value.endswith(":") and value[:-1].lower() in _KEYS:
            return  # somebody is still typing
        if minus and (not key or reader is None):
            self.without.append((f"{key}:{value}" if key else value).lower())
        elif minus:
            self.wrong.append(f"-{key}: cannot be excluded; only words can (-{value}).")
        elif reader is not None:
            reader(self, key, value)
        elif key:
            self.words.append(f"{key}:{value}")
            if not value.startswith("//"):
                self.as_text.append(f"{key}:")
        elif value:
            self.words.append(value)

    def put(self, name: str, value: Any, said: str) -> None:
        if name in self.fields:
            self.wrong.append(f"{said} is given twice; a message has to match both, so put them into one.")
        self.fields[name] = value


def parse(text: str, now: datetime, channels: tuple[str, ...] = _CHANNELS) -> Search:
    """`channels` are those of the page; `channel:sms` narrows them."""
    reading = _Reading(now)
    for minus, key, quoted, bare in _TOKEN.findall(text[:SEARCH_LIMIT]):
        reading.take(minus, key.lower(), quoted or bare)
    larger = reading.fields.pop("larger", None)
    fields: dict[str, Any] = {"channels": channels, **reading.fields}
    if reading.words:
        fields["q"] = " ".join(reading.words)
    return Search(Filters(**fields), tuple(reading.without), larger, tuple(reading.wrong), tuple(reading.as_text))


def _plain(reading: _Reading, key: str, value: str) -> None:
    reading.put(_PLAIN[key], value, f"{key}:")


def _has(reading: _Reading, key: str, value: str) -> None:
    if value.lower() in ("attachment", "attachments"):
        reading.put("trait", ATTACHMENT, "has: or flag:")
    else:
        reading.wrong.append(f"has: {value!r} is not known; has:attachment is.")


def _flag(reading: _Reading, key: str, value: str) -> None:
    reading.put("trait", value.lower(), "has: or flag:")


def _is(reading: _Reading, key: str, value: str) -> None:
    if value.lower() == "unread":
        reading.put("unlabelled", READ, "is:")
    elif value.lower() == "read":
        reading.put("label", READ, "is:read or tag:")
    else:
        reading.wrong.append(f"is: {value!r} is not known; is:unread and is:read are.")


def _tag(reading: _Reading, key: str, value: str) -> None:
    reading.put("label", value.lower(), "is:read or tag:")


def _larger(reading: _Reading, key: str, value: str) -> None:
    match = _SIZE.match(value)
    if match is None:
        reading.wrong.append(f"larger: {value!r} is no size; write larger:500k or larger:2M.")
        return
    reading.put("larger", int(match.group(1)) * _FACTORS[(match.group(2) or "").lower()], "larger:")


def _moment(reading: _Reading, key: str, value: str) -> None:
    moment = _moment_of(value, reading.now)
    if moment is None:
        reading.wrong.append(
            f"{key}: {value!r} is no time; write {key}:2026-11-22, {key}:2026-11-22T10:15 or {key}:2h."
        )
        return
    reading.put({"before": "until", "after": "since"}[key], moment, f"{key}:")


def _moment_of(value: str, now: datetime) -> datetime | None:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    named = {"today": today, "yesterday": today - timedelta(days=1), "now": now}.get(value.lower())
    ago = _AGO.match(value)
    if named is not None:
        return named
    if ago is not None:
        return _before(now, int(ago.group(1)) * _SPANS[ago.group(2).lower()])
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _before(now: datetime, seconds: int) -> datetime:
    try:
        return now - timedelta(seconds=seconds)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _among(field_name: str, known: tuple[str, ...]) -> Callable[[_Reading, str, str], None]:
    def read(reading: _Reading, key: str, value: str) -> None:
        if value.lower() in known:
            reading.put(field_name, value.lower(), f"{key}:")
        else:
            reading.wrong.append(f"{key}: {value!r} is not known; {', '.join(known)} are.")

    return read


_KEYS: dict[str, Callable[[_Reading, str, str], None]] = {
    **dict.fromkeys(_PLAIN, _plain),
    "has": _has,
    "flag": _flag,
    "is": _is,
    "tag": _tag,
    "larger": _larger,
    "before": _moment,
    "after": _moment,
    "channel": _among("channel", _CHANNELS),
    "verdict": _among("verdict", _VERDICTS),
}
