"""Tests of properties draw the same examples in every run of one checkout; a hunt draws others, and more of them."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from examples import THOROUGH, USUAL
from hypothesis import given, settings
from hypothesis import strategies as st

PROJECT = Path(__file__).resolve().parent.parent


def drawn() -> list[tuple[int, str, bytes]]:
    seen = []

    @given(st.integers(), st.text(), st.binary())
    def look(number: int, text: str, octets: bytes) -> None:
        seen.append((number, text, octets))

    look()
    return seen


@pytest.mark.skipif(not settings().derandomize, reason="a hunt draws others each time")
def test_one_module_more_changes_no_example(tmp_path: Path) -> None:
    first = drawn()
    numbers = [7_000_001 + 2 * number for number in range(500)]
    (tmp_path / "of_constants.py").write_text(f"{numbers} + {[f'text {number}' for number in numbers]}\n")
    with pytest.MonkeyPatch.context() as path:
        path.syspath_prepend(tmp_path)
        importlib.import_module("of_constants")
        second = drawn()
    del sys.modules["of_constants"]
    assert len(first) >= USUAL
    assert first == second


def test_a_hunt_draws_more_of_every_test() -> None:
    """Of one that names its own number, too."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_policies_body.py"]
    options = ["--hypothesis-profile=fuzz", "--hypothesis-show-statistics"]
    told = subprocess.run([*command, *options], cwd=PROJECT, capture_output=True, text=True, check=False)
    counts = [int(count) for count in re.findall(r"(\d+) passing", told.stdout)]
    assert max(counts) >= 50 * THOROUGH // USUAL, told.stdout


def test_every_number_of_examples_grows_in_a_hunt() -> None:
    fixed = [
        path.name for path in (PROJECT / "tests").glob("test_*.py") if re.search("max_examples=[0-9]", path.read_text())
    ]
    assert not fixed, "write examples(300) for 300"
