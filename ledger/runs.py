"""Runs: whose traffic it is, judged by what a client claims. Held in memory: a request asks no database."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from ledger.moment import DAY, microseconds, moment
from ledger.store import Ledger
from ledger.tables import runs
from policies.effect import UNATTRIBUTED
from policies.http_request import RunClaim

OPEN_AT_MOST = DAY
"""Microseconds after which a run nobody finished no longer keeps its captures from retention."""

WRONG_TOKEN = "wrong_run_token"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Run:
    """One run as it is kept. Its token is kept as a digest alone."""

    id: str
    token_digest: str
    name: str
    opened_at: datetime
    finished_at: datetime | None
    verdict: str | None

    @property
    def is_open(self) -> bool:
        return self.finished_at is None


class Runs:
    """The runs of a ledger. `refresh` after another process has changed them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[str, Run] = {}
        self.refresh()

    def run_of(self, claim: RunClaim | None, source: str) -> tuple[str, tuple[str, ...]]:
        """The run a client belongs to, and flags to add. A known run with a wrong token is unattributed and flagged."""
        if claim is None:
            return UNATTRIBUTED, ()
        run = self._known.get(claim.run)
        if run is None or not run.is_open:
            return UNATTRIBUTED, ()
        if not hmac.compare_digest(run.token_digest, digest_of(claim.token)):
            return UNATTRIBUTED, (WRONG_TOKEN,)
        return run.id, ()

    def refresh(self) -> None:
        """Read them anew."""
        with self._ledger.read.connect() as connection:
            rows = connection.execute(select(runs)).mappings().all()
        self._known = {
            row["id"]: Run(
                id=row["id"],
                token_digest=row["token_digest"],
                name=row["name"],
                opened_at=moment(row["opened_at"]),
                finished_at=None if row["finished_at"] is None else moment(row["finished_at"]),
                verdict=row["verdict"],
            )
            for row in rows
        }

    def open(self, run_id: str, token: str, name: str, at: datetime) -> None:
        """Begin a run. Blocks on the disk; ValueError for an id that is taken."""
        if run_id == UNATTRIBUTED or run_id in self._known:
            raise ValueError(f"there is a run {run_id!r} already; choose another id")
        row = {"id": run_id, "token_digest": digest_of(token), "name": name, "opened_at": microseconds(at)}
        with self._ledger.turn, self._ledger.write.begin() as connection:
            connection.execute(insert(runs), row)
        self.refresh()

    def finish(self, run_id: str, verdict: str, at: datetime) -> None:
        """End a run. Blocks on the disk."""
        change = {"finished_at": microseconds(at), "verdict": verdict}
        with self._ledger.turn, self._ledger.write.begin() as connection:
            connection.execute(update(runs).where(runs.c.id == run_id, runs.c.finished_at.is_(None)).values(change))
        self.refresh()


def digest_of(token: str) -> str:
    """What is kept of a run's token: enough to know it again, not to use it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
