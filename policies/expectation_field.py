"""Fields: what of a capture a row may name, by channel, under the names that facts and contract.md give it.

A field that nobody can have in a channel is not in its table, so that a slip of the pen is refused and never silently
matches nothing. Facts beyond these are named under `facts`, JSON under `json`, forms, queries and headers likewise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from policies.expectation_sight import Sight, Unknown
from policies.expectation_value import items_of
from policies.facts_code import LONGEST_FACT, MOST_NAMED
from policies.host import BadName, canonical_host

Look = Callable[[Sight], Any]
_PREVIEWS = frozenset({200, 500})
"""Characters to which packs cut the text of a message: one that long may have gone on."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that can be looked at. `folded`: case does not count. `slashes`: `/x/` is a regular expression."""

    look: Look
    folded: bool = False
    slashes: bool = True
    deep: bool = False
    """The capture's body has to be read for it, which is done after all else holds."""


def fact(name: str, *, folded: bool = False) -> Field:
    return Field(lambda sight: _whole_fact(sight, name), folded)


def _whole_fact(sight: Sight, name: str) -> Any:
    said = sight.facts.get(name)
    if isinstance(said, str) and len(said) >= LONGEST_FACT and said.endswith("…"):
        raise Unknown(f"only the beginning of its {name} is kept as a fact")
    return said


def _of_capture(name: str) -> Field:
    return Field(lambda sight: sight.capture.get(name))


def _of_target(name: str, *, folded: bool = False, slashes: bool = True) -> Field:
    return Field(lambda sight: sight.target.get(name), folded, slashes)


def _deep(look: Callable[[Sight], Any]) -> Field:
    return Field(look, deep=True)


def _text(sight: Sight) -> Any:
    """A message's text: the fact where a pack names it, else what its body says."""
    said = _whole_fact(sight, "text")
    if isinstance(said, str) and len(said) in _PREVIEWS:
        raise Unknown("only the beginning of its text is kept as a fact; `body` and `json` have all of it")
    return said if said is not None else sight.whole().text


def _attachments(sight: Sight) -> Any:
    names = sight.whole().attachments
    if names is None:
        raise Unknown("the attachments of a mail handed to a provider's API are not read")
    return list(names)


def _mail_header(sight: Sight, name: str) -> list[str]:
    """Of a mail by SMTP. The header fields of a call that hands a mail over are the call's own."""
    if sight.target.get("method") is not None:
        raise Unknown(f"the {name} of a mail handed to a provider's API is not read; `to` and `json` have what it says")
    return sight.whole().header(name)


def recipient_domains(sight: Sight) -> list[str | None]:
    """The domain of each recipient, `` of a mail's without one; None for whomever a mail reaches beside those named."""
    is_mail = sight.capture["channel"] == "email"
    everybody = reached(sight)
    return [one and _domain(one.strip().rstrip(">")) for one in everybody if one is None or is_mail or "@" in one]


def reached(sight: Sight) -> list[str | None]:
    """Everybody that a message reaches, as each is named; None for whomever a mail reaches beside those."""
    is_mail = sight.capture["channel"] == "email"
    to = [item for item in items_of(sight.facts.get("to")) if isinstance(item, str)]
    named = sight.capture.get("recipients", to or None)
    whole = named is not None and len(to) < MOST_NAMED
    everybody: list[str | None] = list(dict.fromkeys([*to, *(named or ())]))
    return everybody if whole or not is_mail or sight.capture["intent"] != "write" else [*everybody, None]


def _domain(address: str) -> str:
    domain = address.rpartition("@")[2] if "@" in address else ""
    try:
        return canonical_host(domain)
    except BadName:
        return domain.lower()


_JUDGED: Mapping[str, Field] = {
    "verdict": _of_capture("verdict"),
    "rule": _of_capture("rule"),
    "fidelity": _of_capture("fidelity"),
    "left": _of_capture("left"),
    "intent": _of_capture("intent"),
    "protocol": _of_capture("protocol"),
    "flag": _of_capture("flags"),
    "scheme": _of_target("scheme"),
    "host": _of_target("host", folded=True),
    "port": _of_target("port"),
}
_CALLED: Mapping[str, Field] = {
    **_JUDGED,
    "provider": _of_capture("provider"),
    "operation": _of_capture("operation"),
    "method": _of_target("method", folded=True),
    "path": _of_target("path", slashes=False),
    "answer": Field(lambda sight: sight.capture["reply"].get("status")),
    "idempotency_key": fact("idempotency_key"),
    "account": fact("account"),
    "body": _deep(lambda sight: sight.whole().body),
}
_SAID: Mapping[str, Field] = {
    **_CALLED,
    "to": fact("to", folded=True),
    "from": fact("from", folded=True),
    "subject": fact("subject"),
    "text": Field(_text, deep=True),
    "link": _deep(lambda sight: list(sight.whole().links)),
    "code": _deep(lambda sight: list(sight.whole().codes)),
}
_EMAIL: Mapping[str, Field] = {
    **_SAID,
    "cc": Field(lambda sight: _mail_header(sight, "cc"), folded=True, deep=True),
    "reply_to": Field(lambda sight: _mail_header(sight, "reply-to"), folded=True, deep=True),
    "message_id": fact("message_id"),
    "template": fact("template"),
    "html": _deep(lambda sight: sight.facts.get("html") or sight.whole().html),
    "attachment": _deep(_attachments),
}
_PAID: Mapping[str, Field] = {
    **_CALLED,
    **{name: fact(name) for name in ("amount", "recipient", "description", "reason", "mode", "price")},
    "currency": fact("currency", folded=True),
}
_STORED = ("bucket", "key", "keys", "prefix", "size", "content_type")

BY_CHANNEL: Mapping[str, Mapping[str, Field]] = {
    "email": _EMAIL,
    "sms": {**_SAID, "media": fact("media")},
    "push": {**_SAID, "data": fact("data"), "project": fact("project")},
    "chat": {**_SAID, "thread": fact("thread")},
    "payment": _PAID,
    "webhook": _CALLED,
    "web": _CALLED,
    "storage": {**_CALLED, **{name: fact(name) for name in _STORED}},
    "queue": {**_CALLED, **{name: fact(name) for name in ("recipient", "subject", "text")}},
    "schedule": {**_CALLED, **{name: fact(name) for name in ("recipient", "status")}},
    "dns": {**_JUDGED, "name": fact("name", folded=True), "kind": fact("kind")},
    "socket": {**_JUDGED, "what": fact("what")},
    "any": {**_SAID, **{name: fact(name) for name in ("recipient", "amount", "currency")}},
}
"""The channels a row may be of, and what it may name there."""
WITH_DOMAINS = frozenset({"email", "any"})
"""Channels whose rows may say `to_domain_not_in`."""
WITHOUT_CALLS = frozenset({"dns", "socket"})
"""Channels of which there are no headers and no body that could be read."""
