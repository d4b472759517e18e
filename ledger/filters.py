"""Filters: which captures somebody asks for. All optional, combined with and (contract.md, `GET /api/captures`)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Filters:
    """`to`, `sender` and `subject` ignore case; `*` in them stands for anything, without one they match as a part."""

    run: str | None = None
    channel: str | None = None
    provider: str | None = None
    operation: str | None = None
    verdict: str | None = None
    left: bool | None = None
    host: str | None = None
    to: str | None = None
    sender: str | None = None
    subject: str | None = None
    q: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    channels: tuple[str, ...] | None = None
    """Any of these. The Inbox shows four at once."""
    trait: str | None = None
    """A flag, or `attachment` (`ledger.traits`)."""
    label: str | None = None
    """What somebody put on it: a tag, or `ledger.labels.READ`."""
    unlabelled: str | None = None
    """What nobody has put on it."""
    window: str | None = None
    """A window of a run by its id, or `none`: outside of every window."""
    after_seq: int | None = None
    """Committed after this one."""
    up_to_seq: int | None = None
    ids: tuple[str, ...] | None = None
    """These captures and no others."""
