"""Desk: what the gateway answers on its control socket: readiness, policy, explanations, figures, removal, commits."""

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from ledger.capture import rfc3339
from policies.describe import describe
from policies.effect import UNATTRIBUTED
from policies.expectation_names import Names
from policies.explain import caution, explain
from policies.pack import Packs
from soundstage.control_server import Asked, ControlServer
from soundstage.policy_in_force import PolicyInForce
from soundstage.question import seen_in

Purge = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class Facts(Protocol):
    """The gateway's own state, asked each time."""

    def missing(self) -> list[str]:
        """Whole phrases for what is not ready; empty: ready."""
        ...

    def metrics(self) -> dict[str, float]:
        """Figures by Prometheus name."""
        ...

    def status(self) -> dict[str, Any]:
        """Addresses and open flows."""
        ...

    def commits(self) -> AsyncIterator[int]:
        """The last committed sequence number, at once and after each commit."""
        ...


class Releaser(Protocol):
    """`sinks.release.Release`."""

    async def release(self, capture_id: str, to: Sequence[str], source: str) -> dict[str, Any]: ...


class Desk:
    """One method a question."""

    def __init__(
        self,
        facts: Facts,
        policy: PolicyInForce,
        packs: Packs,
        purge: Purge,
        release: Releaser | None = None,
        more: Mapping[str, Asked] | None = None,
    ) -> None:
        self._facts = facts
        self._policy = policy
        self._packs = packs
        self._purge = purge
        self._release = release
        self._more = more or {}

    def server(self) -> ControlServer:
        """The control socket's server, answering from here."""
        answers = {
            "readiness": self._readiness,
            "policy": self._shown_policy,
            "policy_files": self._policy_files,
            "explain": self._explain,
            "names": self._names,
            "metrics": self._metrics,
            "status": self._status,
            "purge": self._purge,
            "release": self._released,
            **self._more,
        }
        return ControlServer(answers, {"commits": lambda _: self._facts.commits()})

    async def _readiness(self, given: dict[str, Any]) -> dict[str, Any]:
        missing = self._facts.missing()
        return {"ready": not missing, "missing": missing}

    async def _metrics(self, given: dict[str, Any]) -> dict[str, float]:
        return self._facts.metrics()

    async def _status(self, given: dict[str, Any]) -> dict[str, Any]:
        return self._facts.status()

    async def _shown_policy(self, given: dict[str, Any]) -> dict[str, Any]:
        policy, now = self._policy.in_force, datetime.now(UTC)
        return {
            "environment": policy.environment,
            "sources": [_anywhere(source) for source in policy.sources],
            "warnings": [str(warning) for warning in policy.warnings],
            "error": self._policy.error,
            "opt_ins": [
                {
                    "id": opt_in.id,
                    "target": opt_in.shown_target,
                    "do": opt_in.decision.verdict,
                    "why": opt_in.why,
                    "owner": opt_in.owner,
                    "expires": rfc3339(opt_in.expires),
                    "in_force": opt_in.in_force(now),
                }
                for opt_in in policy.opt_ins
            ],
        }

    async def _policy_files(self, given: dict[str, Any]) -> dict[str, Any]:
        return {
            "defaults": self._policy.in_force.defaults.model_dump(),
            "files": [{"path": str(path), "text": text} for path, text in self._policy.texts],
        }

    async def _names(self, given: dict[str, Any]) -> dict[str, Any]:
        return Names.of(self._packs).as_json()

    async def _released(self, given: dict[str, Any]) -> dict[str, Any]:
        if self._release is None:
            raise ValueError("This gateway takes no mail, so none can be released.")
        return await self._release.release(str(given["id"]), [str(one) for one in given["to"]], str(given["source"]))

    async def _explain(self, given: dict[str, Any]) -> dict[str, Any]:
        effect, known = describe(seen_in(given), self._packs, run=UNATTRIBUTED)
        if given.get("live_credential"):  # of a capture, whose credentials are removed
            effect = effect.model_copy(update={"credential": "live"})
        told = explain(self._policy.in_force, effect, datetime.now(UTC))
        return {**dataclasses.asdict(told), "opt_in": told.opt_in + caution(effect, known)}


def _anywhere(source: str) -> str:
    """A policy file's path as it is right in other folders too."""
    return str(Path(source).absolute())
