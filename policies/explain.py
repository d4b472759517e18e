"""Explain: what a policy says of an effect, and the YAML that would let exactly this effect leave.

The same sentence that a capture shows; refusals over HTTP carry the YAML, so it must load as it stands once pasted.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from policies.address import OPENED_BY_ADDRESSES, classify
from policies.decision import Decision, Verdict
from policies.effect import Effect, Target
from policies.glob import path_glob, plain_address, recipient_glob
from policies.host import as_address
from policies.naming import DEFAULT_PORTS
from policies.never import refusal_of_host
from policies.opt_in import NOT_REQUESTS, is_job, is_mail
from policies.pattern import BadPattern
from policies.policy import Policy
from policies.policy_file_values import read_method
from policies.recognition import Recognition

NEVER = "never:"
"""How the rule of each decision begins that no opt-in changes."""
PROPOSED = timedelta(days=30)
"""How long a proposed opt-in lives; a policy accepts up to 90 days."""
_PLAIN = re.compile(r"[A-Za-z0-9/][A-Za-z0-9./_-]*\Z")
_SLUG = re.compile(r"[^a-z0-9]+")
_MOST_RECIPIENTS = 20


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision, and how to change it."""

    verdict: Verdict
    rule: str
    reason: str
    opt_in: str
    """YAML, ready to paste; a comment where nothing can open it."""


def explain(policy: Policy, effect: Effect, now: datetime) -> Explanation:
    """Decides as the gate would, and says what to write to opt in."""
    decision = policy.decide(effect, now)
    return Explanation(decision.verdict, decision.rule, decision.reason, how_to_opt_in(effect, decision, now))


def how_to_opt_in(effect: Effect, decision: Decision, now: datetime) -> str:
    """What to write so that it leaves although this was decided: YAML, or a comment where nothing opens it."""
    if decision.rule.startswith(NEVER):
        return f"# nothing opens this: {decision.reason}\n"
    opt_in = opt_in_for(effect, now)
    by_an_opt_in = ":" not in decision.rule
    if not by_an_opt_in or opt_in.startswith("#"):
        return opt_in
    return (
        f"{opt_in}# Opt-in {decision.rule} decides this now: where both are equally specific, "
        "write this in its place, not beside it.\n"
    )


def opt_in_for(effect: Effect, now: datetime) -> str:
    """YAML of one opt-in that would let exactly this effect leave, or a comment that says why none can."""
    obstacle = _obstacle(effect)
    if obstacle is not None:
        return f"# no opt-in lets this leave: {obstacle}\n"
    entry = _entry(effect)
    ends = (now + PROPOSED).astimezone(UTC)
    lines = [
        *entry,
        "why: say here why this may leave",
        "owner: say here which team answers for it",
        f"expires: {ends:%Y-%m-%d}",
    ]
    return "opt_in:\n  - " + "\n    ".join(lines) + "\n" + _remark(effect)


def _obstacle(effect: Effect) -> str | None:
    if effect.conflicts:
        return f"its destination is in doubt: {'; '.join(effect.conflicts)}"
    if effect.channel in NOT_REQUESTS:
        return "only HTTP requests and mails can leave"
    if is_mail(effect):
        return _obstacle_to_mail(effect)
    if is_job(effect):
        return None
    never = refusal_of_host(effect.target.host)
    if never is not None:
        return never.reason
    if not effect.canonical:
        return "its host, path or method was not sent in canonical form"
    return _obstacle_to_narrowing(effect.target)


def _obstacle_to_narrowing(target: Target) -> str | None:
    """What was sent may be such that no narrowing names it alone."""
    try:
        if target.method is not None:
            read_method(target.method)
        if target.path not in (None, "*"):
            path_glob(target.path)
    except ValueError:
        return f"its method {target.method!a} or path {target.path!a:.80} is one that no opt-in can name"
    return None


def _obstacle_to_mail(effect: Effect) -> str | None:
    for recipient in effect.recipients or ("",):
        try:
            recipient_glob(recipient)
        except BadPattern:
            return f"its recipient {recipient!a} is not a plain address"
        if plain_address(recipient) is None:
            return f"its recipient {recipient!a} is not a plain address"
    return None


def _entry(effect: Effect) -> list[str]:
    if is_job(effect):
        name = str(effect.facts.get("job"))
        return [f"id: {_slug(f'job-{name}')}", f"schedule: {{job: {_scalar(name)}}}"]
    return _mail_entry(effect) if is_mail(effect) else _request_entry(effect)


def _mail_entry(effect: Effect) -> list[str]:
    recipients = list(dict.fromkeys(effect.recipients or ()))
    if len(recipients) > _MOST_RECIPIENTS:
        recipients = sorted({f"*@{recipient.rpartition('@')[2]}" for recipient in recipients})
    listed = ", ".join(json.dumps(recipient) for recipient in recipients)
    return [f"id: {_slug(f'mail to {recipients[0]}')}", f"email: {{to: [{listed}]}}", "via: smtp://relay.internal:25"]


def _request_entry(effect: Effect) -> list[str]:
    target = effect.target
    host = f"[{target.host}]" if ":" in target.host else target.host
    usual = target.port == DEFAULT_PORTS.get(target.scheme)
    to = target.host if usual else f"{host}:{target.port}"
    entry = [f"id: {_slug(f'{target.host}-{target.method}')}", f"to: {_scalar(to)}"]
    if target.method is not None:
        entry.append(f"methods: [{_scalar(target.method)}]")
    if target.path is not None and target.path != "*":
        entry.append(f"paths: [{_scalar(target.path)}]")
    if effect.credential in ("test", "live"):
        entry.append("credentials: test")
    address = as_address(target.host)
    if address is not None and classify(address) in OPENED_BY_ADDRESSES:
        entry.append(f'addresses: ["{address}/{address.max_prefixlen}"]')
    return entry


def _remark(effect: Effect) -> str:
    if effect.credential == "live":
        return "# It carried a live credential, which this keeps inside: send a test one.\n"
    return ""


def caution(effect: Effect, known: Recognition | None) -> str:
    """A remark on the YAML for a request without credentials, of a provider whose own tell live from test."""
    marked = known is not None and known.pack is not None and known.pack.credentials.test is not None
    if not marked or effect.credential != "none" or _obstacle(effect) is not None:
        return ""
    return "# Add `credentials: test`, so that a live credential stays inside.\n"


def _slug(text: str) -> str:
    return _SLUG.sub("-", text.lower()).strip("-")[:64].rstrip("-") or "unnamed"


def _scalar(text: str) -> str:
    """Plain where YAML cannot take it for anything but a string, else quoted."""
    words = text if _PLAIN.match(text) and not text[0].isdigit() else json.dumps(text)
    return json.dumps(words) if words.lower() in ("true", "false", "null") else words
