"""Which of several opt-ins a decision goes by: specificity, narrowing, mail, addresses, order."""

import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from effects import NOW, call, entry, mail, policy_of
from examples import SHARED
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.effect import Effect
from policies.policy import Policy
from policies.policy_problem import PolicyError

STRIPE = entry("stripe-sandbox", to="api.stripe.com", methods=["GET", "POST"], paths=["/v1/**"], credentials="test")
UNTIL = "until the end of 2026-12-31 (UTC): a test"


def decided(policy: Policy, effect: Effect, now: datetime = NOW) -> tuple[str, str, str]:
    decision = policy.decide(effect, now)
    return decision.verdict, decision.rule, decision.reason


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("https://api.eu.example.com/x", "exact"),
        ("https://x.eu.example.com/x", "longer"),
        ("https://x.us.example.com/x", "shorter"),
        ("https://example.com/x", "default:webhook"),
    ],
)
def test_the_most_specific_pattern_wins(tmp_path: Path, url: str, rule: str) -> None:
    policy = policy_of(
        tmp_path,
        entry("shorter", to="*.example.com", do="deny"),
        entry("longer", to="*.eu.example.com", do="capture"),
        entry("exact", to="api.eu.example.com", do="allow"),
    )
    assert policy.decide(call(url), NOW).rule == rule


def test_between_equals_the_stricter_wins(tmp_path: Path) -> None:
    policy = policy_of(
        tmp_path,
        entry("a", to="api.example.com"),
        entry("b", to="api.example.com", paths=["/admin/*/x"], do="deny"),
        entry("c", to="api.example.com", paths=["/*/keys/x"], do="capture"),
    )
    assert policy.decide(call("https://api.example.com/admin/keys/x"), NOW).rule == "b"
    assert policy.decide(call("https://api.example.com/open/keys/x"), NOW).rule == "c"
    assert policy.decide(call("https://api.example.com/y"), NOW).rule == "a"


@pytest.mark.parametrize(
    ("narrowing", "matching", "other"),
    [
        pytest.param({"channel": "payment"}, {"channel": "payment"}, {"channel": "web"}, id="channel"),
        pytest.param({"intent": ["read"]}, {"method": "GET"}, {"method": "POST"}, id="intent"),
        pytest.param({"run": "ci-*"}, {"run": "ci-4711"}, {"run": "unattributed"}, id="run"),
        pytest.param({"source": "10.0.3.0/24"}, {"source": "10.0.3.7"}, {"source": "10.0.4.7"}, id="source"),
        pytest.param({"source": ["fd00::/8"]}, {"source": "fd00::1"}, {"source": "10.0.4.7"}, id="source-of-two-kinds"),
        pytest.param({"source": "10.0.3.0/24"}, {"source": "10.0.3.7"}, {"source": "nowhere"}, id="source-unreadable"),
        pytest.param(
            {"recipients": ["*@qa.example.com"]},
            {"recipients": ("a@qa.example.com",)},
            {"recipients": ("a@qa.example.com", "b@customer.com")},
            id="recipients",
        ),
        pytest.param(
            {"recipients": ["*@qa.example.com"]},
            {"recipients": ("a@qa.example.com",)},
            {"recipients": None},
            id="recipients-unknown",
        ),
    ],
)
def test_narrowing(tmp_path: Path, narrowing: dict[str, Any], matching: dict[str, Any], other: dict[str, Any]) -> None:
    policy = policy_of(tmp_path, entry("narrow", to="api.stripe.com", **narrowing))
    assert policy.decide(call(**matching), NOW).rule == "narrow"
    assert policy.decide(call(**other), NOW).rule.startswith("default:")


def test_an_opt_in_for_http_opens_no_tunnel_and_resolves_no_name(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, entry("http", to="api.stripe.com"))
    for channel in ("dns", "socket"):
        assert policy.decide(call(channel=channel), NOW).verdict == "deny"


def test_divert(tmp_path: Path) -> None:
    policy = policy_of(
        tmp_path,
        entry("s3", to="*.s3.amazonaws.com", divert="http://minio.internal:9000", addresses=["10.0.0.0/8"]),
    )
    decision = policy.decide(call("https://b.s3.amazonaws.com/k", "PUT", "storage"), NOW)
    assert (decision.verdict, decision.divert, decision.addresses) == (
        "divert",
        "http://minio.internal:9000",
        ("10.0.0.0/8",),
    )
    assert decision.reason == f"opt-in s3 diverts it to http://minio.internal:9000 {UNTIL}"


class TestMail:
    def qa(self, folder: Path) -> Policy:
        return policy_of(
            folder,
            entry("qa", email={"to": ["*@qa.example.com", "boss@example.com"]}, via="smtp://relay.internal:25"),
            entry("host", to="mail"),
        )

    def test_every_recipient_matches(self, tmp_path: Path) -> None:
        decision = self.qa(tmp_path).decide(mail("a@qa.example.com", "boss@example.com"), NOW)
        assert (decision.verdict, decision.rule, decision.via) == ("allow", "qa", "smtp://relay.internal:25")

    def test_the_first_recipient_is_not_special(self, tmp_path: Path) -> None:
        assert self.qa(tmp_path).decide(mail("boss@example.com", "a@qa.example.com"), NOW).rule == "qa"

    @pytest.mark.parametrize(
        "recipients",
        [("a@qa.example.com", "b@customer.com"), ("b@customer.com", "a@qa.example.com"), (), ("a b@qa.example.com",)],
    )
    def test_else_the_whole_mail_is_captured(self, tmp_path: Path, recipients: tuple[str, ...]) -> None:
        decision = self.qa(tmp_path).decide(mail(*recipients), NOW)
        assert (decision.verdict, decision.rule) == ("capture", "default:email")

    def test_mail_through_a_providers_api_is_no_matter_of_smtp(self, tmp_path: Path) -> None:
        effect = call(channel="email", recipients=("a@qa.example.com",))
        assert self.qa(tmp_path).decide(effect, NOW).rule == "default:email"


class TestPrivateAddresses:
    def test_need_an_opt_in_that_contains_them(self, tmp_path: Path) -> None:
        policy = policy_of(
            tmp_path, entry("by-number", to="10.0.0.0/24", addresses=["10.0.0.0/25"]), entry("by-name", to="x.example")
        )
        assert policy.decide(call("http://10.0.0.7/x"), NOW).rule == "by-number"
        beyond = policy.decide(call("http://10.0.0.200/x"), NOW)
        assert (beyond.verdict, beyond.rule) == ("deny", "guard:address")
        assert beyond.reason == (
            "opt-in by-number: 10.0.0.200 is a private address, and no `addresses` of the opt-in contain it"
        )

    def test_in_disguise_are_denied(self, tmp_path: Path) -> None:
        policy = policy_of(tmp_path, entry("loop", to="127.0.0.1", addresses=["127.0.0.0/8"]))
        assert policy.decide(call("http://127.0.0.1/x"), NOW).verdict == "allow"
        for spelling in ("2130706433", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]"):
            assert policy.decide(call(f"http://{spelling}/x"), NOW).rule == "guard:canonical-form"


@pytest.mark.parametrize(
    ("host", "port", "may"),
    [
        ("api.stripe.com", 443, True),
        ("API.Stripe.com.", 443, True),
        ("api.stripe.com", 80, True),
        ("api.stripe.com", 25, False),
        ("stripe.com", 443, False),
        ("x.example.com", 8443, True),
        ("x.example.com", 443, False),
        ("captured.example", 443, False),
        ("mail", 1025, False),
        ("203.0.113.9", 443, True),
        ("169.254.169.254", 80, False),
        ("a b", 443, False),
        ("127.0.0.1", 8443, False),
        ("127.0.0.1", 8444, True),
    ],
)
def test_may_leave(tmp_path: Path, host: str, port: int, may: bool) -> None:
    policy = policy_of(
        tmp_path,
        STRIPE,
        entry("port", to="*.example.com:8443"),
        entry("captured", to="captured.example", do="capture"),
        entry("qa", email={"to": ["*@qa.example.com"]}, via="smtp://relay.internal:25"),
        entry("number", to="203.0.113.0/24", addresses=["203.0.113.0/24"]),
        entry("own", to="127.0.0.1:8443", addresses=["127.0.0.1"]),
        entry("other", to="127.0.0.1:8444", addresses=["127.0.0.1"]),
        sockets=(("127.0.0.1", 8443),),
    )
    assert policy.may_leave(host, port, NOW) is may


_HOSTS = ["api.example.com", "x.api.example.com", "example.com", "other.example", "203.0.113.7"]
_ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "to": st.sampled_from(["api.example.com", "*.example.com", "*.api.example.com", "203.0.113.0/24"]),
            "do": st.sampled_from(["allow", "capture", "deny"]),
        },
        optional={
            "methods": st.lists(st.sampled_from(["GET", "POST", "PUT"]), min_size=1, max_size=2),
            "paths": st.lists(st.sampled_from(["/a/**", "/*/b", "/**/b"]), min_size=1, max_size=2),
            "credentials": st.just("test"),
        },
    ),
    max_size=8,
)


@settings(suppress_health_check=SHARED)
@given(
    _ENTRIES,
    st.randoms(use_true_random=False),
    st.sampled_from(_HOSTS),
    st.sampled_from(["GET", "POST"]),
    st.sampled_from(["/a/b", "/a/c", "/c/b"]),
    st.sampled_from(["none", "test", "live"]),
)
def test_the_order_in_the_file_means_nothing(
    tmp_path: Path,
    found: list[dict[str, Any]],
    shuffle: random.Random,
    host: str,
    method: str,
    path: str,
    credential: str,
) -> None:
    entries = [entry(f"n{index}", addresses=["203.0.113.0/24"], **keys) for index, keys in enumerate(found)]
    accepted: list[dict[str, Any]] = []
    for one in entries:  # opt-ins that contradict each other do not load, in any order
        try:
            policy_of(tmp_path, *accepted, one)
        except PolicyError:
            continue
        accepted.append(one)
    effect = call(f"https://{host}{path}", method, credential=credential)
    before = policy_of(tmp_path, *accepted)
    shuffle.shuffle(accepted)
    after = policy_of(tmp_path, *accepted)
    assert before.decide(effect, NOW) == after.decide(effect, NOW)
    assert before.digest == after.digest
    if before.decide(effect, NOW).leaves:
        assert before.may_leave(host, 443, NOW)


def test_the_digest_tells_rules_apart(tmp_path: Path) -> None:
    assert policy_of(tmp_path, STRIPE).digest != policy_of(tmp_path, {**STRIPE, "do": "capture"}).digest
    assert policy_of(tmp_path).digest != policy_of(tmp_path, defaults={"sms": "deny"}).digest
    assert policy_of(tmp_path).digest == Policy.built_in().digest
