"""PagePart: the piece of a page that is drawn anew when what it shows has changed."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PagePart:
    """Asked about once a second for each open page, and drawn only when `news` is other than before."""

    template: str
    news: Callable[[], Awaitable[Any]]
    """Equal for as long as there is nothing else to see. Cheap, and without what time alone changes."""
    values: Callable[[Any], Awaitable[dict[str, Any]]]
    """What the template is given, from the news; what is added to it came no earlier."""

    async def drawn(self) -> dict[str, Any]:
        """The values, with the mark of what they show."""
        news = await self.news()
        return {"mark": mark(news), **await self.values(news)}


async def as_it_is(news: Any) -> dict[str, Any]:
    """For news that are the values."""
    return dict(news)


def mark(news: Any) -> int:
    """A number for it, of at most 17 digits: an event id that says what a page shows, also after a lost connection."""
    return int.from_bytes(hashlib.sha256(repr(news).encode("utf-8", "surrogatepass")).digest()[:7])
