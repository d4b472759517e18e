"""The shapes of answers, for the OpenAPI document alone: what is sent is made from captures, not from these."""

from typing import Any

from pydantic import BaseModel

from ledger.capture import Payload, ReplySummary
from ledger.reply import Fidelity
from policies.decision import Verdict
from policies.effect import Channel, Intent, Target


class CaptureShape(BaseModel):
    """One capture in a list."""

    id: str
    at: str
    run: str
    window: str | None = None
    source: str
    channel: Channel
    intent: Intent
    provider: str | None
    operation: str | None
    protocol: str
    target: Target
    verdict: Verdict
    rule: str
    reason: str
    fidelity: Fidelity
    left: bool
    facts: dict[str, Any]
    flags: list[str]
    payload: Payload
    reply: ReplySummary
    attempt_of: str | None = None


class CapturePage(BaseModel):
    """Newest first."""

    items: list[CaptureShape]
    next: str | None


class PartShape(BaseModel):
    """One MIME part, to be had at `/api/captures/{id}/parts/{n}`."""

    n: int
    content_type: str
    filename: str | None
    size: int
    sha256: str
    content_id: str | None
    inline: bool


class CaptureDetail(CaptureShape):
    """One capture with everything kept of it. The last six are there for mails; of one handed to a provider's API,
    `parts` and `attachments` where files are found in it."""

    query: str
    headers: list[tuple[str, str]]
    reply_headers: list[tuple[str, str]]
    body: str | None = None
    reply_body: str | None = None
    session: dict[str, Any] | None = None
    parts: list[PartShape] | None = None
    html: str | None = None
    text: str | None = None
    links: list[str] | None = None
    codes: list[str] | None = None
    attachments: list[PartShape] | None = None


class Removed(BaseModel):
    """How many captures are gone."""

    removed: int


class Explanation(BaseModel):
    """What would happen, and what to write to opt in."""

    verdict: Verdict
    rule: str
    reason: str
    opt_in: str


class ProblemShape(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str


class TimedOut(ProblemShape):
    """A wait that ended without enough: what was seen, beside the problem."""

    items: list[CaptureShape]
    next: str | None


class Ready(BaseModel):
    """`missing`, whole phrases for what is not ready, is told to those with credentials alone."""

    ready: bool
    missing: list[str] | None = None
