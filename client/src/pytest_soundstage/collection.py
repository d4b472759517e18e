"""Collections: the captures of one channel, as a test asks for them; waiting (Collection), awaiting (AsyncCollection).

The keywords are those of `match.py`.
"""

from __future__ import annotations

from typing import Any

from pytest_soundstage.ask import Ask, Steps
from pytest_soundstage.captured import Captured, Fetch
from pytest_soundstage.place import Place
from pytest_soundstage.scope import Scope
from pytest_soundstage.search import Search
from pytest_soundstage.wire import AsyncWire, Wire

__tracebackhide__ = True

CHANNELS = {
    "email": "email",
    "sms": "sms",
    "push": "push",
    "payments": "payment",
    "webhooks": "webhook",
    "chat": "chat",
    "storage": "storage",
    "queue": "queue",
    "schedule": "schedule",
    "web": "web",
    "dns": "dns",
    "sockets": "socket",
    "everything": None,
}
"""The collections of a stage by name, and the channel of each."""


class Collection:
    """The captures of one channel."""

    def __init__(self, wire: Wire, fetch: Fetch, scope: Scope, channel: str | None) -> None:
        self._wire, self._fetch = wire, fetch
        self._search = Search(wire.place, scope, channel)

    def wait_for(self, *, timeout: float | None = None, **match: Any) -> Captured:
        """The next that fits, when it is captured; never the same twice. AssertionError after `timeout` seconds."""
        return self._made(self._wire.run(self._search.wait_for(timeout, match)))

    def one(self, *, timeout: float | None = None, **match: Any) -> Captured:
        """The only one that fits. AssertionError where there is none after `timeout` seconds, or more than one."""
        return self._made(self._wire.run(self._search.one(timeout, match)))

    def all(self, **match: Any) -> list[Captured]:
        """Every one that fits, oldest first, once the application is quiet."""
        return [self._made(one) for one in self._wire.run(self._search.all_in_detail(match))]

    def count(self, **match: Any) -> int:
        """How many fit, once the application is quiet."""
        return self._wire.run(self._search.count(match))

    def none(self, **match: Any) -> None:
        """AssertionError where one fits. First waits until the application is quiet, else it is Inconclusive."""
        self._wire.run(self._search.none(match))

    def _made(self, detail: Any) -> Captured:
        return Captured(detail, self._wire.place.page(detail["id"]), self._fetch)


class AsyncCollection:
    """The captures of one channel."""

    def __init__(self, wire: AsyncWire, fetch: Fetch, scope: Scope, channel: str | None) -> None:
        self._wire, self._fetch = wire, fetch
        self._search = Search(wire.place, scope, channel)

    async def wait_for(self, *, timeout: float | None = None, **match: Any) -> Captured:
        """The next that fits, when it is captured; never the same twice. AssertionError after `timeout` seconds."""
        return self._made(await self._wire.run(self._search.wait_for(timeout, match)))

    async def one(self, *, timeout: float | None = None, **match: Any) -> Captured:
        """The only one that fits. AssertionError where there is none after `timeout` seconds, or more than one."""
        return self._made(await self._wire.run(self._search.one(timeout, match)))

    async def all(self, **match: Any) -> list[Captured]:
        """Every one that fits, oldest first, once the application is quiet."""
        return [self._made(one) for one in await self._wire.run(self._search.all_in_detail(match))]

    async def count(self, **match: Any) -> int:
        """How many fit, once the application is quiet."""
        return await self._wire.run(self._search.count(match))

    async def none(self, **match: Any) -> None:
        """AssertionError where one fits. First waits until the application is quiet, else it is Inconclusive."""
        await self._wire.run(self._search.none(match))

    def _made(self, detail: Any) -> Captured:
        return Captured(detail, self._wire.place.page(detail["id"]), self._fetch)


def fetching(place: Place) -> Fetch:
    """Fetches octets of the API, waiting: also in async code, where a part of a mail takes a few milliseconds."""

    def steps(path: str) -> Steps[bytes]:
        octets: bytes = (yield Ask("GET", path, raw=True)).value
        return octets

    def fetch(path: str) -> bytes:
        wire = Wire(place)
        try:
            return wire.run(steps(path))
        finally:
            wire.close()

    return fetch
