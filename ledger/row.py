"""Row: a record made into what the tables take. Pure; whatever cannot be written fails here, alone, not in a batch."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from ledger.kept import ObjectChange, kept_of
from ledger.moment import microseconds
from ledger.record import Record
from ledger.story import plain, story_of
from ledger.traits import traits_of

SUBJECT_LIMIT = 400
"""Characters of a subject that filters look at; the whole one is in the story."""

ADDRESS_LIMIT = 400
ROW_OVERHEAD = 400
"""Octets a row takes on disk beside its texts and bodies, about."""


class CaptureColumns(NamedTuple):
    """What `captures` takes after `seq`, in its order."""

    id: str
    at: int
    run: str
    channel: str
    intent: str
    provider: str | None
    operation: str | None
    verdict: str
    departed: bool
    host: str
    source: str
    sender: str | None
    subject: str | None
    octets: int
    traits: str | None
    window: str | None


class EvidenceColumns(NamedTuple):
    """What `evidence` takes after `seq`, in its order: what is shown of one capture alone."""

    story: str
    body: bytes | None
    body_sha256: str | None
    reply_body: bytes | None
    reply_sha256: str | None
    kept: str | None = None


class Row(NamedTuple):
    """One capture as the tables take it, but for its `seq`, which the transaction gives."""

    capture: CaptureColumns
    evidence: EvidenceColumns
    recipients: tuple[str, ...] = ()
    objects: tuple[ObjectChange, ...] = ()
    replay: tuple[str, str, str] | None = None
    """What `replays` takes before `seq`, in its order: run, key, fingerprint."""
    files: tuple[tuple[str, int], ...] = ()
    """(sha256, octets on disk) of the body files it names."""


def row_of(record: Record, files: tuple[tuple[str, int], ...] = ()) -> Row:
    """The record as rows. `files` are those of its bodies that the store holds already; the others go inline."""
    entry, replay = record.entry, record.replay
    effect, facts = entry.effect, entry.facts
    evidence, objects = _evidence_and_objects(record, files)
    run = plain(effect.run)
    return Row(
        CaptureColumns(
            entry.id,
            microseconds(entry.at),
            run,
            effect.channel,
            effect.intent,
            effect.provider,
            effect.operation,
            entry.decision.verdict,
            entry.left,
            plain(effect.target.host),
            effect.source,
            sender_of(facts),
            subject_of(facts),
            octets_of(evidence),
            traits_of(entry.flags, effect.channel, entry.content_type, record.kept_body),
            effect.window,
        ),
        evidence,
        recipients_of(facts),
        objects,
        None if replay is None else (run, replay.key, replay.fingerprint),
        files,
    )


def evidence_of(record: Record, files: tuple[tuple[str, int], ...]) -> EvidenceColumns:
    """What is shown of one capture alone."""
    return _evidence_and_objects(record, files)[0]


def _evidence_and_objects(
    record: Record, files: tuple[tuple[str, int], ...]
) -> tuple[EvidenceColumns, tuple[ObjectChange, ...]]:
    body, reply, effect = record.kept_body, record.reply_body, record.entry.effect
    body_file = reply_file = None
    if files:
        stored = {sha256 for sha256, _ in files}
        body_file = body.sha256 if body.sha256 in stored else None
        reply_sha256 = hashlib.sha256(reply).hexdigest()
        reply_file = reply_sha256 if reply_sha256 in stored else None
    # The answer of a departure is yet to come.
    answer = None if reply_file or record.entry.left else reply
    kept, objects = kept_of(record.keep, record.replay, answer, plain(effect.run), effect.provider or "")
    evidence = EvidenceColumns(
        story_of(record),
        None if body_file or not body.data else body.data,
        body_file,
        None if reply_file or not reply else reply,
        reply_file,
        kept,
    )
    return evidence, objects


def octets_of(evidence: EvidenceColumns) -> int:
    """About what a capture takes in the database, its files not counted."""
    return (
        len(evidence.story)
        + len(evidence.body or b"")
        + len(evidence.reply_body or b"")
        + len(evidence.kept or "")
        + ROW_OVERHEAD
    )


def sender_of(facts: Mapping[str, Any]) -> str | None:
    """Whom it is from, as filters compare it."""
    return _folded(facts.get("from"), ADDRESS_LIMIT)


def subject_of(facts: Mapping[str, Any]) -> str | None:
    """What it is about, as filters compare it."""
    return _folded(facts.get("subject"), SUBJECT_LIMIT)


def recipients_of(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Each whom it is to, as filters compare them."""
    to = facts.get("to")
    if to is None:
        return ()
    if isinstance(to, str):
        return (plain(to[:ADDRESS_LIMIT].lower()),)
    if not isinstance(to, (list, tuple)):
        return ()
    return tuple({plain(address[:ADDRESS_LIMIT].lower()): None for address in to if isinstance(address, str)})


def _folded(value: Any, limit: int) -> str | None:
    return plain(value[:limit].lower()) if isinstance(value, str) else None
