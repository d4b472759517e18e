"""Capture: the whole story of one effect, as it is kept and as contract.md shows it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ledger.reply import Fidelity
from policies.decision import Decision
from policies.effect import Effect
from policies.frozen import Frozen


class Payload(Frozen):
    """What `/raw` returns of a capture, described."""

    content_type: str | None = None
    size: int = 0
    sha256: str | None = None


class ReplySummary(Frozen):
    """What the application was answered, described."""

    status: int | None = None
    size: int = 0


class Capture(Frozen):
    """`Effect`, `Decision` and `Reply` of one passage, made safe to keep."""

    id: str
    """UUIDv7, so that ids sort by time."""
    at: datetime
    effect: Effect
    decision: Decision
    fidelity: Fidelity
    left: bool
    """True from before anything is dialled until it is known that no byte went."""
    payload: Payload = Payload()
    reply: ReplySummary = ReplySummary()
    attempt_of: str | None = None
    facts: Mapping[str, Any] = {}
    """The effect's facts with the reply's, masked."""
    flags: tuple[str, ...] = ()

    def as_contract(self) -> dict[str, Any]:
        """The JSON object of contract.md."""
        effect, decision = self.effect, self.decision
        shown: dict[str, Any] = {
            "id": self.id,
            "at": rfc3339(self.at),
            "run": effect.run,
            "source": effect.source,
            "channel": effect.channel,
            "intent": effect.intent,
            "provider": effect.provider,
            "operation": effect.operation,
            "protocol": effect.protocol,
            "target": {name: value for name, value in vars(effect.target).items() if value is not None},
            "verdict": decision.verdict,
            "rule": decision.rule,
            "reason": decision.reason,
            "fidelity": self.fidelity,
            "left": self.left,
            "facts": dict(self.facts),
            "flags": list(self.flags),
            "payload": dict(vars(self.payload)),
            "reply": dict(vars(self.reply)),
        }
        if effect.window is not None:
            shown["window"] = effect.window
        if self.attempt_of is not None:
            shown["attempt_of"] = self.attempt_of
        return shown


def rfc3339(at: datetime) -> str:
    """`2026-11-22T10:15:30.123456Z`: UTC, microseconds always."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
