"""Row: a record made into what the tables take. Pure; whatever cannot be written fails here, alone, not in a batch."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from ledger.capture import Capture
from ledger.moment import microseconds
from ledger.record import Record
from ledger.reply import KeptObject, Replay

SUBJECT_LIMIT = 400
"""Characters of a subject that filters look at; the whole one is in the story."""

ADDRESS_LIMIT = 400
_USER_INFO = re.compile(r"//[^/@]*@")
_STORY_EXCLUDES = {"effect": {"facts"}}


@dataclass(slots=True)
class Row:
    """One capture as the tables take it, but for its `seq`, which the transaction gives."""

    capture: dict[str, Any]
    evidence: dict[str, Any]
    recipients: tuple[str, ...] = ()
    objects: list[dict[str, Any]] = field(default_factory=list)
    replay: dict[str, Any] | None = None
    files: tuple[tuple[str, int], ...] = ()
    """(sha256, octets on disk) of the body files it names."""


def row_of(record: Record, files: tuple[tuple[str, int], ...] = ()) -> Row:
    """The record as rows. `files` are those of its bodies that the store holds already; the others go inline."""
    capture, effect = record.capture, record.capture.effect
    facts = capture.facts
    stored = {sha256 for sha256, _ in files}
    evidence = evidence_of(record, stored)
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
        },
        evidence=evidence,
        recipients=_recipients(facts.get("to")),
        objects=[_object(record, kept) for kept in record.keep],
        replay=None if record.replay is None else _replay(record, record.replay),
        files=files,
    )


def evidence_of(record: Record, stored: set[str]) -> dict[str, Any]:
    """What is shown of one capture alone."""
    body, reply = record.kept_body, record.reply_body
    body_filed = body.sha256 in stored
    reply_sha256 = sha256_of(reply) if stored else ""
    reply_filed = reply_sha256 in stored
    return {
        "story": story_of(record.capture),
        "details": _details(record),
        "body": None if body_filed or not body.data else body.data,
        "body_sha256": body.sha256 if body_filed else None,
        "reply_body": None if reply_filed or not reply else reply,
        "reply_sha256": reply_sha256 if reply_filed else None,
    }


def story_of(capture: Capture) -> str:
    """The capture as JSON. The effect's own facts stay out: only the capture's are masked."""
    via, divert = capture.decision.via, capture.decision.divert
    if (via and "@" in via) or (divert and "@" in divert):
        update = {"via": _without_user(via), "divert": _without_user(divert)}
        capture = capture.model_copy(update={"decision": capture.decision.model_copy(update=update)})
    try:
        return capture.model_dump_json(exclude=_STORY_EXCLUDES)
    except PydanticSerializationError:
        kept = cleansed(capture.model_dump(exclude=_STORY_EXCLUDES))
        return to_json(kept).decode()


def plain(text: str) -> str:
    """Text any database takes: lone surrogates (octets that were no UTF-8) as escapes, NUL as its picture."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\u2400")


def cleansed(value: Any) -> Any:
    """A JSON-shaped value with every string made `plain`."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {plain(str(key)): cleansed(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [cleansed(inner) for inner in value]
    return value


def sha256_of(data: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


def json_of(value: Any) -> str:
    """Compact JSON of a JSON-shaped value; strings no encoding takes are escaped rather than refused."""
    try:
        return to_json(value).decode()
    except PydanticSerializationError:
        return to_json(cleansed(value)).decode()


def _details(record: Record) -> str:
    return json_of([record.query, record.request_headers, record.reply_headers, record.session])


def _without_user(url: str | None) -> str | None:
    return None if url is None else _USER_INFO.sub("//", url)


def _octets(evidence: dict[str, Any]) -> int:
    size = len(evidence["story"]) + len(evidence["details"]) + 400
    return size + len(evidence["body"] or b"") + len(evidence["reply_body"] or b"")


def _folded(value: Any, limit: int) -> str | None:
    if not isinstance(value, str):
        return None
    return plain(value[:limit].lower())


def _recipients(to: Any) -> tuple[str, ...]:
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
        "value": None if kept.value is None else json_of(kept.value),
    }


def _replay(record: Record, replay: Replay) -> dict[str, Any]:
    return {"run": plain(record.capture.effect.run), "key": replay.key, "fingerprint": replay.fingerprint}
