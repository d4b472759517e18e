"""Story: what is shown of one capture beyond its columns, as one JSON text; and the capture made of both again.

What a column of `captures` says is not said twice, and what is absent or usual is left out: the text is written for
every capture and read for the few that somebody looks at.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_core import PydanticSerializationError, from_json, to_json

from ledger.capture import Capture, Payload, ReplySummary
from ledger.moment import moment
from ledger.record import Headers, Record
from ledger.reply import Fidelity
from policies.decision import Decision
from policies.effect import Effect, Target

_USER_INFO = re.compile(r"//[^/@]*@")
_openings: dict[Any, str] = {}
_MOST_KEPT = 1024
_LONGEST_KEPT = 1024
"""Openings that are remembered, and the characters of one."""


@dataclass(frozen=True, slots=True)
class Details:
    """What the story holds beside the capture."""

    query: str = ""
    request_headers: Headers = ()
    reply_headers: Headers = ()
    session: Mapping[str, Any] | None = None


def story_of(record: Record) -> str:
    """The record as JSON, but for its columns and bodies. The effect's own facts stay out: they are not masked."""
    entry = record.entry
    told: dict[str, Any] = {
        "payload": (entry.content_type, entry.size, entry.sha256),
        "reply": (entry.status, entry.reply_size),
        "facts": entry.facts,
        "headers": record.request_headers,
        "reply_headers": record.reply_headers,
    }
    effect, decision = entry.effect, entry.decision
    told |= unusual(effect, decision, entry.flags, entry.attempt_of, record.query, record.session)
    return opening(effect, effect.target.path, decision, entry.fidelity) + json_of(told)[1:]


def opening(effect: Effect, path: str | None, decision: Decision, fidelity: Fidelity) -> str:
    """What comes first in a story, up to its last comma: the same for all requests that are alike."""
    target, protocol, credential = effect.target, effect.protocol, effect.credential
    where = target.scheme, target.port, target.method, path
    key = protocol, where, credential, decision.rule, decision.reason, fidelity
    known = _openings.get(key)
    if known is not None:
        return known
    told = {
        "protocol": protocol,
        "target": where,
        "credential": credential,
        "rule": decision.rule,
        "reason": decision.reason,
        "fidelity": fidelity,
    }
    opening = f"{json_of(told)[:-1]},"
    if len(opening) <= _LONGEST_KEPT:
        if len(_openings) >= _MOST_KEPT:
            _openings.clear()
        _openings[key] = opening
    return opening


def unusual(
    effect: Effect,
    decision: Decision,
    flags: tuple[str, ...],
    attempt_of: str | None,
    query: str,
    session: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What comes last in a story, and is absent from nearly all."""
    told = _present(flags=flags, attempt_of=attempt_of, query=query, session=session)
    told |= _present(recipients=effect.recipients, effect_flags=effect.flags, conflicts=effect.conflicts)
    if not effect.canonical:
        told["canonical"] = False
    if decision.leaves or decision.flags:
        told["decision"] = _departure(decision)
    return told


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _departure(decision: Decision) -> dict[str, Any]:
    """How it was to leave; a relay's own password is nobody's business here."""
    return {
        "flags": decision.flags,
        "divert": _without_user(decision.divert),
        "via": _without_user(decision.via),
        "addresses": decision.addresses,
        "expires": None if decision.expires is None else decision.expires.isoformat(),
    }


def _without_user(url: str | None) -> str | None:
    return None if url is None else _USER_INFO.sub("//", url)


def told_by(row: Mapping[Any, Any], story: str) -> tuple[Capture, Details]:
    """The capture and its details again, from the columns of `captures` and the story."""
    told = from_json(story)
    scheme, port, method, path = told["target"]
    content_type, size, sha256 = told["payload"]
    status, reply_size = told["reply"]
    recipients = told.get("recipients")
    target = {"scheme": scheme, "host": row["host"], "port": port, "method": method, "path": path}
    effect = {
        "channel": row["channel"],
        "intent": row["intent"],
        "protocol": told["protocol"],
        "target": Target.made_of(target),
        "source": row["source"],
        "run": row["run"],
        "window": row["window"],
        "provider": row["provider"],
        "operation": row["operation"],
        "address": None,
        "facts": told["facts"],
        "recipients": None if recipients is None else tuple(recipients),
        "credential": told["credential"],
        "flags": tuple(told.get("effect_flags", ())),
        "conflicts": tuple(told.get("conflicts", ())),
        "canonical": told.get("canonical", True),
    }
    capture = {
        "id": row["id"],
        "at": moment(row["at"]),
        "effect": Effect.made_of(effect),
        "decision": _decision(row, told),
        "fidelity": told["fidelity"],
        "left": bool(row["departed"]),
        "payload": Payload.made_of({"content_type": content_type, "size": size, "sha256": sha256}),
        "reply": ReplySummary.made_of({"status": status, "size": reply_size}),
        "attempt_of": told.get("attempt_of"),
        "facts": told["facts"],
        "flags": tuple(told.get("flags", ())),
    }
    return Capture.made_of(capture), _details(told)


def _decision(row: Mapping[Any, Any], told: dict[str, Any]) -> Decision:
    departure = told.get("decision", {})
    expires = departure.get("expires")
    return Decision.made_of(
        {
            "verdict": row["verdict"],
            "rule": told["rule"],
            "reason": told["reason"],
            "flags": tuple(departure.get("flags", ())),
            "divert": departure.get("divert"),
            "via": departure.get("via"),
            "addresses": tuple(departure.get("addresses", ())),
            "expires": None if expires is None else datetime.fromisoformat(expires),
        }
    )


def _details(told: dict[str, Any]) -> Details:
    return Details(
        query=told.get("query", ""),
        request_headers=tuple((name, value) for name, value in told["headers"]),
        reply_headers=tuple((name, value) for name, value in told["reply_headers"]),
        session=told.get("session"),
    )


def json_of(value: Any) -> str:
    """Compact JSON of a JSON-shaped value; strings no encoding takes are escaped rather than refused."""
    try:
        return to_json(value).decode()
    except (PydanticSerializationError, UnicodeEncodeError):
        return to_json(cleansed(value)).decode()


def cleansed(value: Any) -> Any:
    """A JSON-shaped value with every string made `plain`."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return {plain(str(key)): cleansed(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [cleansed(inner) for inner in value]
    return value


def plain(text: str) -> str:
    """Text any database takes: lone surrogates (octets that were no UTF-8) as escapes, NUL as its picture."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\u2400")
