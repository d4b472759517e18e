"""TerseSink: what is recorded and gets no answer made here: raw connections are closed, names answered elsewhere."""

from ledger.reply import Reply
from sinks.passage import Passage


class TerseSink:
    """Says only how a `RawConnection` or a `DnsQuestion` ended. Dials nothing."""

    async def answer(self, passage: Passage) -> Reply:
        """A refusal without a status: its own protocol's words, if it has any, are the listener's."""
        return Reply(fidelity="refused", status=0)
