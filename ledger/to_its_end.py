"""to_its_end: a call that blocks, in a thread of its own, which has ended when this has."""

import asyncio
from collections.abc import Callable


async def to_its_end[Result](call: Callable[[], Result]) -> Result:
    """What it returns or raises. Cancelled, this ends with the call all the same: what it uses may be closed next."""
    working = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.gather(working, return_exceptions=True)
        raise
