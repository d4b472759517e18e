"""Row: a record made into what the tables take. Pure; whatever cannot be written fails here, alone, not in a batch."""

import hashlib
from dataclasses import dataclass
from typing import Any

from ledger.moment import microseconds
from ledger.record import Record
from ledger.reply import KeptObject, Replay
from ledger.story import json_of, plain, story_of
from ledger.traits import traits_of

SUBJECT_LIMIT = 400
"""Characters of a subject that filters look at; the whole one is in the story."""

ADDRESS_LIMIT = 400
_ROW_OVERHEAD = 400


@dataclass(slots=True)
class Row:
    """One capture as the tables take it, but for its `seq`, which the transaction gives."""

    capture: dict[str, Any]
    evidence: dict[str, Any]
    recipients: tuple[str, ...] = ()
    objects: tuple[dict[str, Any], ...] = ()
    replay: dict[str, Any] | None = None
    files: tuple[tuple[str, int], ...] = ()
    """(sha256, octets on disk) of the body files it names."""


def row_of(record: Record, files: tuple[tuple[str, int], ...] = ()) -> Row:
    """The record as rows. `files` are those of its bodies that the store holds already; the others go inline."""
    capture, effect = record.capture, record.capture.effect
    facts = capture.facts
    evidence = evidence_of(record, files)
    return Row(
        capture={
            "id": capture.id,
            "at": microseconds(capture.at),
            "run": plain(effect.run),
            "channel": effect.channel,
            "intent": effect.intent,
            "provider": effect.provider,
            "operation": effect.operation,
            "verdict": capture.decision.verdict,
            "departed": capture.left,
            "host": plain(effect.target.host),
            "source": effect.source,
            "sender": _folded(facts.get("from"), ADDRESS_LIMIT),
            "subject": _folded(facts.get("subject"), SUBJECT_LIMIT),
            "octets": _octets(evidence),
            "traits": traits_of(record),
            "window": effect.window,
        },
        evidence=evidence,
        recipients=_recipients(facts.get("to")),
        objects=tuple([_object(record, kept) for kept in record.keep]) if record.keep else (),
        replay=None if record.replay is None else _replay(record, record.replay),
        files=files,
    )


def evidence_of(record: Record, files: tuple[tuple[str, int], ...]) -> dict[str, Any]:
    """What is shown of one capture alone."""
    body, reply = record.kept_body, record.reply_body
    body_file = reply_file = None
    if files:
        stored = {sha256 for sha256, _ in files}
        body_file = body.sha256 if body.sha256 in stored else None
        reply_sha256 = hashlib.sha256(reply).hexdigest()
        reply_file = reply_sha256 if reply_sha256 in stored else None
    return {
        "story": story_of(record),
        "body": None if body_file or not body.data else body.data,
        "body_sha256": body_file,
        "reply_body": None if reply_file or not reply else reply,
        "reply_sha256": reply_file,
    }


def _octets(evidence: dict[str, Any]) -> int:
    return len(evidence["story"]) + len(evidence["body"] or b"") + len(evidence["reply_body"] or b"") + _ROW_OVERHEAD


def _folded(value: Any, limit: int) -> str | None:
    return plain(value[:limit].lower()) if isinstance(value, str) else None


def _recipients(to: Any) -> tuple[str, ...]:
    if to is None:
        return ()
    if isinstance(to, str):
        return (plain(to[:ADDRESS_LIMIT].lower()),)
    if not isinstance(to, (list, tuple)):
        return ()
    return tuple({plain(address[:ADDRESS_LIMIT].lower()): None for address in to if isinstance(address, str)})


def _object(record: Record, kept: KeptObject) -> dict[str, Any]:
    effect = record.capture.effect
    return {
        "run": plain(effect.run),
        "provider": effect.provider or "",
        "collection": plain(kept.collection),
        "key": plain(kept.key),
        "value": _value(kept),
    }


def _value(kept: KeptObject) -> str | None:
    if kept.encoded is not None:
        return kept.encoded.decode()
    return None if kept.value is None else json_of(kept.value)


def _replay(record: Record, replay: Replay) -> dict[str, Any]:
    return {"run": plain(record.capture.effect.run), "key": replay.key, "fingerprint": replay.fingerprint}
