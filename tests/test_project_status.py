"""docs/status.md is honest: what it calls shown names tests that exist and run; the README repeats the rest."""

import ast
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
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
    tree = ast.parse((PROJECT / file).read_text())
    assert not any("skip" in mark for mark in marks_of_module(tree)), file
    found = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == name]
    assert found, f"{node} does not exist"
    decorators = [ast.unparse(mark) for mark in found[0].decorator_list]
    assert not [mark for mark in decorators if "skip" in mark or "xfail" in mark]
    skips = [
        n for n in ast.walk(found[0]) if isinstance(n, ast.Call) and ast.unparse(n.func).endswith(("skip", "xfail"))
    ]
    assert not skips, f"{node} may be skipped"


def marks_of_module(tree: ast.Module) -> list[str]:
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    return [ast.unparse(node.value) for node in assigned if ast.unparse(node.targets[0]) == "pytestmark"]


def test_evidence_that_is_a_command_is_one_of_make() -> None:
    commands = [node for _, _, by in rows() for node in by if not node.startswith("tests/")]
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    assert all(re.fullmatch(r"make ([a-z-]+)", command) and command.split()[1] in targets for command in commands)


ABSENT = ["run", "verify", "doctor", "SOCKS5", "WireGuard", "cron", "pytest-soundstage", "Mailpit"]


@pytest.mark.parametrize("word", ABSENT)
def test_readme_repeats_what_is_absent(word: str) -> None:
    absent = (PROJECT / "README.md").read_text().partition("**Absent so far**")[2]
    assert word in absent
