"""Partner: real servers in the world, at addresses of their own, which log what is opted in and arrives."""

import asyncio
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from battery_attempt import PARTNER, PARTNER_H2, PARTNER_V6
from leak_house import OPEN, SECOND
from stand_in import Place, standing_in

HTTP2 = "http2.story.test"
SIX = "six.story.test"


class Partner:
    """Serves from a thread in the world's network namespace until it is closed."""

    def __init__(self, namespace: str, folder: Path) -> None:
        self._namespace, self._folder = namespace, folder
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self.places: Sequence[Place] = ()
        self.ca = folder / "ca.pem"
        self._thread.start()
        assert self._ready.wait(60), "the world's servers did not start"

    def requests(self) -> list[bytes]:
        """Every request that arrived, as it arrived, in no order."""
        return sorted(request for place in self.places for request in place.requests)

    def close(self) -> None:
        """End them."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def _serve(self) -> None:
        with open(f"/run/netns/{self._namespace}") as place:  # noqa: PTH123 - a descriptor is what setns takes
            os.setns(place.fileno(), os.CLONE_NEWNET)
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._stand())

    async def _stand(self) -> None:
        async with standing_in(self._folder) as stand_in:
            self.ca = stand_in.ca.path
            self.places = (
                await stand_in.http(address=PARTNER, port=80),
                await stand_in.http(address=PARTNER, port=443, tls=OPEN),
                await stand_in.http(address=PARTNER_V6, port=80),
                await stand_in.http(address=PARTNER_V6, port=443, tls=SIX),
                await stand_in.http2(address=PARTNER_H2, port=443, name=HTTP2),
            )
            self._ready.set()
            await self._over.wait()


def hosts() -> str:
    """The hosts file of what is opted in, and of names that mean what nothing opens."""
    named = {
        PARTNER: (OPEN, SECOND, "x.below.story.test"),
        PARTNER_V6: (SIX,),
        PARTNER_H2: (HTTP2,),
        "169.254.169.254": ("to-metadata.story.test",),
        "127.0.0.1": ("to-loopback.story.test",),
        "10.77.0.2": ("to-staging.story.test",),
    }
    return "".join(f"{address} {' '.join(names)}\n" for address, names in named.items())
