"""RunReader: a count is whole at every moment, also while it is being written down."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from ledger.data_dir import prepare
from ledger.runs import Runs
from ledger.store import Ledger, open_ledger
from ledger.trouble import LedgerUnavailable
from policies.http_request import RunClaim
from soundstage.addresses import Addresses
from soundstage.gateway_runs_read import RunReader
from soundstage.gateway_runs_shown import RunShower

GUESS = RunClaim("ci-1", "guess")


def nowhere() -> Addresses:
    raise AssertionError("no address is told without the secrets")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(prepare(tmp_path / "data"), writer=True)
    yield opened
    opened.close()


@pytest.fixture
def runs(ledger: Ledger) -> Runs:
    """`ci-1` is open, and somebody came once with its name and a guess."""
    made = Runs(ledger)
    made.open("ci-1", "", datetime(2026, 11, 22, tzinfo=UTC))
    made.run_of(GUESS, "10.0.3.7")
    return made


def wrong_tokens(runs: Runs) -> int:
    told = RunReader(runs, RunShower(runs.keys, nowhere, Path())).one("ci-1")
    return int(told["counts"]["wrong_token"])


def test_a_wrong_token_is_told_before_while_and_after_it_is_written(ledger: Ledger, runs: Runs) -> None:
    told = [wrong_tokens(runs)]

    def about_to_commit(_: Connection) -> None:
        told.append(wrong_tokens(runs))

    event.listen(ledger.write, "commit", about_to_commit)
    runs.write_counts()
    told.append(wrong_tokens(runs))
    assert told == [1, 1, 1]
    runs.run_of(GUESS, "10.0.3.7")
    assert wrong_tokens(Runs(ledger)) == 1, "what a second reading of the tables knows"
    assert wrong_tokens(runs) == 2


def test_a_count_whose_commit_failed_is_written_by_the_next(ledger: Ledger, runs: Runs) -> None:
    def full(_: Connection) -> None:
        event.remove(ledger.write, "commit", full)
        raise LedgerUnavailable("the disk is full")

    event.listen(ledger.write, "commit", full)
    with pytest.raises(LedgerUnavailable, match="the disk is full"):
        runs.write_counts()
    runs.write_counts()
    assert wrong_tokens(Runs(ledger)) == 1
