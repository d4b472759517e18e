"""The examination: every attempt made at once, each within its patience, and everything found put together."""

import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from soundstage import doctor_datagram, doctor_http
from soundstage.doctor_attempt import Attempt, Finding, Outcome, Way
from soundstage.doctor_connect import Patience
from soundstage.doctor_judge import judge
from soundstage.doctor_network import Surroundings
from soundstage.doctor_silence import heard

SECONDS = 4.0
"""For one attempt: that there is no next machine takes the kernel three to say. A name lookup has its resolver's own
patience before that; everything ends by `LONGEST`, or later by as much as more patience is asked for."""
LONGEST = 9.0
LATE = 1.0
"""For what is recorded a little after it was refused: packets."""
Tries = Callable[[Attempt, Patience], Outcome]
_CONNECTING: Mapping[Way, Tries] = {
    "tcp": doctor_http.plain,
    "metadata": doctor_http.plain,
    "host": doctor_http.plain,
    "device": doctor_http.plain,
    "tls": doctor_http.encrypted,
    "doh": doctor_http.encrypted,
    "name": doctor_http.by_name,
    "https": doctor_http.by_name,
    "dot": doctor_http.dns_over_tls,
    "smtp": doctor_http.mail,
    "proxy": doctor_http.through_proxy,
}


class Record(Protocol):
    """What is on record, `doctor_record.Recorded`."""

    def of(self, attempt: Attempt, outcome: Outcome) -> Mapping[str, Any] | None:
        """The capture of an attempt."""
        ...

    def refresh(self) -> None:
        """Ask again."""
        ...


@dataclass(frozen=True, slots=True)
class Met:
    """An attempt and what it met."""

    attempt: Attempt
    outcome: Outcome


def examine(attempts: Sequence[Attempt], surroundings: Surroundings, seconds: float = SECONDS) -> list[Met]:
    """All of them at once; one that has not ended in time met nothing."""
    until = time.monotonic() + LONGEST + max(0.0, seconds - SECONDS)
    met = [Outcome("silent", "it had not ended in time")] * len(attempts)

    def attempted(number: int, attempt: Attempt) -> None:
        met[number] = _try(attempt, surroundings, seconds)

    # Daemons: a name lookup cannot be ended, and must not keep the doctor from its end.
    trying = [threading.Thread(target=attempted, args=each, daemon=True) for each in enumerate(attempts)]
    for one in trying:
        one.start()
    for one in trying:
        one.join(max(0.0, until - time.monotonic()))
    return [Met(attempt, outcome) for attempt, outcome in zip(attempts, met, strict=True)]


def judged(met: Sequence[Met], record: Record | None, outside: Mapping[str, Finding] | None = None) -> list[Finding]:
    """The findings, in the order of the attempts. `outside`: what the same attempts met where nothing is contained."""
    if record is not None:
        record.refresh()
        if any(_wants_record(one) and record.of(one.attempt, one.outcome) is None for one in met):
            time.sleep(LATE)
            record.refresh()
    findings = [
        judge(
            one.attempt,
            one.outcome,
            None if record is None else record.of(one.attempt, one.outcome),
            consulted=record is not None,
        )
        for one in met
    ]
    return heard([(one.attempt, one.outcome) for one in met], findings, outside or {})


def _wants_record(one: Met) -> bool:
    """What decides itself needs nobody's word."""
    return one.outcome.met not in ("kept", "unresolved")


def _try(attempt: Attempt, surroundings: Surroundings, seconds: float) -> Outcome:
    patience = Patience(seconds, surroundings.near)
    if attempt.way in _CONNECTING:
        return _placed(doctor_http.stopped(_CONNECTING[attempt.way], attempt, patience), surroundings)
    sends = {
        "udp": doctor_datagram.datagram,
        "dns": doctor_datagram.asked,
        "dns-tcp": doctor_datagram.asked_over_tcp,
        "icmp": doctor_datagram.ping,
    }[attempt.way]
    return doctor_http.stopped(lambda one, wait: sends(one, wait, surroundings.near), attempt, patience)


def _placed(met: Outcome, surroundings: Surroundings) -> Outcome:
    """A refusal of what is on a link of ours is its own: it went nowhere else."""
    refused = met.met == "turned_away" and met.by == "somebody" and met.address
    return replace(met, by="neighbour") if refused and surroundings.near(met.address) else met


def where() -> str:
    """Which machine this is, for the report."""
    return socket.gethostname()
