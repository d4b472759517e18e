"""Stage: collections over a scope, and what can be said of all of it. `Soundstage`, runs and windows are stages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_soundstage.collection import CHANNELS, AsyncCollection, Collection, fetching
from pytest_soundstage.scope import Scope, settle
from pytest_soundstage.search import nothing_else, nothing_left
from pytest_soundstage.wire import AsyncWire, Wire

__tracebackhide__ = True


class Stage:
    """What was captured in a scope, by channel."""

    email: Collection
    sms: Collection
    push: Collection
    payments: Collection
    webhooks: Collection
    chat: Collection
    storage: Collection
    queue: Collection
    schedule: Collection
    web: Collection
    dns: Collection
    sockets: Collection
    everything: Collection

    def __init__(self, wire: Wire, scope: Scope) -> None:
        self.wire, self.scope = wire, scope
        fetch = fetching(wire.place)
        for name, channel in CHANNELS.items():
            setattr(self, name, Collection(wire, fetch, scope, channel))

    def settle(self) -> None:
        """Wait until the application is quiet. Raises Inconclusive where it does not become so."""
        self.wire.run(settle(self.scope))

    def assert_nothing_else(self) -> None:
        """AssertionError for side effects no earlier call has looked at: writes and raw connections, nothing else."""
        self.wire.run(nothing_else(self.wire.place, self.scope))

    def assert_nothing_left(self) -> None:
        """AssertionError for anything of which bytes may have gone to a real destination."""
        self.wire.run(nothing_left(self.wire.place, self.scope))


class AsyncStage:
    """What was captured in a scope, by channel; to be awaited."""

    email: AsyncCollection
    sms: AsyncCollection
    push: AsyncCollection
    payments: AsyncCollection
    webhooks: AsyncCollection
    chat: AsyncCollection
    storage: AsyncCollection
    queue: AsyncCollection
    schedule: AsyncCollection
    web: AsyncCollection
    dns: AsyncCollection
    sockets: AsyncCollection
    everything: AsyncCollection

    def __init__(self, wire: AsyncWire, scope: Scope) -> None:
        self.wire, self.scope = wire, scope
        fetch = fetching(wire.place)
        for name, channel in CHANNELS.items():
            setattr(self, name, AsyncCollection(wire, fetch, scope, channel))

    async def settle(self) -> None:
        """Wait until the application is quiet. Raises Inconclusive where it does not become so."""
        await self.wire.run(settle(self.scope))

    async def assert_nothing_else(self) -> None:
        """AssertionError for side effects no earlier call has looked at: writes and raw connections, nothing else."""
        await self.wire.run(nothing_else(self.wire.place, self.scope))

    async def assert_nothing_left(self) -> None:
        """AssertionError for anything of which bytes may have gone to a real destination."""
        await self.wire.run(nothing_left(self.wire.place, self.scope))


def window_scope(of: Scope, told: Any) -> Scope:
    """The scope of a window that was opened in another's run."""
    fresh: dict[str, Any] = {"claimed": set(), "waited": set(), "details": {}, "denied": []}
    return replace(of, window=told["id"], name=told["name"], opened_at=told["opened_at"], **fresh)


def same_for_async(stage: Stage) -> AsyncStage:
    """The same scope, with the same claims, to be awaited."""
    return AsyncStage(AsyncWire(stage.wire.place), stage.scope)
