"""HandedOver: what programs hand to the API and the dashboard passes on to the gateway: mails, and scheduled jobs."""

import base64
import re
from typing import Any, Protocol

from ledger.reply import Reply
from ledger.trouble import LedgerUnavailable
from policies.scheduled_job import SCHEDULERS, ScheduledJob
from sinks.gate import NotReady
from sinks.handed_in import HandedIn
from sinks.passage import Departure, Outcome, Seen
from soundstage.control_server import Asked

JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:/-]{0,99}\Z")
WORDS_LIMIT = 255
"""Characters of a program's, a user's or a machine's name that are kept."""
_RAN = Reply(fidelity="real", status=0)


class Taker(Protocol):
    """The gate."""

    async def take(self, seen: Seen) -> Outcome: ...


class HandedOver:
    """Answers of the control socket, each by way of the gate."""

    def __init__(self, gate: Taker, mails: HandedIn | None) -> None:
        self._gate = gate
        self._mails = mails

    def answers(self) -> dict[str, Asked]:
        """By the names of the questions."""
        return {"hand_in": self._mail, "schedule": self._job}

    async def _mail(self, given: dict[str, Any]) -> dict[str, Any]:
        if self._mails is None:
            raise ValueError("This gateway takes no mail, so none can be handed in.")
        octets = base64.b64decode(given["octets"])
        to = [str(one) for one in given["to"]]
        return await self._mails.hand_in(str(given["sender"]), to, octets, str(given["source"]))

    async def _job(self, given: dict[str, Any]) -> dict[str, Any]:
        """Recorded before it is answered: a job that may run counts as one that did.

        `{"unrecorded": why}` where it could not be: then it must not run.
        """
        job = job_of(given)
        try:
            outcome = await self._gate.take(job)
            if isinstance(outcome, Departure):
                await outcome.settle(True, _RAN)
        except (LedgerUnavailable, NotReady) as error:
            return {"unrecorded": str(error)}
        decision = outcome.decision
        return {
            "run": decision.verdict == "allow",
            "capture": outcome.capture_id,
            "verdict": decision.verdict,
            "rule": decision.rule,
            "reason": decision.reason,
        }


def job_of(given: dict[str, Any]) -> ScheduledJob:
    """What was asked about. ValueError, a whole sentence, where it is no job."""
    name, asking = str(given.get("job") or ""), given.get("scheduler") or "cron"
    if not JOB_NAME.match(name):
        raise ValueError(f"{name[:120]!a} is no job's name: letters, digits and . _ @ : / - make one, 100 at most.")
    scheduler = next((one for one in SCHEDULERS if one == asking), None)
    if scheduler is None:
        raise ValueError(f"{str(asking)[:80]!a} is no scheduler; known are {', '.join(SCHEDULERS)}.")
    return ScheduledJob(
        name=name,
        program=_word(given, "program"),
        user=_word(given, "user"),
        machine=_word(given, "machine"),
        source=str(given.get("source") or ""),
        scheduler=scheduler,
    )


def _word(given: dict[str, Any], name: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in str(given.get(name) or ""))[:WORDS_LIMIT]
