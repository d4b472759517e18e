"""InFlight: what has been begun and not been answered yet, so that a run's end can wait for it. Nothing is judged here.

One entry a request, a handshake or a mail, put in and taken out; everything else is worked out when somebody asks.
"""

import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field

from policies.effect import UNATTRIBUTED
from policies.http_request import RunClaim

SOURCES_KEPT = 64
"""Of one run; with more, anybody's unfinished work may be its own."""

MOST_LOST = 1_000
"""Between two times they are asked for; with more, every open run may have lost one."""
RunOf = Callable[[RunClaim | None, str], str]
"""The run a claim and an address stand for. Without side effects."""
Judged = tuple[str, str, float]
"""An effect that is being judged: its run, its source, and since when."""


@dataclass(slots=True, eq=False)
class Work:
    """Something unfinished."""

    what: str
    """A phrase: `a request`, `a mail`."""
    source: str
    """The client's address; empty: of anybody's."""
    since: float
    """On the register's clock."""
    claim: RunClaim | None = None
    told: bool = False
    """Whoever sends it has said whose it is, or has not and cannot any more."""
    run: str | None = None
    """Where that is known already."""
    host: str = ""
    idle: Callable[[], bool] | None = None
    """Asked when somebody waits: whether nothing has really begun yet, as on a connection nobody has sent a byte on."""

    def run_by(self, run_of: RunOf) -> str | None:
        """The run it belongs to; None: that cannot be told yet."""
        if self.run is not None:
            return self.run
        run = run_of(self.claim, self.source)
        return run if self.told or run != UNATTRIBUTED else None


@dataclass(slots=True)
class Watched:
    """What is remembered of an open run."""

    last: float = 0.0
    """When an effect of it was last recorded."""
    sources: set[str] = field(default_factory=set)


class InFlight:
    """Belongs to the event loop's thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.going: dict[Hashable, Work | Judged] = {}
        """What is unfinished, by whoever entered it. Open to the door, which enters and ends each request itself."""
        self._watched: dict[str, Watched] = {}
        self._lost: list[tuple[Work, str]] = []

    def begin(
        self, key: Hashable, what: str, source: str, *, claim: RunClaim | None = None, told: bool = False
    ) -> Work:
        """Enter work under a key of its own; what was entered there before is this now."""
        self.going[key] = work = Work(what, source, self.clock(), claim, told)
        return work

    def end(self, key: Hashable) -> None:
        """It has been answered, or never will be. Ending twice is ending once."""
        self.going.pop(key, None)

    def judge(self, key: Hashable, run: str, source: str) -> None:
        """An effect of a run is being judged and recorded."""
        self.going[key] = (run, source, self.clock())

    def judged(self, key: Hashable) -> None:
        """It is on record, or was refused."""
        entry = self.going.pop(key, None)
        if entry is None or not self._watched:
            return
        run, source, _ = entry if isinstance(entry, tuple) else (entry.run or "", entry.source, 0.0)
        watched = self._watched.get(run)
        if watched is not None:
            watched.last = self.clock()
            if len(watched.sources) <= SOURCES_KEPT:
                watched.sources.add(source)

    def lose(self, key: Hashable, why: str, otherwise: Work | None = None) -> None:
        """What is entered under a key was refused without having come before the gate: no capture tells of it.

        `otherwise`: what it was, where nothing is entered there any more.
        """
        entry = self.going.get(key)
        work = otherwise if entry is None else self._whole(key, entry)
        if work is not None and len(self._lost) < MOST_LOST:
            self._lost.append((work, why))
        elif work is not None and len(self._lost) == MOST_LOST:
            # Whose the others are is not kept, and each of them is somebody's.
            several = Work(f"one of more than {MOST_LOST} effects", "", self.clock(), run=UNATTRIBUTED)
            self._lost.append((several, why))

    def lost(self) -> list[tuple[Work, str]]:
        """What was refused so since this was last asked, and why, as a phrase."""
        lost, self._lost = self._lost, []
        return lost

    def watch(self, run: str) -> None:
        """Remember from now on when and from where its effects came."""
        self._watched.setdefault(run, Watched())

    def forget(self, run: str) -> None:
        """The run is finished."""
        self._watched.pop(run, None)

    def last_of(self, run: str) -> float:
        """When an effect of it was last recorded; 0.0: never."""
        watched = self._watched.get(run)
        return 0.0 if watched is None else watched.last

    def of_run(self, run: str, run_of: RunOf) -> Iterator[Work]:
        """What is unfinished and known to be this run's."""
        return (work for work in self._begun() if work.run_by(run_of) == run)

    def perhaps_of(self, run: str, run_of: RunOf) -> list[Work]:
        """What is unfinished, nobody's yet or nobody's at all, and comes from where the run's effects come from."""
        watched = self._watched.get(run)
        sources = set() if watched is None else watched.sources
        anywhere = not sources or len(sources) > SOURCES_KEPT
        return [
            work
            for work in self._begun()
            if (anywhere or not work.source or work.source in sources) and work.run_by(run_of) in (None, UNATTRIBUTED)
        ]

    def holds(self, work: Work) -> bool:
        """Whether it is unfinished still."""
        return any(work is other for other in self.going.values()) and not (work.idle is not None and work.idle())

    @property
    def size(self) -> int:
        """How much is unfinished, and how many runs are watched: nothing of either is left behind by a finished run."""
        return len(self.going) + len(self._watched)

    def _begun(self) -> list[Work]:
        begun = [self._whole(key, entry) for key, entry in tuple(self.going.items())]
        return [work for work in begun if work.idle is None or not work.idle()]

    def _whole(self, key: Hashable, entry: "Work | Judged") -> Work:
        """An effect that is being judged is made into a whole entry once somebody asks: hardly ever anybody does."""
        if not isinstance(entry, tuple):
            return entry
        run, source, since = entry
        work = self.going[key] = Work("an effect", source, since, None, True, run)
        return work
