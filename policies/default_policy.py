"""Defaults: what happens to an effect that no opt-in means. `capture` or `deny`, never more."""

from functools import lru_cache
from typing import Literal

from policies.decision import Decision
from policies.effect import Channel, Effect
from policies.frozen import Frozen
from policies.naming import DEFAULT_PORTS
from policies.opt_in import is_job, is_mail

Default = Literal["capture", "deny"]

_SUBJECTS: dict[Channel, str] = {
    "email": "mails",
    "sms": "text messages",
    "push": "push messages",
    "payment": "payments",
    "webhook": "webhooks",
    "chat": "chat messages",
    "storage": "stored objects",
    "queue": "queued messages",
    "schedule": "scheduled jobs",
    "dns": "names",
    "web": "web requests",
    "socket": "connections that are not HTTP",
}
BY_DEFAULT = "default:"
"""How the rule of each of these decisions begins."""
GUESSED = "guessed"
"""The flag of a connection whose protocol nobody saw: its client waited for the server, or spoke nothing known."""
_DONE: dict[Default, str] = {"capture": "are captured by default", "deny": "are denied by default"}


class WebDefaults(Frozen):
    """Of HTTP that no pack knows: a read is a GET, HEAD or OPTIONS."""

    write: Default = "capture"
    read: Default = "deny"


class Defaults(Frozen):
    """The key `defaults` of a policy file."""

    email: Default = "capture"
    sms: Default = "capture"
    push: Default = "capture"
    payment: Default = "capture"
    webhook: Default = "capture"
    chat: Default = "capture"
    storage: Default = "capture"
    queue: Default = "capture"
    schedule: Default = "capture"
    web: WebDefaults = WebDefaults()
    dns: Default = "deny"
    """Answered by Soundstage either way, and never resolved outside."""
    socket: Default = "deny"

    def decision(self, effect: Effect, flags: tuple[str, ...]) -> Decision:
        """The default of its channel."""
        channel = effect.channel
        if channel == "web":
            verdict = self.web.read if effect.intent == "read" else self.web.write
            subject = "web reads" if effect.intent == "read" else "web writes"
        else:
            verdict = getattr(self, channel)
            subject = _SUBJECTS[channel]
        done = "are never resolved outside by default" if channel == "dns" else _DONE[verdict]
        reason = f"no opt-in matches {_shown(effect)}; {subject} {done}{_doubt(effect)}"
        return _decision(verdict, f"{BY_DEFAULT}{channel}", reason, flags)


@lru_cache(maxsize=1024)
def _decision(verdict: Default, rule: str, reason: str, flags: tuple[str, ...]) -> Decision:
    """One for the many requests that go to the same host."""
    return Decision(verdict=verdict, rule=rule, reason=reason, flags=flags)


def _doubt(effect: Effect) -> str:
    return f" (its port alone suggests {effect.protocol})" if GUESSED in effect.flags else ""


def _shown(effect: Effect) -> str:
    """What a person would have to name to open it: the host, with a port that is not the usual one."""
    if is_mail(effect):
        return "all of its recipients"
    if is_job(effect):
        return f"the job {str(effect.facts.get('job'))[:100]!a}"
    target = effect.target
    host = f"[{target.host}]" if ":" in target.host else target.host
    if not host.isprintable():
        host = ascii(host)  # a name somebody asked DNS for may hold anything
    said = effect.channel == "dns" or target.port == DEFAULT_PORTS.get(target.scheme)
    return host if said else f"{host}:{target.port}"
