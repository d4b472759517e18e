"""Emulator: a stateful stand-in for a provider, which a pack names instead of writing answers. Only its interface."""

from typing import Protocol

from ledger.reply import Reply
from sinks.passage import Passage


class EmulatorUnavailable(Exception):
    """There is no proved emulator now: its request is refused, never answered by guess."""


class Emulator(Protocol):
    """Answers captured requests of one provider. Dials nothing but its own process."""

    async def answer(self, passage: Passage) -> Reply:
        """The provider's answer. A body with a `path` is read from there in pieces, never held whole.

        Raises EmulatorUnavailable.
        """
        ...
