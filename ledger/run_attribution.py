"""OpenRuns: the runs that are open, in memory, and whose an effect is: asked for every one. Nothing is written here."""

import hmac
from collections.abc import Sequence
from dataclasses import replace

from ledger.run import NOBODY, Owner, Run, RunWindow
from ledger.run_keys import RunKeys
from ledger.run_sources import Network, RunSources, read_sources
from policies.http_request import RunClaim

WRONG_TOKEN = "wrong_run_token"  # noqa: S105
_WRONG = Owner(flags=(WRONG_TOKEN,))


class OpenRun:
    """A run that is open, as memory holds it."""

    def __init__(self, run: Run, token: bytes) -> None:
        self.run = run
        self.token = token
        self.owner = Owner(run.id)
        self.wrong_tokens = run.wrong_tokens
        """So far; the tables know of `written` of them, or already of more."""
        self.written = run.wrong_tokens
        self.called_at: float | None = None
        """On a steady clock: when its owner was last heard of; None: not since this process began."""
        self._window: RunWindow | None = None

    @property
    def window(self) -> RunWindow | None:
        """The one that is open on it."""
        return self._window

    @window.setter
    def window(self, window: RunWindow | None) -> None:
        self._window = window
        self.owner = replace(self.owner, window=None if window is None else window.id)


class OpenRuns:
    """Changed by one thread at a time, asked by another: each change is one step."""

    def __init__(self, keys: RunKeys) -> None:
        self._keys = keys
        self._held: dict[str, OpenRun] = {}
        self._heirs: dict[str, str] = {}
        """Of finished runs whose parent is open, that: what they left behind is its."""
        self.sources = RunSources()

    def add(self, run: Run, window: RunWindow | None = None) -> None:
        """Know it from now on."""
        held = OpenRun(run, _octets(self._keys.token(run.id)))
        held.window = window
        self._held[run.id] = held
        self.sources.claim(run.id, read_sources(run.sources))

    def drop(self, run_id: str) -> None:
        """It is finished."""
        run = self._held[run_id].run
        self._heirs = {child: heir for child, heir in self._heirs.items() if heir != run_id}
        if run.parent is not None:
            # Before it goes: whoever asks in between must not be told that what it does is nobody's.
            self.inherit(run_id, run.parent)
        del self._held[run_id]
        self.sources.release(run_id)

    def inherit(self, run_id: str, parent: str) -> None:
        """What comes with the credentials of a finished run is its parent's, while that is open."""
        if parent in self._held:
            self._heirs[run_id] = parent

    def family(self, run_id: str) -> tuple[str, ...]:
        """It, and those opened inside it that are open."""
        return (run_id, *(held.run.id for held in self.all() if held.run.parent == run_id))

    def parent_of(self, run_id: str) -> str | None:
        """The open run that it was opened inside of, also where itself is finished."""
        held = self._held.get(run_id)
        return self._heirs.get(run_id) if held is None else held.run.parent

    def left_by(self, run_id: str) -> tuple[str, ...]:
        """Finished runs that were opened inside it."""
        return tuple([child for child, heir in list(self._heirs.items()) if heir == run_id])

    def get(self, run_id: str) -> OpenRun | None:
        """One of them."""
        return self._held.get(run_id)

    def all(self) -> tuple[OpenRun, ...]:
        """Those of this moment."""
        return tuple(self._held.values())

    @property
    def ids(self) -> tuple[str, ...]:
        """Theirs."""
        return tuple(self._held)

    def prove_free(self, networks: Sequence[Network]) -> None:
        """Raise RunConflict where a run claims an address of these already."""
        self.sources.prove_free(networks)

    def claimed_by(self, source: str) -> str | None:
        """The run that claims an address, or None."""
        return self.sources.run_of(source)

    def judged(self, claim: RunClaim | None, source: str) -> tuple[Owner, OpenRun | None]:
        """Whom it belongs to, and the run whose token was said wrongly.

        A finished run is known by a token that is proved: what it left behind is its parent's, and nobody else's.
        """
        while claim is not None:
            held = self._held.get(claim.run)
            if held is not None:
                proved = hmac.compare_digest(held.token, _octets(claim.token)) or self._keys.proves(claim)
                return (held.owner, None) if proved else (_WRONG, held)
            if self._keys.proves(claim):
                heir = self._held.get(self._heirs.get(claim.run, ""))
                return NOBODY if heir is None else heir.owner, None
            claim = claim.otherwise
        run = self.sources.run_of(source)
        held = None if run is None else self._held.get(run)
        return NOBODY if held is None else held.owner, None

    def entered(self, claim: RunClaim | None) -> OpenRun | None:
        """The run by whose own entrance a client came that said it was another, or None."""
        own = None if claim is None else claim.otherwise
        while own is not None and own.otherwise is not None:
            own = own.otherwise
        held = None if own is None else self._held.get(own.run)
        return held if own is not None and held is not None and self._keys.proves(own) else None


def _octets(token: str) -> bytes:
    return token.encode("utf-8", "surrogatepass")
