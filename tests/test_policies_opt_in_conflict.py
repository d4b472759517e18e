"""Opt-ins that contradict each other do not load; exceptions do."""

import json
from pathlib import Path
from typing import Any

import pytest
from effects import entry, policy_of, refused

from policies.policy_problem import PolicyError

ADMIN = {"paths": ["/admin/**"]}
MAIL = {"email": {"to": ["*@qa.example.com"]}, "via": "smtp://a.example:25"}


def loads(folder: Path, *found: dict[str, Any]) -> bool:
    entries = [
        entry(f"n{n}", **({"to": "x.example"} if "email" not in keys else {}) | keys) for n, keys in enumerate(found)
    ]
    try:
        policy_of(folder, *entries)
    except PolicyError as error:
        conflicting = all("mean some of the same calls" in problem.what for problem in error.problems)
        if not conflicting:
            raise
        return False
    return True


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({}, {"do": "deny"}, id="the-same-calls"),
        pytest.param({}, {"to": "x.example:443", "do": "allow", "addresses": ["10.0.0.0/8"]}, id="other-addresses"),
        pytest.param({"divert": "http://a.example"}, {"divert": "http://b.example"}, id="two-diverts"),
        pytest.param(
            {"divert": "http://a.example"}, {**ADMIN, "divert": "http://b.example"}, id="two-diverts-of-a-part"
        ),
        pytest.param({"methods": ["GET", "POST"]}, {"methods": ["POST", "PUT"], "do": "deny"}, id="partly-the-same"),
        pytest.param({**ADMIN}, {"do": "capture"}, id="the-laxer-one-would-never-apply"),
        pytest.param({"credentials": "test"}, {"do": "capture"}, id="test-credentials-would-never-pass"),
        pytest.param({**ADMIN}, {"methods": ["DELETE"], "do": "deny"}, id="crosswise"),
        pytest.param({"run": "ci-*"}, {"run": ["ci-1", "qa-1"], "do": "deny"}, id="runs"),
        pytest.param({"source": "10.0.0.0/8"}, {"source": ["10.1.0.0/16", "fd00::/8"], "do": "deny"}, id="sources"),
        pytest.param({"to": "*.x.example"}, {"to": "*.x.example", "do": "capture"}, id="wildcards"),
        pytest.param({"to": "8.8.8.8"}, {"to": "8.8.8.8/32", "do": "deny"}, id="an-address-and-its-network"),
        pytest.param(MAIL, {**MAIL, "via": "smtp://b.example:25"}, id="mail"),
        pytest.param(
            {"email": {"to": ["*@*.example.com"]}, "via": "smtp://a.example:25"},
            {"email": {"to": ["a@qa.example.com"]}, "via": "smtp://b.example:25"},
            id="mail-to-one-of-them",
        ),
    ],
)
def test_refused(tmp_path: Path, first: dict[str, Any], second: dict[str, Any]) -> None:
    assert not loads(tmp_path, first, second)
    assert not loads(tmp_path, second, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({}, {**ADMIN}, id="they-say-the-same"),
        pytest.param({}, {**ADMIN, "do": "deny"}, id="an-exception"),
        pytest.param({"methods": ["GET", "POST"]}, {"methods": ["POST"], "do": "capture"}, id="an-exception-by-method"),
        pytest.param({"source": "10.0.0.0/8"}, {"source": "10.1.0.0/16", "do": "deny"}, id="an-exception-by-source"),
        pytest.param({"methods": ["GET"]}, {"methods": ["POST"], "do": "deny"}, id="other-methods"),
        pytest.param({"channel": "sms"}, {"channel": ["email"], "do": "deny"}, id="other-channels"),
        pytest.param({}, {"channel": "dns", "do": "deny"}, id="a-channel-that-must-be-named"),
        pytest.param({"intent": "read"}, {"intent": "write", "do": "deny"}, id="other-intents"),
        pytest.param({"paths": ["/a/*/c"]}, {"paths": ["/*/b/c"], "do": "deny"}, id="paths-nobody-can-prove"),
        pytest.param({"to": "x.example:8443"}, {"do": "deny"}, id="other-ports"),
        pytest.param({"to": "*.x.example"}, {"to": "a.x.example", "do": "deny"}, id="one-is-more-specific"),
        pytest.param({"source": "10.0.0.0/8"}, {"source": "fd00::/8", "do": "deny"}, id="other-sources"),
        pytest.param(MAIL, {**MAIL, "email": {"to": ["*@other.example"]}, "do": "deny"}, id="other-mail"),
    ],
)
def test_accepted(tmp_path: Path, first: dict[str, Any], second: dict[str, Any]) -> None:
    assert loads(tmp_path, first, second)
    assert loads(tmp_path, second, first)


def test_the_sentence_names_both(tmp_path: Path) -> None:
    text = json.dumps({"version": 1, "opt_in": [entry("a", to="x.example"), entry("b", to="x.example", do="deny")]})
    assert refused(tmp_path, text) == [
        "1: opt_in[1].to: 'b' and 'a' mean some of the same calls, equally specifically, and differ: "
        f"deny here, allow in a ({tmp_path}/policy.yaml:1); narrow them until each call has one answer"
    ]


def test_thousands_of_doors_to_different_places_are_not_compared_with_each_other(tmp_path: Path) -> None:
    entries = [
        entry(f"n{n}", email={"to": [f"*@q{n}.example.com"]}, via=f"smtp://relay{n}.internal:25") for n in range(3000)
    ]
    assert len(policy_of(tmp_path, *entries).opt_ins) == 3000
