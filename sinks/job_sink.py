"""JobSink: how a scheduled job is answered that must not run. Runs nothing: schedulers do."""

from ledger.reply import Reply
from sinks.passage import Passage


class JobSink:
    """A captured job is taken for one that ran well; a denied one is refused."""

    async def answer(self, passage: Passage) -> Reply:
        """Without a status: a scheduler is told in its own words, an exit code."""
        return Reply(fidelity="refused" if passage.decision.verdict == "deny" else "generic", status=0)
