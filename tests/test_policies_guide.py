"""The guide for policy authors, docs/policy.md, is true: its files load, its tables hold, every key is in it."""

import re
from pathlib import Path

import pytest
from effects import NOW, write_policy

from policies.pattern import BadPattern, parse_pattern
from policies.policy_example import KEYS as EXAMPLE_KEYS
from policies.policy_file import KEYS as FILE_KEYS
from policies.policy_file import load_policy
from policies.policy_file_opt_in import KEYS as OPT_IN_KEYS

GUIDE = (Path(__file__).parent.parent / "docs" / "policy.md").read_text("utf-8")
FILES = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
ROWS = re.findall(r"^\| `([^`]+)` \| (.*) \|$", GUIDE, re.MULTILINE)
HOSTS = ("example.com", "api.example.com", "a.b.example.com", "evilexample.com")


@pytest.mark.parametrize("text", FILES, ids=range(len(FILES)))
def test_its_files_load_with_their_examples(tmp_path: Path, text: str) -> None:
    policy = load_policy([write_policy(tmp_path, text)], now=NOW)
    assert policy.opt_ins
    assert not policy.warnings


@pytest.mark.parametrize("key", [*FILE_KEYS, *OPT_IN_KEYS, *EXAMPLE_KEYS])
def test_every_key_has_a_row(key: str) -> None:
    assert key in {row for row, _ in ROWS}


@pytest.mark.parametrize(
    ("pattern", "cells"), [row for row in ROWS if re.fullmatch(r"(yes|no)( \| (yes|no)){3}", row[1])]
)
def test_the_table_of_hosts(pattern: str, cells: str) -> None:
    found = parse_pattern(pattern)
    assert ["yes" if found.matches(host) else "no" for host in HOSTS] == cells.split(" | ")


@pytest.mark.parametrize("pattern", [row for row, cell in ROWS if cell.startswith("refused")])
def test_what_it_calls_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        parse_pattern(pattern)


def test_the_tables_are_not_empty() -> None:
    assert len(FILES) == 3
    assert sum(cell.startswith("refused") for _, cell in ROWS) == 7
