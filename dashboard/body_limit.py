"""The cap on what may be sent to the dashboard, also where no length was announced."""

from starlette.types import Message, Receive

from dashboard.problem import Problem

BODY_LIMIT = 1024 * 1024
"""Octets. The largest thing anybody sends here is an expectation file."""


class LimitedBody:
    """A request's `receive` that stops at `BODY_LIMIT`."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._seen = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        self.check()
        return message

    def check(self) -> None:
        """Raise 413 where too much came. Asked again before answering: frameworks tell a failed read as a 400."""
        if self._seen > BODY_LIMIT:
            raise Problem(413, f"A request body may have {BODY_LIMIT} octets, this one has more.")
