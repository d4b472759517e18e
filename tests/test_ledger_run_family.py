"""Runs inside runs in the ledger: who may be opened where, whose what is left behind is, and who ends whom."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledger import run_family, run_rows
from ledger.data_dir import prepare
from ledger.run import NOBODY, Owner, Run, RunConflict, RunGap, UnknownRun
from ledger.runs import Runs
from ledger.store import Ledger, open_ledger
from policies.effect import Effect, Target
from policies.http_request import RunClaim

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(prepare(tmp_path / "data"), writer=True)
    yield opened
    opened.close()


@pytest.fixture
def runs(ledger: Ledger) -> Runs:
    """`around` with `gw0` and `gw1` inside it, and `other` beside it."""
    made = Runs(ledger)
    made.open("around", "pytest", NOON)
    made.open("other", "", NOON)
    for name in ("gw0", "gw1"):
        made.open(name, name, NOON, parent="around")
    return made


def claim(runs: Runs, run: str) -> RunClaim:
    """With its own token, by the entrance of `around`."""
    return RunClaim(run, runs.keys.token(run), RunClaim("around", runs.keys.token("around")))


def kept(runs: Runs, run: str) -> Run:
    told = runs.archive.find(run)
    assert told is not None
    assert told.children == () or run == "around"
    return told.run


def test_each_child_is_known_by_its_own_credentials_and_the_rest_is_the_parents(runs: Runs, ledger: Ledger) -> None:
    for known in (runs, Runs(ledger)):
        assert known.run_of(claim(known, "gw0"), "x") == Owner("gw0")
        assert known.run_of(claim(known, "gw1"), "x") == Owner("gw1")
        assert known.run_of(RunClaim("around", known.keys.token("around")), "x") == Owner("around")


def test_what_a_finished_child_left_behind_is_its_parents_while_that_is_open(runs: Runs, ledger: Ledger) -> None:
    runs.finish("gw0", "clean", NOON)
    for known in (runs, Runs(ledger)):
        assert known.run_of(claim(known, "gw0"), "x") == Owner("around"), "also after a restart"
        assert not known.troubles.pending("around")
    window = runs.open_window("around", "afterwards", NOON)
    assert runs.run_of(claim(runs, "gw0"), "x") == Owner("around", window.id)
    runs.finish("around", "clean", NOON)
    for known in (runs, Runs(ledger)):
        assert known.run_of(claim(known, "gw0"), "x") == NOBODY
        assert known.run_of(claim(known, "gw1"), "x") == NOBODY


def test_a_parent_ends_its_children_and_says_so_of_them(runs: Runs, ledger: Ledger) -> None:
    ended: list[str] = []
    runs.finished.append(ended.append)
    window = runs.open_window("gw1", "test_one", NOON)
    runs.finish("gw0", "clean", NOON)
    runs.finish("around", "clean", NOON + timedelta(seconds=5))
    assert ended == ["gw0", "gw1", "around"]
    assert [(one.verdict, one.ended) for one in (kept(runs, "gw0"), kept(runs, "gw1"), kept(runs, "around"))] == [
        ("clean", None),
        ("inconclusive", "parent"),
        ("clean", None),
    ]
    assert runs.close_window("gw1", window.id, NOON).closed_at == NOON + timedelta(seconds=5)
    assert runs.open_ids == Runs(ledger).open_ids == ("other",)


def test_a_child_ends_neither_its_parent_nor_its_sibling(runs: Runs) -> None:
    runs.finish("gw0", "clean", NOON)
    assert runs.open_ids == ("around", "other", "gw1")
    assert runs.family("around") == ("around", "gw1")
    assert runs.family("gw1") == ("gw1",)


def test_a_day_ends_children_with_their_parent(runs: Runs) -> None:
    assert sorted(runs.expire(NOON + timedelta(days=1))) == ["around", "gw0", "gw1", "other"]
    assert [kept(runs, one).ended for one in ("around", "gw0", "gw1")] == ["expired"] * 3


@pytest.mark.parametrize(
    ("parent", "asked", "error", "says"),
    [
        pytest.param("gw0", {}, RunConflict, "opens none itself", id="inside-a-child"),
        pytest.param("nobody", {}, UnknownRun, "no run 'nobody'", id="inside-no-run"),
        pytest.param("over", {}, RunConflict, "is finished", id="inside-a-finished-run"),
        pytest.param("around", {"sources": ["10.0.0.1"]}, ValueError, "no sources of its own", id="with-sources"),
        pytest.param("around", {"services": ["5432"]}, ValueError, "no services of its own", id="with-services"),
    ],
)
def test_where_no_child_is_opened(
    runs: Runs, parent: str, asked: dict[str, list[str]], error: type[Exception], says: str
) -> None:
    runs.open("over", "", NOON)
    runs.finish("over", None, NOON)
    with pytest.raises(error, match=says):
        runs.open("more", "", NOON, parent=parent, sources=asked.get("sources", ()), services=asked.get("services", ()))
    assert runs.archive.find("more") is None


def test_children_are_bounded(runs: Runs) -> None:
    with runs.archive.writing() as connection:
        for number in range(run_family.MOST_OPEN - 2):
            run_rows.put_run(connection, Run(f"c-{number}", "", NOON, parent="around"))
    runs.refresh()
    with pytest.raises(RunConflict, match="has 256 runs inside it"):
        runs.open("one-too-many", "", NOON, parent="around")
    runs.finish("c-0", None, NOON)
    runs.open("in-its-place", "", NOON, parent="around")
    runs.open("of-another", "", NOON, parent="other")


def test_a_child_is_shown_in_its_parent_with_its_containment_and_its_gaps(runs: Runs) -> None:
    runs.archive.gap(["gw1"], RunGap(NOON, NOON, "something was lost."))
    runs.contained("around", "namespace")
    told = runs.archive.find("around")
    assert told is not None
    assert [(child.run.id, child.run.contained, len(child.gaps)) for child in told.children] == [
        ("gw0", "namespace", 0),
        ("gw1", "namespace", 1),
    ]
    assert kept(runs, "gw0").contained == "namespace"


def test_policy_is_asked_about_a_child_as_about_its_parent(runs: Runs) -> None:
    def effect(run: str) -> Effect:
        target = Target(scheme="https", host="a.example", port=443, method="POST", path="/")
        return Effect(run=run, source="10.0.0.1", channel="webhook", intent="write", protocol="http/1.1", target=target)

    assert runs.for_policy(effect("gw0")) == effect("around")
    for same in ("around", "other", "unattributed"):
        assert runs.for_policy(effect(same)) == effect(same)


def test_policy_is_asked_about_a_child_that_is_just_finished_as_about_its_parent(runs: Runs) -> None:
    """What is judged while it ends must not get round a rule that holds its parent."""
    target = Target(scheme="https", host="a.example", port=443, method="POST", path="/")
    effect = Effect(run="gw0", source="10.0.0.1", channel="webhook", intent="write", protocol="http/1.1", target=target)
    runs.finish("gw0", "clean", NOON)
    assert runs.for_policy(effect).run == "around"
