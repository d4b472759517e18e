"""What silence shows, where something else says it: a second look, at the attempts that nothing came back from. Pure.

Silence alone is unknown. It is a packet that was dropped where the same attempt was answered from outside the
containment, and where it was meant for the very address that Soundstage gives to names. Nobody records such a packet.
"""

import ipaddress
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from soundstage.doctor_attempt import Attempt, Finding, Outcome, Verdict
from soundstage.trouble import ConfigError

BY_NAME = ("name", "https")
PLACES = ("host", "metadata")
"""Ways that look for a service at one place; of a place where nobody answers anybody, there is none."""
SOMETHING_BACK = ("answered", "connected", "turned_away")
Tried = tuple[Attempt, Outcome]


def outside_report(path: Path) -> dict[str, Finding]:
    """The findings of a report that `soundstage doctor --json` made outside, by id. ConfigError."""
    try:
        read: Any = json.loads(path.read_text())
        found = [Finding(**one) for one in read["findings"]]
    except OSError as trouble:
        raise ConfigError(f"--outside {path} cannot be read: {trouble.strerror}") from None
    except (ValueError, KeyError, TypeError):
        hint = "soundstage doctor --json > outside.json, where nothing is contained"
        raise ConfigError(f"--outside {path} is no report of the doctor's", hint) from None
    if not any(one.verdict == "open" for one in found):
        raise ConfigError(f"--outside {path} is no report from outside: nothing in it is open")
    return {one.id: one for one in found}


def heard(tried: Sequence[Tried], findings: Sequence[Finding], outside: Mapping[str, Finding]) -> list[Finding]:
    """The findings, of each attempt its own; those of silence as what is said elsewhere shows them."""
    own = soundstages_addresses(tried)
    return [
        _heard(attempt, outcome, found, own, outside.get(found.id))
        for (attempt, outcome), found in zip(tried, findings, strict=True)
    ]


def soundstages_addresses(tried: Iterable[Tried]) -> frozenset[str]:
    """The addresses that names nobody has led to, where Soundstage answered by them."""
    return frozenset(
        outcome.address for attempt, outcome in tried if attempt.way in BY_NAME and outcome.met == "ours"
    ) - {""}


def _heard(attempt: Attempt, outcome: Outcome, found: Finding, own: frozenset[str], outside: Finding | None) -> Finding:
    # With a detail: it had not ended in time, so that nobody knows whether it was sent.
    if found.verdict != "unknown" or outcome.met != "silent" or outcome.detail:
        return found
    if outcome.address in own:
        meant = f"it was meant for Soundstage's own address {outcome.address}, which serves no such port"
        return _as(found, "dropped", f"{meant}; nobody recorded it")
    if outside is None:
        return found
    if outside.verdict in ("open", "unknown") and outside.met in SOMETHING_BACK:
        return _as(found, "dropped", "nothing came back, where outside something did; nobody recorded it")
    if attempt.way in PLACES and _is_address(attempt.host) and outside.verdict in ("unknown", "closed"):
        return _as(found, "closed", "nobody answers there, outside neither")
    return found


def _is_address(host: str) -> bool:
    """A name may lead somewhere else outside."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _as(found: Finding, verdict: Verdict, reason: str) -> Finding:
    return replace(found, verdict=verdict, reason=reason)
