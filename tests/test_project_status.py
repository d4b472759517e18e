"""docs/status.md is honest: what it calls shown names tests that exist and run; the README repeats the rest."""

import ast
import importlib
import os
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
STATES = ("shown", "built, not shown", "absent")
ROW = re.compile(r"^\| (?P<what>[^|]+) \| (?P<state>[^|]+) \| (?P<by>[^|]*)\|$", re.MULTILINE)


def rows() -> list[tuple[str, str, list[str]]]:
    text = (PROJECT / "docs" / "status.md").read_text()
    found = [(m["what"].strip(), m["state"].strip(), re.findall(r"`([^`]+)`", m["by"])) for m in ROW.finditer(text)]
    return [row for row in found if row[0] != "what"]


def test_every_row_has_one_of_three_states() -> None:
    assert len(rows()) >= 30
    assert {state for _, state, _ in rows()} <= set(STATES)


def test_only_what_is_shown_names_evidence() -> None:
    assert not [what for what, state, by in rows() if (state == "shown") != bool(by)]


@pytest.mark.parametrize("node", sorted({node for _, _, by in rows() for node in by if node.startswith("tests/")}))
def test_named_test_exists_and_is_not_skipped(node: str) -> None:
    file, _, rest = node.partition("::")
    name = rest.split("[")[0].split("::")[-1]
    found = [n for n in ast.walk(ast.parse((PROJECT / file).read_text())) if isinstance(n, FUNCTION) and n.name == name]
    assert found, f"{node} does not exist"
    calls = [ast.unparse(n.func) for n in ast.walk(found[0]) if isinstance(n, ast.Call)]
    assert not [call for call in calls if call.endswith(("skip", "xfail"))], f"{node} may be skipped"
    for mark in marks_on(file, name):
        assert mark.name not in ("skip", "xfail"), f"{node} is not run"
        if mark.name == "skipif" and mark.args[0]:
            if str(mark.kwargs["reason"]).endswith("is not installed"):
                pytest.skip(f"{node}: {mark.kwargs['reason']}")
            assert os.geteuid() != 0, f"{node} is skipped here, though we are root: {mark.kwargs['reason']}"
            pytest.skip(f"{node} needs what root has: {mark.kwargs['reason']}")


def marks_on(file: str, name: str) -> list[pytest.Mark]:
    """The marks of a test and of its module, as they come out on this machine."""
    module = importlib.import_module(Path(file).stem)
    of_module = getattr(module, "pytestmark", [])
    decorators = [*(of_module if isinstance(of_module, list) else [of_module])]
    return [mark.mark for mark in decorators] + list(getattr(getattr(module, name), "pytestmark", []))


def test_evidence_that_is_a_command_is_one_of_make() -> None:
    commands = [node for _, _, by in rows() for node in by if not node.startswith("tests/")]
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    assert all(re.fullmatch(r"make ([a-z-]+)", command) and command.split()[1] in targets for command in commands)


ABSENT = ["Kubernetes", "Cypress", "speed"]


@pytest.mark.parametrize("word", ABSENT)
def test_readme_repeats_what_is_absent(word: str) -> None:
    absent = (PROJECT / "README.md").read_text().partition("**Absent so far**")[2]
    assert word in absent
