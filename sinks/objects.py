"""Objects: what providers' answers created, as far as sinks need it. The ledger implements it, durably."""

from typing import Any, Protocol

from ledger.replays import StoredReply as StoredReply


class Objects(Protocol):
    """Reads what committed records kept. Each run has objects of its own."""

    async def get(self, run: str, provider: str, collection: str, key: str) -> Any | None:
        """The object's last value, or None."""
        ...

    async def list(self, run: str, provider: str, collection: str, limit: int) -> list[Any]:
        """Up to `limit` objects, newest first."""
        ...

    async def replay(self, run: str, key: str) -> StoredReply | None:
        """The first answer under a Replay's key, or None."""
        ...

    def surely_new(self, key: str, /) -> bool:
        """Whether nobody asked for a Replay's key before, here or by `replay`; False where that is not known at once.

        True once for a key: it counts as asked for from then on.
        """
        ...


class NoObjects:
    """Keeps nothing: for a gateway without a ledger, such as the examples of a pack."""

    async def get(self, run: str, provider: str, collection: str, key: str) -> Any | None:
        return None

    async def list(self, run: str, provider: str, collection: str, limit: int) -> list[Any]:
        return []

    async def replay(self, run: str, key: str) -> StoredReply | None:
        return None

    def surely_new(self, key: str) -> bool:
        return False
