"""PackContext: the values a pack's expressions can name while one request is described or answered."""

from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from policies.pack_generator import Generator
from policies.request_view import RequestView


class PackContext:
    """Made for one request. `names` holds what `let` (as `written_code.LETS` say) and loops have named so far."""

    __slots__ = ("at", "body", "capture", "gen", "i", "names", "now", "obj", "objs", "reason", "req", "x")

    def __init__(
        self,
        req: RequestView,
        at: datetime,
        gen: Generator,
        x: dict[str, Any] | None = None,
        capture: str = "",
        obj: Any = None,
        objs: list[Any] | None = None,
        reason: str = "",
    ) -> None:
        self.req = req
        self.at = at
        self.now = int(at.timestamp())
        """Seconds since 1970."""
        self.gen = gen
        self.x = {} if x is None else x
        self.obj = obj
        self.objs = [] if objs is None else objs
        self.reason = reason
        self.capture = capture
        self.body: Any = None
        """What was answered, as data or `Written`."""
        self.i = 0
        self.names: dict[str, Any] = {}

    @property
    def iso(self) -> str:
        """`2026-11-22T10:15:30Z`."""
        return _iso(self.now)

    @property
    def iso_ms(self) -> str:
        """`2026-11-22T10:15:30.123Z`."""
        return f"{self.at.astimezone(UTC).isoformat(timespec='milliseconds')[:-6]}Z"

    @property
    def rfc2822(self) -> str:
        """`Sun, 22 Nov 2026 10:15:30 +0000`."""
        return _rfc2822(self.now)


# An answer says them up to three times, and all of a second say the same: writing one costs as much as a small answer.
@lru_cache(maxsize=4)
def _iso(now: int) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=4)
def _rfc2822(now: int) -> str:
    return format_datetime(datetime.fromtimestamp(now, UTC))


class Describing(PackContext):
    """The context of conditions and facts, which know neither a time nor secret identifiers."""

    __slots__ = ()
    at = datetime.fromtimestamp(0, UTC)
    gen = Generator(b"")
    obj = body = None
    reason = capture = ""
    now = 0

    def __init__(self, req: RequestView) -> None:
        self.req = req
        self.x = {}
        self.objs = []
        self.i = 0
        self.names = {}
