"""Verdicts: the latest of each run and of each window, bounded."""

from dashboard.verdicts import KEPT, LONGEST, Verdicts
from policies.verification_result import Result, RowResult, Settled


def result(run: str, rows: int = 1) -> Result:
    row = RowResult("welcome mail", "expect", "held", "1 found", captures=("a", "b"))
    return Result(run, "clean", (), Settled(True), (row,) * rows)


def test_the_latest_stands_in_place_of_an_earlier_one_and_the_run_before_its_windows() -> None:
    verdicts = Verdicts()
    verdicts.keep(result("one"), None, "first.yaml")
    verdicts.keep(result("one"), "w-1", None)
    verdicts.keep(result("one"), "w-2", None)
    verdicts.keep(result("one"), None, "second.yaml")
    verdicts.keep(result("two"), None, None)
    assert [(one.window, one.file) for one in verdicts.of("one")] == [
        (None, "second.yaml"),
        ("w-2", None),
        ("w-1", None),
    ]
    assert verdicts.of("three") == []


def test_neither_the_results_nor_what_they_hold_grow_without_end() -> None:
    verdicts = Verdicts()
    for number in range(KEPT + 1):
        verdicts.keep(result(f"run-{number}", LONGEST + 1), None, None)
    assert verdicts.of("run-0") == []
    (kept,) = verdicts.of(f"run-{KEPT}")
    assert len(kept.result.rows) == LONGEST
    assert kept.result.rows[0].captures == ()
