"""Policy files: accepted whole or refused whole, each complaint with file, line, field and what would be right."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from effects import NOW, WHOLE, call, load, refused, write_policy
from examples import SHARED
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.pack import Packs
from policies.policy import Policy
from policies.policy_file import PolicyError, load_policy


def test_a_whole_file(tmp_path: Path) -> None:
    path = write_policy(tmp_path, WHOLE)
    policy = load(path)
    assert policy.environment == "staging-eu"
    assert policy.sources == (str(path),)
    assert [opt_in.id for opt_in in policy.opt_ins] == ["stripe-sandbox", "qa-mailboxes", "s3-to-minio"]
    assert [opt_in.shown_target for opt_in in policy.opt_ins] == [
        "api.stripe.com",
        "mail to *@qa.example.com",
        "*.s3.amazonaws.com",
    ]
    assert [opt_in.in_force(NOW) for opt_in in policy.opt_ins] == [True, True, False]
    assert policy.opt_ins[1].expires == datetime(2026, 12, 31, 9, tzinfo=UTC)
    assert policy.warnings == (
        f"{path}:23: opt-in s3-to-minio expired at the end of 2026-11-01 (UTC) and opens nothing",
    )
    assert policy.decide(call(channel="sms"), NOW).rule == "default:sms"
    assert policy.decide(call(channel="sms"), NOW).verdict == "deny"
    assert policy.decide(call(method="PUT", channel="web"), NOW).verdict == "deny"
    assert policy.decide(call(method="GET", channel="web"), NOW).verdict == "deny"
    assert policy.decide(call("https://b.s3.amazonaws.com/k", channel="storage"), NOW).rule == "default:storage"


def test_no_file_is_the_built_in_policy() -> None:
    assert load_policy([], now=NOW) == Policy.built_in()


@pytest.mark.parametrize(
    ("text", "complaints"),
    [
        pytest.param("", ["1: the file is empty; write keys and values, version: 1 first"], id="empty"),
        pytest.param("- a", ["1: ['a'] is not a mapping; write keys and values"], id="a-list"),
        pytest.param("version: 1\n version: 2", ["2: mapping values are not allowed in this context"], id="not-yaml"),
        pytest.param(
            "version: 1\nversion: 1",
            ["2: the key 'version' stands here a second time; the first is in line 1"],
            id="key-twice",
        ),
        pytest.param("environment: x", ["1: 'version: 1' is missing; write it first"], id="no-version"),
        pytest.param("version: 2", ["1: version: 2 is no version known here; write version: 1"], id="another-version"),
        pytest.param(
            'version: "1"',
            ["1: version: '1' is no version known here; write version: 1, without quotation marks"],
            id="version-as-text",
        ),
        pytest.param(
            "version: 1\nopt_in:\n\t- id: a",
            ["3: a tab indents this line, which YAML does not take; write blanks"],
            id="tab",
        ),
        pytest.param(
            "version: 1\nopt-in: []",
            ["2: opt-in: the key 'opt-in' is not known here; write 'opt_in'"],
            id="unknown-key",
        ),
        pytest.param(
            "version: 1\ndefaults: {sms: allow}",
            ["2: defaults.sms: 'allow' is not known; write capture or deny"],
            id="allow-by-default",
        ),
        pytest.param(
            "version: 1\ndefaults: {webb: deny}",
            ["2: defaults.webb: the key 'webb' is not known here; write 'web'"],
            id="unknown-channel",
        ),
        pytest.param(
            "version: 1\ndefaults: {web: deny}",
            ["2: defaults.web: 'deny' is not a mapping; write {write: capture, read: deny}"],
            id="web-has-two",
        ),
        pytest.param(
            "version: 1\ndefaults:\n  sms:\n  web: {read: }",
            [
                "3: defaults.sms: 'sms' has no value; write one, or leave the key away",
                "4: defaults.web.read: 'read' has no value; write one, or leave the key away",
            ],
            id="default-left-open",
        ),
        pytest.param(
            "version: 1\nopt_in: {id: x}",
            ["2: opt_in: {'id': 'x'} is not a list; write one entry after each dash"],
            id="one-opt-in-without-dash",
        ),
        pytest.param(
            "version: 1\nopt_in:\n  - {}",
            [
                "3: opt_in[0]: 'id' is missing; "
                "write a name of small letters, digits and dashes, such as stripe-sandbox",
                "3: opt_in[0]: 'why' is missing; say why this may leave",
                "3: opt_in[0]: 'owner' is missing; name the team that answers for it",
                "3: opt_in[0]: 'expires' is missing; write the day it ends, at most 90 days ahead",
                "3: opt_in[0]: 'to' is missing; write the host this opens, or 'email: {to: [...]}' for mail",
            ],
            id="everything-missing",
        ),
    ],
)
def test_refused_files(tmp_path: Path, text: str, complaints: list[str]) -> None:
    assert refused(tmp_path, text) == complaints


def test_all_problems_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = refused(tmp_path, WHOLE.replace("owner: qa", "ownr: qa").replace("[GET, POST]", "[get]"))
    assert [line.partition(": ")[0] for line in found] == ["9", "16", "21", "23", "28"]


class TestSeveralFiles:
    def test_merge(self, tmp_path: Path) -> None:
        first = write_policy(tmp_path, WHOLE.partition("examples")[0], "a.yaml")
        second = write_policy(tmp_path, "version: 1\ndefaults: {push: deny, sms: deny, web: {read: deny}}", "b.yaml")
        for paths in ((first, second), (second, first)):
            policy = load(*paths)
            assert len(policy.opt_ins) == 3
            assert policy.environment == "staging-eu"
            assert policy.defaults.push == policy.defaults.web.write == "deny"

    def test_ids_are_unique_across_them(self, tmp_path: Path) -> None:
        first, second = (write_policy(tmp_path, WHOLE.partition("examples")[0], name) for name in ("a.yaml", "b.yaml"))
        with pytest.raises(PolicyError) as raised:
            load(first, second)
        assert str(raised.value).splitlines()[0] == (
            f"{second}:7: opt_in[0].id: 'stripe-sandbox' is the id of another opt-in ({first}:7); write one of its own"
        )

    def test_contradictions_are_refused(self, tmp_path: Path) -> None:
        first = write_policy(tmp_path, "version: 1\nenvironment: a\ndefaults: {sms: deny}", "a.yaml")
        second = write_policy(tmp_path, "version: 1\nenvironment: b\ndefaults: {sms: capture}", "b.yaml")
        with pytest.raises(PolicyError) as raised:
            load(first, second)
        assert [problem.what for problem in raised.value.problems] == [
            "'b' contradicts another file, which says 'a'; write it in one file only",
            "'capture' contradicts another file, which says 'deny'; write it in one file only",
        ]


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    with pytest.raises(PolicyError) as raised:
        load(missing)
    assert str(raised.value) == f"{missing}:1: the file cannot be read: No such file or directory"
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"version: \xff")
    with pytest.raises(PolicyError) as raised:
        load(binary)
    assert str(raised.value) == f"{binary}:1: the file is not UTF-8 from octet 9 on"
    large = tmp_path / "large.yaml"
    with large.open("wb") as file:
        os.truncate(file.fileno(), 64 * 1024 * 1024)
    with pytest.raises(PolicyError, match="the file is larger than"):
        load(large)


def test_soundstage_is_no_target_of_its_own(tmp_path: Path) -> None:
    text = WHOLE.replace("http://minio.internal:9000", "http://localhost:8080").partition("examples")[0]
    with pytest.raises(PolicyError) as raised:
        load(write_policy(tmp_path, text), own_sockets=[("127.0.0.1", 8080)])
    assert [problem.what for problem in raised.value.problems] == [
        "localhost:8080 is a listening socket of Soundstage itself, which is never reached through it; "
        "name another host or port"
    ]


def test_credentials_nobody_can_tell_apart_are_warned_of(tmp_path: Path) -> None:
    text = WHOLE.partition("examples")[0]
    known = write_policy(tmp_path, text, "known.yaml")
    unknown = write_policy(tmp_path, text.replace("api.stripe.com", "x.example"), "unknown.yaml")
    assert len(load(known, packs=Packs.built_in()).warnings) == 1
    policy = load_policy([unknown], now=NOW)
    assert policy.warnings[1] == (
        f"{unknown}:7: opt-in stripe-sandbox lets nothing pass: "
        "no pack tells a test credential of x.example from a live one"
    )


_words = st.sampled_from(
    ["version", "opt_in", "id", "to", "email", "do", "why", "defaults", "web", "examples", "is", "x"]
)
_data = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | _words | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=4),
    max_leaves=12,
)


@settings(suppress_health_check=SHARED)
@given(_data)
def test_whatever_a_file_holds_it_loads_or_is_refused(tmp_path: Path, data: object) -> None:
    try:
        policy = load(write_policy(tmp_path, json.dumps(data)))
    except PolicyError as error:
        policy, problems = Policy.built_in(), error.problems
    else:
        problems = ()
    assert problems or not policy.opt_ins
