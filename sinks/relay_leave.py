"""Leave: whether a mail may still go while it is relayed: its opt-in may be taken back meanwhile, or end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from policies.decision import Decision
from policies.effect import Effect
from sinks.passage import Departure

LOOK_SECONDS = 0.25
"""Between two looks while a relay is waited for."""

Rules = Callable[[Effect], Decision]
"""What the policy in force says of an effect now."""


class TakenBack(Exception):
    """The rules of now would not let it leave, or not this way. The message is for the client."""


class Leave:
    """One mail's, from its departure to its last dot."""

    def __init__(self, departure: Departure, rules: Rules | None, clock: Callable[[], datetime]) -> None:
        self._departure = departure
        self._rules = rules
        self._clock = clock
        self._cancel: Callable[[], None] = _nothing
        self.over = False
        """All has been said: what is waited for now is the answer alone."""

    def prove(self) -> None:
        """Raises TakenBack."""
        then = self._departure.decision
        if self._rules is not None and not _as_before(self._rules(self._departure.effect), then):
            raise TakenBack(f"The opt-in {then.rule} was taken back or changed while this mail was on its way")

    @contextlib.asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """At most so long, or to the opt-in's end. Raises TimeoutError, or TakenBack as soon as that is so."""
        if self._departure.decision.expires is not None:
            seconds = max(0.0, min(seconds, (self._departure.decision.expires - self._clock()).total_seconds()))
        try:
            async with asyncio.timeout(seconds) as limit:
                self._look(limit)
                try:
                    yield
                finally:
                    self._cancel()
        except TimeoutError:
            if not self.over:
                self.prove()
            raise

    def _look(self, limit: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        try:
            if not self.over:
                self.prove()
        except Exception:  # whatever it is, nothing more goes
            limit.reschedule(loop.time())
        else:
            self._cancel = loop.call_later(LOOK_SECONDS, self._look, limit).cancel


def _nothing() -> None:
    """There is nothing to cancel yet."""


def _as_before(now: Decision, then: Decision) -> bool:
    """An opt-in that ends sooner than it did is another one."""
    sooner = now.expires != then.expires and (
        now.expires is None or (then.expires is not None and now.expires < then.expires)
    )
    return (now.verdict, now.via, now.addresses) == (then.verdict, then.via, then.addresses) and not sooner
