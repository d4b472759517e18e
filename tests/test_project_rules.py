"""The rules of the house that can be executed: sizes, layers, a test for each module, no names of registries."""

import ast
import functools
import re
import statistics
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
ROOMS = ("soundstage", "proxy", "dashboard", "sinks", "ledger", "policies")
LONGEST, MEDIAN = 300, 120
SCRIPTS = ("deploy/find-python", "deploy/prepare", "deploy/compose/try", ".ci/run")

PROCESSES = {"__main__", "up", "gateway_process", "dashboard_process"}
"""Started by `tests/running.py`, as an operator starts them."""
APART = {
    "sinks.moto_process": "started by the supervisor that test_sinks_moto_supervisor tests",
}
"""Modules that no test reaches by imports, and why that is right."""


def modules() -> list[Path]:
    return [path for room in ROOMS for path in sorted((PROJECT / room).rglob("*.py")) if path.name != "__init__.py"]


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def tracked() -> list[Path]:
    told = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=False)
    if told.returncode:
        pytest.skip("not a git checkout")
    return [path for name in told.stdout.split("\0") if name and (path := PROJECT / name).is_file()]


def test_no_module_is_over_300_lines() -> None:
    everything = [*modules(), *(PROJECT / "tests").glob("*.py"), *(PROJECT / "demo").rglob("*.py")]
    long = {str(path.relative_to(PROJECT)): lines(path) for path in everything if lines(path) > LONGEST}
    assert not long


def test_median_module_is_under_120_lines() -> None:
    assert statistics.median(map(lines, modules())) < MEDIAN


def known_to_tests(room: str) -> set[str]:
    """Modules with a test file of their name, or that some test imports."""
    tests = (PROJECT / "tests").glob("*.py")
    named = {f"{room}.{path.stem.removeprefix(f'test_{room}_')}" for path in tests}
    imports = {name for path in (PROJECT / "tests").glob("*.py") for name in imported(path)}
    started = {f"soundstage.{name}" for name in PROCESSES}
    return named | imports | started


@pytest.mark.parametrize("room", ROOMS)
def test_every_module_is_reached_by_a_test(room: str) -> None:
    """By a test file of its name, by an import in a test, or, however far down, by the imports of one that is."""
    graph = {f"{room}.{path.stem}": imported(path) for path in (PROJECT / room).glob("*.py")}
    waiting = sorted(set(graph) & known_to_tests(room))
    reached = set(waiting)
    while waiting:
        found = {name for name in graph[waiting.pop()] if name in graph} - reached
        reached |= found
        waiting += found
    assert not set(graph) - reached - {f"{room}.__init__"} - set(APART)


@functools.cache
def imported(path: Path) -> set[str]:
    """Modules that a file imports, or that a command of the command line looks up."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    looked_up = re.findall(r'later\("(\w+)"', path.read_text())
    return found | {f"soundstage.{name}" for name in looked_up}


def test_rooms_import_downwards_only() -> None:
    allowed = {
        "policies": {"policies"},
        "ledger": {"policies", "ledger"},
        "sinks": {"policies", "ledger", "sinks"},
        "proxy": {"policies", "ledger", "sinks", "proxy"},
        "dashboard": {"policies", "ledger", "sinks", "dashboard"},
        "soundstage": set(ROOMS),
    }
    wrong = [
        f"{path.relative_to(PROJECT)} imports {name}"
        for path in modules()
        for name in imported(path)
        if (room := name.split(".")[0]) in ROOMS and room not in allowed[path.relative_to(PROJECT).parts[0]]
    ]
    assert not wrong


def test_only_the_front_door_reads_environment_and_arguments() -> None:
    reading = re.compile(r"\bos\.(?:environ|getenv)\b|\bargparse\b")
    elsewhere = [path for path in modules() if path.relative_to(PROJECT).parts[0] != "soundstage"]
    readers = {str(path.relative_to(PROJECT)) for path in elsewhere if reading.search(path.read_text())}
    # Building the assets is a command of the checkout, run by make.
    assert readers <= {"dashboard/build_assets.py", "dashboard/assets.py"}


def test_modules_say_what_belongs_in_them() -> None:
    silent = [path for path in modules() if not ast.get_docstring(ast.parse(path.read_text()))]
    assert not silent


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-demo.lock", "requirements-dev.lock"])
def test_locks_name_no_host(name: str) -> None:
    assert not re.findall(r"https?://|--(?:extra-)?index-url|--find-links", (PROJECT / name).read_text())


def test_no_registry_is_named_in_the_tree() -> None:
    """Whatever index pip and npm are set up for is used; a checkout that names one fails where that is not reached."""
    hosts = rb"pypi\.org|pythonhosted\.org|registry\.npmjs\.org|index-url\s*=|artifactory|nexus\."
    registries = re.compile(hosts, re.IGNORECASE)
    named = {str(path.relative_to(PROJECT)) for path in tracked() if registries.search(path.read_bytes())}
    assert named <= {"tests/test_project_rules.py"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_executable_and_parse(name: str) -> None:
    path = PROJECT / name
    assert path.stat().st_mode & 0o111
    shell = "bash" if path.read_text().startswith("#!/bin/bash") else "sh"
    subprocess.run([shell, "-n", str(path)], check=True)
