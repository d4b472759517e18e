"""Figures: what the page Now says, drawn from the ledger's sums and from what the gateway knows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dashboard.look import CHANNEL_WORDS, Row
from dashboard.refused import Refused
from ledger.figures import TallyRow

VERDICTS = ("capture", "deny", "divert", "allow")
SOON = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a person should look at. `level` is `wrong` or `watch`."""

    level: str
    sentence: str
    href: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """One line of counts."""

    channel: str
    word: str
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class OptIn:
    """An opt-in as shown."""

    id: str
    target: str
    do: str
    why: str
    owner: str
    expires: str
    in_force: bool
    soon: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything of the page but its frame. `opt_ins` is None where the gateway could not be asked."""

    answering: bool
    left: int
    since: datetime | None
    verdicts: dict[str, int]
    total: int
    unattributed: int
    channels: list[Counted]
    alerts: list[Alert]
    opt_ins: list[OptIn] | None
    series: dict[str, list[int]]
    series_words: str
    span: str
    latest: list[Row] = field(default_factory=list)
    refused: Refused | None = None


def by_verdict(tallies: Sequence[TallyRow]) -> dict[str, int]:
    return {name: sum(one.count for one in tallies if one.verdict == name) for name in VERDICTS}


def by_channel(tallies: Sequence[TallyRow]) -> list[Counted]:
    """Busiest channel first."""
    lines = []
    for channel, word in CHANNEL_WORDS.items():
        mine = [one for one in tallies if one.channel == channel]
        if mine:
            lines.append(Counted(channel, word, by_verdict(mine)))
    return sorted(lines, key=lambda line: -sum(line.counts.values()))


def opt_ins(policy: dict[str, Any], now: datetime) -> list[OptIn]:
    """Those in force first, the one that ends next before the others."""
    shown = [_opt_in(one, now) for one in policy.get("opt_ins", [])]
    return sorted(shown, key=lambda one: (not one.in_force, one.expires))


def _opt_in(one: dict[str, Any], now: datetime) -> OptIn:
    ends = datetime.fromisoformat(one["expires"])
    texts = {name: str(one.get(name) or "") for name in ("id", "target", "do", "why", "owner", "expires")}
    return OptIn(**texts, in_force=bool(one["in_force"]), soon=bool(one["in_force"]) and ends - now < SOON)


def series(
    buckets: Sequence[tuple[datetime, str, int]], start: datetime, seconds: int, count: int
) -> dict[str, list[int]]:
    """`{"at": [unix seconds], "capture": [...], ...}` with every bucket there, also the empty ones."""
    first = int(start.timestamp()) // seconds * seconds
    at = [first + seconds * n for n in range(count)]
    told: dict[str, list[int]] = {"at": at, **{name: [0] * count for name in VERDICTS}}
    for moment, verdict, found in buckets:
        place = (int(moment.timestamp()) - first) // seconds
        if 0 <= place < count and verdict in told:
            told[verdict][place] += found
    return told


def series_words(told: dict[str, list[int]], span: str) -> str:
    """The chart for who cannot see it."""
    words = {"capture": "captured", "deny": "denied", "divert": "diverted", "allow": "allowed"}
    sums = ", ".join(f"{sum(told[name]):,} {words[name]}" for name in VERDICTS if sum(told[name]))
    return f"Attempts in the last {span}: {sums or 'none'}."


def policy_alerts(policy: dict[str, Any], now: datetime) -> list[Alert]:
    """What its authors should know: a reload that was refused, warnings, opt-ins that end soon."""
    error = policy.get("error")
    alerts = (
        [Alert("wrong", f"The policy could not be reloaded; the one before stays in force. {error}")] if error else []
    )
    alerts += [Alert("watch", str(warning)) for warning in policy.get("warnings", [])]
    ending = [one for one in opt_ins(policy, now) if one.soon]
    return alerts + [
        Alert("watch", f"The opt-in {one.id} ends on {one.expires[:16].replace('T', ' at ')} UTC; {one.owner} owns it.")
        for one in ending
    ]


_FLAGGED = {
    "live_credential": "carried a credential that is live, or that nothing marks as a test one",
    "card_number": "carried a card number",
}


def flag_alerts(counts: dict[str, int]) -> list[Alert]:
    """Captures that are worth an alert by themselves, whatever was decided about them."""
    return [
        Alert(
            "wrong",
            f"{counts[flag]:,} attempt{'s' if counts[flag] != 1 else ''} {what}.",
            f"/attempts?flag={flag}",
            "see them" if counts[flag] != 1 else "see it",
        )
        for flag, what in _FLAGGED.items()
        if counts.get(flag)
    ]


ALERTING = tuple(_FLAGGED)


def vouched_since(
    first: datetime | None, removed: datetime | None, first_left: datetime | None = None
) -> datetime | None:
    """From when on nothing is missing: before the newest capture that was taken away, one that left may be gone too.

    None where some of those that are known to have left did so earlier: of all that are counted no time is true.
    """
    since = first if removed is None or first is None else max(first, removed)
    return None if since and first_left and first_left < since else since
