"""RunLookup: what is asked of runs for every effect: whose it is, and what that means. By the loop's thread alone."""

from datetime import UTC, datetime

from ledger.run import NOBODY, Owner
from ledger.run_archive import RunArchive
from ledger.run_attribution import OpenRun, OpenRuns
from ledger.run_keys import RunKeys
from ledger.run_troubles import RunTroubles
from policies.effect import UNATTRIBUTED, Effect
from policies.http_request import RunClaim

STRANGE = "something came by its own entrance with a wrong token, or that of a finished run, and is nobody's."


class RunLookup:
    """The open runs as they are asked for. `ledger.runs` changes them."""

    def __init__(self, archive: RunArchive, troubles: RunTroubles, keys: RunKeys) -> None:
        self.archive, self.troubles, self.keys = archive, troubles, keys
        self._open = OpenRuns(keys)

    def run_of(self, claim: RunClaim | None, source: str) -> Owner:
        """Whom a client's effects belong to: what it claims, else what its entrance does, else who claims its address.

        An open run with a wrong token is unattributed and flagged. So is, without a flag, a run that is finished: what
        it left behind is nobody else's, whatever address it comes from, but for the run around it while that is open.
        By another run's own entrance either is a gap in that one's evidence.
        """
        if claim is None and not self._open.sources.claimed:
            return NOBODY  # nearly always, and nothing else needs asking
        owner, wronged = self._open.judged(claim, source)
        if wronged is not None:
            wronged.wrong_tokens += 1
        entered = self._open.entered(claim) if owner.run == UNATTRIBUTED else None
        if entered is not None:
            # Nobody else can use that entrance, so that what is nobody's there is most likely this run's.
            now = datetime.now(UTC)
            self.troubles.note((entered.run.id,), now, now, STRANGE)
        return owner

    def looked_up(self, claim: RunClaim | None, source: str) -> str:
        """The run's id alone, and nothing is counted."""
        return self._open.judged(claim, source)[0].run

    def booked_to(self, claim: RunClaim | None, source: str) -> str:
        """The run with its window that is open, as one text, and nothing is counted."""
        owner = self._open.judged(claim, source)[0]
        return owner.run if owner.window is None else f"{owner.run}/{owner.window}"

    def missed(self, run_id: str, at: datetime, why: str) -> None:
        """Note that an effect could not be recorded: of this run, or of any that is open where nobody claimed it."""
        self.troubles.note(self.open_ids if run_id == UNATTRIBUTED else (run_id,), at, at, why)

    @property
    def open_ids(self) -> tuple[str, ...]:
        """Of the runs that are open now."""
        return self._open.ids

    def family(self, run_id: str) -> tuple[str, ...]:
        """It, and those opened inside it that are open."""
        return self._open.family(run_id)

    def left_by(self, run_id: str) -> tuple[str, ...]:
        """Finished runs that were opened inside it, of which something may still be on its way to the ledger."""
        return self._open.left_by(run_id)

    def for_policy(self, effect: Effect) -> Effect:
        """As policy is asked: a run inside another may do what that may, no more and no less."""
        parent = self._open.parent_of(effect.run)
        return effect if parent is None else effect.model_copy(update={"run": parent})

    def held(self, run_id: str) -> OpenRun | None:
        """One that is open, as memory holds it."""
        return self._open.get(run_id)

    def claimed_by(self, source: str) -> str | None:
        """The run that claims an address, or None."""
        return self._open.claimed_by(source)
