"""PagePart: the piece of a page that is drawn anew when what it shows has changed."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Told = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class PagePart:
    """Asked about once a second for each open page, and drawn only when `news` is other than before."""

    template: str
    news: Told
    """Equal for as long as there is nothing else to see. Cheap, and without what time alone changes."""
    values: Callable[[], Awaitable[dict[str, Any]]]
    """What the template is given."""

    async def drawn(self) -> dict[str, Any]:
        """The values, with the mark of what they show. News first: what comes in between is then drawn twice."""
        seen = mark(await self.news())
        return {"mark": seen, **await self.values()}


def mark(news: Any) -> int:
    """A number for it, of at most 17 digits: an event id that says what a page shows, also after a lost connection."""
    return int.from_bytes(hashlib.sha256(repr(news).encode("utf-8", "surrogatepass")).digest()[:7])
