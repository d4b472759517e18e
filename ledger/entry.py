"""Entry: what is written down of one capture, as its row and its story take it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ledger.capture import Capture, Payload, ReplySummary
from ledger.reply import Fidelity
from policies.decision import Decision
from policies.effect import Effect


class Entry(NamedTuple):
    """The fields of a `Capture`, flat: one value where a capture is three that are made to be looked at."""

    id: str
    at: datetime
    effect: Effect
    decision: Decision
    fidelity: Fidelity
    left: bool
    content_type: str | None
    size: int
    sha256: str | None
    status: int | None
    reply_size: int
    attempt_of: str | None
    facts: Mapping[str, Any]
    flags: tuple[str, ...]

    @classmethod
    def of(cls, capture: Capture) -> "Entry":
        payload, reply = capture.payload, capture.reply
        return cls(
            capture.id,
            capture.at,
            capture.effect,
            capture.decision,
            capture.fidelity,
            capture.left,
            payload.content_type,
            payload.size,
            payload.sha256,
            reply.status,
            reply.size,
            capture.attempt_of,
            capture.facts,
            capture.flags,
        )

    def capture(self) -> Capture:
        payload = {"content_type": self.content_type, "size": self.size, "sha256": self.sha256}
        return Capture.made_of(
            {
                "id": self.id,
                "at": self.at,
                "effect": self.effect,
                "decision": self.decision,
                "fidelity": self.fidelity,
                "left": self.left,
                "payload": Payload.made_of(payload),
                "reply": ReplySummary.made_of({"status": self.status, "size": self.reply_size}),
                "attempt_of": self.attempt_of,
                "facts": self.facts,
                "flags": self.flags,
            }
        )
