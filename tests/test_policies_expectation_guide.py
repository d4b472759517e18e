"""The guide for authors of expectations, docs/expectations.md, is true: its file loads, its tables hold."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.expectation_field import BY_CHANNEL, WITH_DOMAINS, WITHOUT_CALLS
from policies.expectation_file import KEYS, read_expectations
from policies.expectation_spelling import read_value

GUIDE = (Path(__file__).parent.parent / "docs" / "expectations.md").read_text("utf-8")
TABLE = GUIDE.partition("| channel | fields |\n|---|---|\n")[2].partition("\n\n")[0]
ROWS = [line.strip("| ").partition(" | ")[::2] for line in TABLE.splitlines()]
NAMED = {"json", "form", "query", "headers"}


def words(text: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+)`", text))


def test_its_file_loads_and_has_every_key() -> None:
    found = re.search(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    read = read_expectations(found[1])
    assert (len(read.expect), len(read.never)) == (3, 2)
    assert set(yaml.safe_load(found[1])) == set(KEYS)


def test_every_field_of_every_channel_is_named_and_no_other() -> None:
    everywhere, called = (words(fields) for name, fields in ROWS if name.startswith("every"))
    told = {
        channel: words(fields) for names, fields in ROWS for channel in words(names) if not names.startswith("every")
    }
    assert set(told) == set(BY_CHANNEL)
    for channel, fields in BY_CHANNEL.items():
        known = {*fields, "facts"} | (set() if channel in WITHOUT_CALLS else NAMED)
        known |= {"to_domain_not_in"} if channel in WITH_DOMAINS else set()
        assert told[channel] | everywhere | (set() if channel in WITHOUT_CALLS else called) == known, channel


VALUES: list[tuple[str, Any, bool]] = [
    ("`Welcome`", "Welcome", True),
    ('`"*@example.test"`', "ann@example.test", True),
    ("`/welcome/i`", "Most Welcome", True),
    ('`{matches: "^/v[12]/"}`', "/v2/x", True),
    ('`{exact: "a*b"}`', "a*b", True),
    ("`4200`", "4200", True),
    ("`{min: 1, max: 9}`", 9, True),
    ("`{any_of: [a, b]}`", "b", True),
    ("`{not: a}`", None, True),
    ("`{not: null}`", None, False),
    ("`null`", None, True),
    ("`[a, b]`", ["b", "a"], True),
]


@pytest.mark.parametrize(("written", "actual", "holds"), VALUES)
def test_every_value_is_read_as_it_says(written: str, actual: Any, holds: bool) -> None:
    assert written in GUIDE
    assert read_value(yaml.safe_load(written.strip("`"))).holds(actual) is holds
