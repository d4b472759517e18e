"""Runs in the ledger: who is who, windows, what ends them, and what of them is kept where."""

import gc
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledger.data_dir import prepare
from ledger.engine import create_file, sqlite_engine
from ledger.run import NOBODY, Owner, RunConflict, RunGap, UnknownRun, checked_id
from ledger.runs import STRANGE, Runs
from ledger.schema import bring_up
from ledger.store import FILE, Ledger, open_ledger
from policies.http_request import RunClaim

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WRONG = Owner(flags=("wrong_run_token",))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(prepare(tmp_path / "data"), writer=True)
    yield opened
    opened.close()


@pytest.fixture
def runs(ledger: Ledger) -> Runs:
    """`ci-1` is open and claims 10.0.3.0/24, `ci-2` is open, `done` is finished."""
    made = Runs(ledger)
    made.open("ci-1", "checkout", NOON, sources=["10.0.3.0/24", "fd00::7"])
    made.open("ci-2", "sign-up", NOON)
    made.open("done", "", NOON)
    made.finish("done", "clean", NOON)
    return made


def cram(runs: Runs, run: str, key: str | None = None, challenge: str = "<1.2@soundstage>") -> RunClaim:
    secret = (key or runs.keys.token(run)).encode()
    return RunClaim(run, f"cram-md5:{challenge}:{hmac.digest(secret, challenge.encode(), 'md5').hex()}")


CLAIMS = [
    pytest.param(None, "10.0.9.9", NOBODY, id="nobody"),
    pytest.param(("ci-2", ""), "10.0.9.9", Owner("ci-2"), id="known"),
    pytest.param(("ci-2", "x"), "10.0.9.9", WRONG, id="wrong-token"),
    pytest.param(("ci-9", "x"), "10.0.9.9", NOBODY, id="unknown"),
    pytest.param(("done", ""), "10.0.9.9", NOBODY, id="finished"),
    pytest.param(None, "10.0.3.7", Owner("ci-1"), id="by-its-source"),
    pytest.param(None, "fd00::7", Owner("ci-1"), id="by-its-source-of-one-address"),
    pytest.param(None, "no address", NOBODY, id="a-source-that-is-none"),
    pytest.param(("ci-2", ""), "10.0.3.7", Owner("ci-2"), id="credentials-before-source"),
    pytest.param(("ci-2", "x"), "10.0.3.7", WRONG, id="wrong-token-is-not-made-good-by-the-source"),
    pytest.param(("done", ""), "10.0.3.7", NOBODY, id="what-a-finished-run-left-behind-is-nobody-elses"),
    pytest.param(("apikey", "SG.x"), "10.0.3.7", Owner("ci-1"), id="a-mail-servers-user-is-no-run"),
]


@pytest.mark.parametrize(("said", "source", "owner"), CLAIMS)
def test_attribution(runs: Runs, ledger: Ledger, said: tuple[str, str] | None, source: str, owner: Owner) -> None:
    claim = None if said is None else RunClaim(said[0], said[1] or runs.keys.token(said[0]))
    assert runs.run_of(claim, source) == owner
    assert Runs(ledger).run_of(claim, source) == owner, "the same after a restart"


OTHERWISE = [
    pytest.param(None, Owner("ci-2"), id="nothing-said"),
    pytest.param(("ci-1", ""), Owner("ci-1"), id="credentials-before-listener"),
    pytest.param(("ci-1", "x"), WRONG, id="wrong-credentials-before-listener"),
    pytest.param(("done", ""), NOBODY, id="a-finished-runs-credentials"),
    pytest.param(("apikey", "SG.x"), Owner("ci-2"), id="no-runs-credentials"),
]


@pytest.mark.parametrize(("said", "owner"), OTHERWISE)
def test_a_listeners_own_claim(runs: Runs, said: tuple[str, str] | None, owner: Owner) -> None:
    listener = RunClaim("ci-2", runs.keys.token("ci-2"))
    claim = listener if said is None else RunClaim(said[0], said[1] or runs.keys.token(said[0]), listener)
    assert runs.run_of(claim, "10.0.3.7") == owner, "the listener counts before the source"


def test_cram_md5_proves_the_token_without_saying_it(runs: Runs) -> None:
    assert runs.run_of(cram(runs, "ci-1"), "x") == Owner("ci-1")
    assert runs.run_of(cram(runs, "ci-1", key="guess"), "x") == WRONG
    assert runs.run_of(RunClaim("ci-1", "cram-md5:"), "x") == WRONG


def test_an_api_token_names_its_run_and_is_no_traffic_token(runs: Runs) -> None:
    token = runs.keys.api_token("ci-1.a")
    assert runs.keys.run_of(token) == "ci-1.a"
    assert runs.keys.run_of(token.replace("ci-1.a", "ci-2")) is None
    assert runs.keys.run_of(runs.keys.token("ci-1.a")) is runs.keys.run_of("") is runs.keys.run_of(".ci-1") is None
    assert runs.run_of(RunClaim("ci-1", runs.keys.api_token("ci-1")), "x") == WRONG


def test_no_secret_is_kept(runs: Runs, ledger: Ledger) -> None:
    kept = (ledger.data_dir / FILE).read_bytes() + (ledger.data_dir / f"{FILE}-wal").read_bytes()
    assert b"ci-1" in kept
    for secret in (runs.keys.token("ci-1"), runs.keys.api_token("ci-1")):
        assert secret.partition(".")[0].encode() not in kept


def test_what_cannot_be_opened(runs: Runs) -> None:
    for taken in ("ci-1", "done", "unattributed"):
        with pytest.raises(RunConflict, match=f"'{taken}' already"):
            runs.open(taken, "", NOON)
    with pytest.raises(RunConflict, match=r"'ci-1' claims 10\.0\.3\.0/24 already, which overlaps 10\.0\.0\.0/8"):
        runs.open("ci-3", "", NOON, sources=["10.0.0.0/8"])
    with pytest.raises(ValueError, match=r"'10\.0\.0' is no network"):
        runs.open("ci-3", "", NOON, sources=["10.0.0"])
    assert runs.open_ids == ("ci-1", "ci-2")


@pytest.mark.parametrize("text", ["", "A", "-x", "a b", "ä", "a" * 65, "a/b", "a:b", "a\n"])
def test_what_is_no_run_id(text: str) -> None:
    with pytest.raises(ValueError, match="the run id"):
        checked_id(text)


def test_a_window_books_what_comes_while_it_is_open(runs: Runs, ledger: Ledger) -> None:
    claim = RunClaim("ci-1", runs.keys.token("ci-1"))
    first = runs.open_window("ci-1", "test_one", NOON)
    assert runs.run_of(claim, "x") == Owner("ci-1", first.id) == Runs(ledger).run_of(claim, "x")
    with pytest.raises(RunConflict, match=f"'test_one' \\({first.id}\\) is open on the run 'ci-1'"):
        runs.open_window("ci-1", "test_two", NOON)
    assert runs.close_window("ci-1", first.id, NOON + timedelta(seconds=1)).closed_at == NOON + timedelta(seconds=1)
    assert runs.run_of(claim, "x") == Owner("ci-1")
    second = runs.open_window("ci-1", "test_two", NOON + timedelta(seconds=2))
    runs.close_window("ci-1", first.id, NOON)
    assert runs.run_of(claim, "x").window == second.id, "closing twice is closing once"
    runs.finish("ci-1", "clean", NOON + timedelta(seconds=3))
    told = runs.archive.find("ci-1")
    assert told is not None
    assert [(window.name, window.closed_at is None) for window in told.windows] == [
        ("test_one", False),
        ("test_two", False),
    ]


def test_windows_of_what_is_not_there(runs: Runs) -> None:
    with pytest.raises(UnknownRun, match="no run 'ci-9'"):
        runs.open_window("ci-9", "", NOON)
    with pytest.raises(RunConflict, match="'done' is finished"):
        runs.open_window("done", "", NOON)
    with pytest.raises(UnknownRun, match="no window 'w-x' of the run 'ci-1'"):
        runs.close_window("ci-1", "w-x", NOON)


def test_finishing_twice_is_finishing_once(runs: Runs) -> None:
    first = runs.finish("ci-1", "clean", NOON + timedelta(minutes=1))
    assert runs.finish("ci-1", "violated", NOON + timedelta(minutes=2)) == first
    assert (first.verdict, first.finished_at) == ("clean", NOON + timedelta(minutes=1))
    assert runs.run_of(None, "10.0.3.7") == NOBODY
    runs.open("ci-3", "", NOON, sources=["10.0.3.7"])
    with pytest.raises(UnknownRun):
        runs.finish("ci-9", "clean", NOON)


def test_what_nobody_finished_ends_after_a_day_as_inconclusive(runs: Runs) -> None:
    runs.open("late", "", NOON + timedelta(hours=1))
    assert runs.expire(NOON + timedelta(hours=23)) == []
    assert runs.expire(NOON + timedelta(hours=24)) == ["ci-1", "ci-2"]
    told = runs.archive.find("ci-1")
    assert told is not None
    assert told.run.verdict == "inconclusive"
    assert runs.open_ids == ("late",)


def test_wrong_tokens_are_counted_on_the_run(runs: Runs, ledger: Ledger) -> None:
    for _ in range(3):
        runs.run_of(RunClaim("ci-1", "guess"), "x")
    runs.write_counts()
    runs.run_of(RunClaim("ci-1", "guess"), "x")
    runs.write_counts()
    runs.write_counts()
    assert [story.run.wrong_tokens for story in Runs(ledger).archive.newest(True, 9) if story.run.id == "ci-1"] == [4]
    runs.run_of(RunClaim("ci-1", "guess"), "x")
    assert runs.finish("ci-1", None, NOON).wrong_tokens == 5


def test_what_is_noted_of_a_run_outlives_a_restart(runs: Runs, ledger: Ledger) -> None:
    runs.open("c", "", NOON, canaries=True, services=["5432"])
    assert runs.canary("c", "begin", "http")
    assert runs.canary("c", "begin", "http")
    assert not runs.canary("c", "middle", "http")
    assert not runs.canary("ci-1", "begin", "http"), "none are expected of it"
    runs.contained("c", "namespace")
    with pytest.raises(ValueError, match="'hope' is no way to contain a run"):
        runs.contained("c", "hope")
    runs.change("c", listener={"smtp": "127.0.0.1:40125"})
    told = Runs(ledger).archive.find("c")
    assert told is not None
    assert told.run == runs.held("c").run  # type: ignore[union-attr]  # it is open
    assert told.run.canaries == {"begin": {"http": True, "smtp": False}, "end": {"http": False, "smtp": False}}
    assert (told.run.contained, told.run.services) == ("namespace", ("5432",))


def test_gaps_of_one_trouble_are_one_gap(runs: Runs) -> None:
    def gap(second: float, why: str = "the ledger could not be written.") -> None:
        at = NOON + timedelta(seconds=second)
        runs.archive.gap(["ci-1"], RunGap(at, at, why))

    for second in (0, 1, 2, 30, 30.5):
        gap(second)
    gap(31, "the clock was moved.")
    told = runs.archive.find("ci-1")
    assert told is not None
    seconds = [((gap.at - NOON).total_seconds(), (gap.until - NOON).total_seconds()) for gap in told.gaps]
    assert seconds == [(0, 2), (30, 30.5), (31, 31)]
    for second in range(40, 1000, 4):
        gap(second)
    told = runs.archive.find("ci-1")
    assert told is not None
    assert (len(told.gaps), told.gaps[-1].until) == (100, NOON + timedelta(seconds=996))


def test_a_thousand_runs_leave_nothing_behind_in_memory(ledger: Ledger) -> None:
    runs = Runs(ledger)

    def play(names: range) -> None:
        for number in names:
            run = runs.open(f"r-{number}", "a name", NOON, sources=[f"10.1.{number // 256}.{number % 256}"])
            runs.run_of(None, f"10.1.{number // 256}.{number % 256}")
            runs.finish(run.id, "clean", NOON)

    play(range(50))
    gc.collect()
    before = len(gc.get_objects())
    play(range(50, 1050))
    gc.collect()
    assert len(gc.get_objects()) - before < 500, "objects: not one a run"
    assert runs.open_ids == ()
    assert runs.claimed_by("10.1.1.1") is None


def test_a_run_that_an_older_version_left_open_ends_as_inconclusive(tmp_path: Path) -> None:
    data = prepare(tmp_path / "data")
    create_file(data / FILE)
    engine = sqlite_engine(data / FILE, "write")
    with engine.begin() as connection:
        bring_up(connection, "0004")
        connection.exec_driver_sql("INSERT INTO runs (id, token_digest, name, opened_at) VALUES ('old', 'abc', 'x', 7)")
    engine.dispose()
    opened = open_ledger(data, writer=True)
    try:
        runs = Runs(opened)
        told = runs.archive.find("old")
        assert told is not None
        assert (told.run.is_open, told.run.verdict, told.run.contained) == (False, "inconclusive", "no")
        with pytest.raises(RunConflict):
            runs.open("old", "", NOON)
    finally:
        opened.close()


@pytest.mark.parametrize(
    ("said", "gaps"),
    [
        pytest.param(("done", ""), [STRANGE], id="of-a-finished-run"),
        pytest.param(("ci-1", "x"), [STRANGE], id="with-a-wrong-token"),
        pytest.param(("ci-2", "x"), [STRANGE], id="with-a-wrong-token-of-its-own"),
        pytest.param(("ci-1", ""), [], id="of-another-open-run-that-then-has-it"),
        pytest.param(("apikey", "SG.x"), [], id="a-mail-servers-user-is-no-run"),
    ],
)
def test_what_is_nobodys_by_a_runs_own_entrance_is_a_gap(runs: Runs, said: tuple[str, str], gaps: list[str]) -> None:
    """A run is told clean of nothing that came where nobody else could come."""
    own = RunClaim("ci-2", runs.keys.token("ci-2"))
    claim = RunClaim(said[0], said[1] or runs.keys.token(said[0]), own)
    runs.run_of(claim, "10.0.9.9")
    assert [gap.why for gap in runs.troubles.pending("ci-2")] == gaps
    assert not runs.troubles.pending("ci-1")
