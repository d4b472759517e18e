"""Recorded: what a ledger was given, in one form."""

from ledger.record import Record
from ledger.row import Row, row_of
from ledger.story import told_by
from policies.body import Body


def record_of(written: Record | Row) -> Record:
    """The record; of a row what it says is read again."""
    if isinstance(written, Record):
        return written
    capture, details = told_by(written.capture._asdict(), written.evidence.story)
    evidence = written.evidence
    return Record(
        capture,
        Body.of(evidence.body or b""),
        details.query,
        details.request_headers,
        details.reply_headers,
        evidence.reply_body or b"",
    )


def row_written(written: Record | Row) -> Row:
    """The row that is written."""
    return row_of(written) if isinstance(written, Record) else written
