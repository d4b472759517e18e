"""What is on record of the doctor's attempts, as the API shows captures."""

import ipaddress
import json
from collections.abc import Mapping
from typing import Any, Protocol

from soundstage.doctor_attempt import Attempt, Outcome

MOST = 5_000
"""Captures looked at: an environment that makes more of them in ten seconds hides what is looked for."""
PACKETS = {"udp": ("udp",), "icmp": ("icmp", "icmp6"), "dns": ("udp", "dns")}


class Asks(Protocol):
    """`soundstage.api.Api`."""

    def captures(self, filters: Mapping[str, str], limit: int | None = None) -> Any:
        """The captures that match, newest first."""
        ...


class Recorded:
    """Made before the first attempt: what was on record then is none of them. Raises SoundstageError."""

    def __init__(self, api: Asks) -> None:
        self._api = api
        newest = list(api.captures({}, 1))
        self._since = newest[0]["at"] if newest else None
        self._before = {one["id"] for one in newest}
        self._captures: list[dict[str, Any]] = []
        self._texts: list[str] = []

    def refresh(self) -> None:
        """Ask for everything since. By the gateway's own clock: ours may differ."""
        filters = {} if self._since is None else {"since": str(self._since)}
        found = self._api.captures(filters, MOST)
        self._captures = [one for one in found if one["id"] not in self._before]
        self._texts = [json.dumps(one) for one in self._captures]

    def of(self, attempt: Attempt, outcome: Outcome) -> dict[str, Any] | None:
        """By the id that the answer named; else by the nonce; else by where it went, of what can carry no nonce."""
        if outcome.capture is not None:
            return next((one for one in self._captures if one["id"] == outcome.capture), None)
        for one, text in zip(self._captures, self._texts, strict=True):
            if _says(attempt.nonce, text):
                return one
        return next((one for one in self._captures if _went_there(one, attempt)), None)


def _says(nonce: str, text: str) -> bool:
    """Whole: `ab1` is not in `ab12`. A name may be kept in either case."""
    at = text.lower().find(nonce)
    return at >= 0 and not text[at + len(nonce) : at + len(nonce) + 1].isdigit()


def _went_there(one: Mapping[str, Any], attempt: Attempt) -> bool:
    target = one["target"]
    if one["channel"] != "socket" or not _same(target["host"], attempt.host):
        return False
    scheme = str(target["scheme"])
    if attempt.way in PACKETS:
        return scheme in PACKETS[attempt.way] and (attempt.way == "icmp" or target["port"] == attempt.port)
    return scheme not in ("udp", "icmp", "icmp6") and target["port"] == attempt.port


def _same(host: str, asked: str) -> bool:
    try:
        return ipaddress.ip_address(host) == ipaddress.ip_address(asked)
    except ValueError:
        return host.lower() == asked.lower()
