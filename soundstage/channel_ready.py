"""A channel's end as asyncio waits for it; the inner half of a run, which starts anew each time, needs no asyncio."""

import asyncio

from soundstage.namespace_channel import Channel


async def readable(channel: Channel) -> None:
    """Return once there is something to receive, an end included."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(channel.fileno(), ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(channel.fileno())
