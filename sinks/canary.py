"""Canaries: what a run sends itself at its beginning and its end, to show that its traffic comes this way. Pure."""

from dataclasses import dataclass
from typing import Literal, cast

from ledger.reply import Reply
from policies.decision import Decision
from policies.effect import Effect

HOST = "canary.soundstage.invalid"
"""A name of the zone that never resolves (RFC 6761, 6.4), so that a canary that goes astray ends nowhere."""
MOMENTS = ("begin", "end")
RULE = "soundstage:canary"

Moment = Literal["begin", "end"]


@dataclass(frozen=True, slots=True)
class Canary:
    """One that arrived. Without a moment it is a lookup of its host's name, which notes nothing."""

    way: Literal["http", "smtp", "dns"]
    moment: Moment | None = None


def canary_in(effect: Effect) -> Canary | None:
    """The canary that an effect of its own run is, or None: whatever is not exactly one is an ordinary effect."""
    if effect.channel == "email":
        to = effect.recipients or ()
        local, _, domain = to[0].rpartition("@") if len(to) == 1 else ("", "", "")
        return Canary("smtp", cast(Moment, local)) if domain.lower() == HOST and local in MOMENTS else None
    if effect.target.host != HOST or effect.conflicts:
        return None
    if effect.channel == "dns":
        return Canary("dns")
    run, _, moment = (effect.target.path or "").removeprefix("/").partition("/")
    if run != effect.run or moment not in MOMENTS or effect.target.scheme not in ("http", "https"):
        return None
    return Canary("http", cast(Moment, moment))


DECISION = Decision(verdict="capture", rule=RULE, reason="a canary of its run: noted on the run, and no capture")


def answer_to(canary: Canary, run: str) -> Reply:
    """What shows its sender that it arrived."""
    if canary.way == "smtp":
        return Reply(fidelity="generic", status=250, body=f"2.0.0 Ok: canary {canary.moment}".encode("ascii"))
    if canary.way == "dns":
        return Reply(fidelity="refused", status=0)
    body = f'{{"canary": "{canary.moment}", "run": "{run}"}}'.encode("ascii")
    return Reply(fidelity="generic", status=200, headers=(("content-type", "application/json"),), body=body)
