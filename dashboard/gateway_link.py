"""What the dashboard asks the gateway: only what the ledger cannot know. The transport lives in the front door."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol


class GatewayUnreachable(Exception):
    """The gateway does not answer its control socket: the operator must look at it. Nothing passes while it is down."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether listeners, policy, CA and ledger are ready; `missing` holds whole phrases for what is not."""

    ready: bool
    missing: tuple[str, ...] = ()


class Gateway(Protocol):
    """The running gateway. Every method raises GatewayUnreachable where it does not answer; values are JSON-shaped."""

    async def readiness(self) -> Readiness:
        """Asked now, never remembered."""
        ...

    async def policy(self) -> dict[str, Any]:
        """The policy in force.

        `{"environment": str | None, "sources": [str], "warnings": [str], "error": str | None (of the last reload),
        "opt_ins": [{"id", "target", "do", "why", "owner", "expires" (RFC 3339), "in_force": bool}]}`
        """
        ...

    async def policy_files(self) -> dict[str, Any]:
        """The files that the policy in force was made of, as they were loaded.

        `{"files": [{"path", "text"}], "defaults": {channel: "capture" | "deny", "web": {"write", "read"}}}`
        """
        ...

    async def explain(self, request: dict[str, Any]) -> dict[str, Any]:
        """`{"verdict", "rule", "reason", "opt_in"}` of `{"method", "url", "headers"}`, `{"email": {...}}` or `{"job"}`.

        Raises ValueError with a whole sentence where the question itself is wrong.
        """
        ...

    async def metrics(self) -> dict[str, float]:
        """Gauges and counters by Prometheus name, such as `soundstage_open_flows`."""
        ...

    def commits(self) -> AsyncIterator[int]:
        """The sequence number last committed, pushed after each commit; the first at once."""
        ...

    async def purge(self, filters: dict[str, Any]) -> dict[str, Any]:
        """Remove what matches (fields of `ledger.filters.Filters` that are set, times in RFC 3339).

        `{"removed": int}`, or a whole sentence: `{"refused": str}` where a run that is still open would lose evidence,
        `{"unavailable": str}` where the ledger cannot be written, after some of it, perhaps.
        """
        ...

    async def release(self, capture_id: str, to: list[str], source: str) -> dict[str, Any]:
        """Hand a captured mail to the gate again, for these recipients, asked by somebody at the address `source`.

        `{"capture", "verdict", "rule", "reason", "left": bool, "status": int | None}` of the new capture. Raises
        ValueError with a whole sentence where it cannot be tried.
        """
        ...

    async def hand_in(self, sender: str, to: list[str], octets: bytes, source: str) -> dict[str, Any]:
        """Pass a mail that a program handed to the API through the gate, as if it had come over SMTP.

        Answers as `release` does. Raises ValueError with a whole sentence where it cannot be tried.
        """
        ...

    async def schedule(self, job: dict[str, Any]) -> dict[str, Any]:
        """Whether a scheduled job may run: `{"run": bool, "capture", "verdict", "rule", "reason"}`, recorded already.

        `job`: `{"job", "program", "user", "machine", "scheduler", "source"}`. `{"unrecorded": why}` alone where it
        cannot be recorded; the job must not run then. Raises ValueError with a whole sentence where it is no job.
        """
        ...

    async def ask_run(self, question: str, given: dict[str, Any], patience: float) -> dict[str, Any]:
        """A question about runs, by its name (`dashboard.runs_link`), answered within `patience` seconds.

        `{"problem": {"status", "detail"}}` for what the caller must change.
        """
        ...

    async def status(self) -> dict[str, Any]:
        """`{"addresses": {"proxy": "127.0.0.1:8080", ...}, "open_flows": int}`: contract.md, `addresses.json`."""
        ...
