"""Row: a record made into what the tables take. Pure; whatever cannot be written fails here, alone, not in a batch."""

import hashlib
from dataclasses import dataclass
from typing import Any, NamedTuple

from ledger.kept import ObjectChange, changes_of, kept_text
from ledger.moment import microseconds
from ledger.record import Record
from ledger.story import plain, story_of
from ledger.traits import traits_of

SUBJECT_LIMIT = 400
"""Characters of a subject that filters look at; the whole one is in the story."""

ADDRESS_LIMIT = 400
_ROW_OVERHEAD = 400


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


@dataclass(slots=True)
class Row:
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
    evidence = evidence_of(record, files)
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
            _folded(facts.get("from"), ADDRESS_LIMIT),
            _folded(facts.get("subject"), SUBJECT_LIMIT),
            _octets(evidence),
            traits_of(record),
            effect.window,
        ),
        evidence,
        _recipients(facts.get("to")),
        changes_of(record.keep, run, effect.provider) if record.keep else (),
        None if replay is None else (run, replay.key, replay.fingerprint),
        files,
    )


def evidence_of(record: Record, files: tuple[tuple[str, int], ...]) -> EvidenceColumns:
    """What is shown of one capture alone."""
    body, reply = record.kept_body, record.reply_body
    body_file = reply_file = None
    if files:
        stored = {sha256 for sha256, _ in files}
        body_file = body.sha256 if body.sha256 in stored else None
        reply_sha256 = hashlib.sha256(reply).hexdigest()
        reply_file = reply_sha256 if reply_sha256 in stored else None
    return EvidenceColumns(
        story_of(record),
        None if body_file or not body.data else body.data,
        body_file,
        None if reply_file or not reply else reply,
        reply_file,
        # The answer of a departure is yet to come.
        kept_text(record.keep, record.replay, None if reply_file or record.entry.left else reply),
    )


def _octets(evidence: EvidenceColumns) -> int:
    return (
        len(evidence.story)
        + len(evidence.body or b"")
        + len(evidence.reply_body or b"")
        + len(evidence.kept or "")
        + _ROW_OVERHEAD
    )


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
