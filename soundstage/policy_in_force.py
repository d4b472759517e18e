"""PolicyInForce: the policy that decides now. A refused file leaves the old one in force, and is told."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from policies.policy import Policy
from policies.policy_problem import PolicyError

LOOK_SECONDS = 1.0
"""How often the files are looked at: a stat each, no more."""
READ_AGAIN = 2
"""Looks after a reading that read them too: two writes within one tick of a file system's clock have the same times."""
SHOWN = 512 * 1024
"""Characters of a file that are kept to be looked at."""
log = logging.getLogger(__name__)
Stamp = tuple[tuple[int, ...] | None, ...]
Texts = tuple[tuple[Path, str], ...]


class PolicyInForce:
    """Loads at once, and again when a file changed or on request. Only the first load raises PolicyError."""

    def __init__(self, paths: Sequence[Path], load: Callable[[], Policy]) -> None:
        self._paths = paths
        self._load = load
        self._stamp = self._look()
        self._seen, self._read_again = self._read(), READ_AGAIN
        self.in_force = load()
        """What decides."""
        self.texts = self._read()
        """The files it was made of, as people wrote them."""
        self.error: str | None = None
        """Why the last reload was refused, or None."""
        self.told: list[Callable[[Policy], None]] = []
        """Called with each policy that a reload has put in force."""

    def reload(self) -> None:
        """Take the files as they are now, whole, or keep what is in force."""
        self._stamp = self._look()
        self._seen, self._read_again = self._read(), READ_AGAIN
        try:
            fresh, texts = self._load(), self._read()
        except (PolicyError, OSError) as refused:
            self.error = str(refused)
            log.error("the policy was not reloaded, the old one stays in force: %s", refused)  # noqa: TRY400 - no bug
        except Exception as bug:  # it must not end the watch: nobody would ever hear of a change again
            self.error = f"Soundstage failed to read the policy files ({type(bug).__name__}: {bug})"
            log.exception("the policy was not reloaded, the old one stays in force")
        else:
            if self._look() != self._stamp:
                # Half a file may be a whole policy, and a laxer one: what is missing may be what denies.
                self.error = "the policy files changed while they were read; they are read again"
                return
            self.error = None
            self.in_force = fresh
            self.texts = texts
            self._tell()

    def _tell(self) -> None:
        for tell in self.told:
            try:
                tell(self.in_force)
            except Exception:  # who else has to know of it is told all the same
                log.exception("what is under way was not held to the new policy")

    async def watch(self) -> None:
        """Reload whenever a file changed, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._look() != self._stamp or self._was_rewritten():
                self.reload()

    def _was_rewritten(self) -> bool:
        """Whether a file has another text now, asked as long as its times may not tell."""
        if not self._read_again:
            return False
        self._read_again -= 1
        return self._read() != self._seen

    def _look(self) -> Stamp:
        return tuple(map(_stamp, self._paths))

    def _read(self) -> Texts:
        """As people wrote them."""
        return tuple((path.absolute(), _text(path)) for path in self._paths)


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(SHOWN)
    except OSError:
        return ""


def _stamp(path: Path) -> tuple[int, ...] | None:
    """With the time of the last change to the inode, which no tool sets back as some do the other."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino
