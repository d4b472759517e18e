"""The cap on what may be sent to the dashboard, also where no length was announced."""

from starlette.types import Message, Receive

from dashboard.problem import Problem

BODY_LIMIT = 1024 * 1024
"""Octets. The largest thing anybody sends here is an expectation file."""


def limited(receive: Receive) -> Receive:
    """`receive`, refusing with 413 once more than `BODY_LIMIT` octets have come."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > BODY_LIMIT:
            raise Problem(413, f"A request body may have {BODY_LIMIT} octets, this one has more.")
        return message

    return counted
