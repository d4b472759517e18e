"""Decisions: never, guards, opt-ins, defaults, each with its rule and the sentence people read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from effects import NOW, call, entry, mail, policy_of

from policies.effect import Effect, Target
from policies.policy import Policy

STRIPE = entry("stripe-sandbox", to="api.stripe.com", methods=["GET", "POST"], paths=["/v1/**"], credentials="test")
UNTIL = "until the end of 2026-12-31 (UTC): a test"


def decided(policy: Policy, effect: Effect, now: datetime = NOW) -> tuple[str, str, str]:
    decision = policy.decide(effect, now)
    return decision.verdict, decision.rule, decision.reason


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        pytest.param(
            call(channel="payment"),
            ("capture", "default:payment", "no opt-in matches api.stripe.com; payments are captured by default"),
            id="payment",
        ),
        pytest.param(
            call("https://partner.example/hook"),
            ("capture", "default:webhook", "no opt-in matches partner.example; webhooks are captured by default"),
            id="webhook",
        ),
        pytest.param(
            call("http://partner.example:8080/x", "GET", "web"),
            ("deny", "default:web", "no opt-in matches partner.example:8080; web reads are denied by default"),
            id="web-read-on-a-port",
        ),
        pytest.param(
            call("https://partner.example/x", "PUT", "web"),
            ("capture", "default:web", "no opt-in matches partner.example; web writes are captured by default"),
            id="web-write",
        ),
        pytest.param(
            call("https://[2606:4700::1]:8443/x"),
            ("capture", "default:webhook", "no opt-in matches [2606:4700::1]:8443; webhooks are captured by default"),
            id="ipv6-on-a-port",
        ),
        pytest.param(
            mail("someone@customer.com"),
            ("capture", "default:email", "no opt-in matches all of its recipients; mails are captured by default"),
            id="mail",
        ),
        pytest.param(
            call(channel="sms"),
            ("capture", "default:sms", "no opt-in matches api.stripe.com; text messages are captured by default"),
            id="sms",
        ),
        pytest.param(
            call(channel="dns", protocol="dns", target=Target(scheme="dns", host="x.example", port=53)),
            ("deny", "default:dns", "no opt-in matches x.example; names are never resolved outside by default"),
            id="dns",
        ),
        pytest.param(
            call(channel="socket", protocol="tcp", target=Target(scheme="tcp", host="x.example", port=443)),
            (
                "deny",
                "default:socket",
                "no opt-in matches x.example:443; connections that are not HTTP are denied by default",
            ),
            id="socket",
        ),
        pytest.param(
            call("http://169.254.169.254/latest"),
            (
                "deny",
                "never:metadata",
                "169.254.169.254 is a cloud metadata service, which nothing may ever reach",
            ),
            id="metadata",
        ),
        pytest.param(
            call("http://metadata.google.internal/x"),
            (
                "deny",
                "never:metadata",
                "metadata.google.internal is a cloud metadata service, which nothing may ever reach",
            ),
            id="metadata-by-name",
        ),
        pytest.param(
            call("http://169.254.7.7/x"),
            ("deny", "never:link-local", "169.254.7.7 is a link-local address, which nothing may ever reach"),
            id="link-local",
        ),
        pytest.param(
            call("http://a@b/x"),
            (
                "deny",
                "never:names-disagree",
                "its destination is in doubt: Host carries user information, which hides the host it names",
            ),
            id="names-in-doubt",
        ),
    ],
)
def test_without_a_file(effect: Effect, expected: tuple[str, str, str]) -> None:
    assert decided(Policy.built_in(), effect) == expected


def test_nothing_leaves_without_a_file() -> None:
    policy = Policy.built_in()
    assert not policy.may_leave("api.stripe.com", 443, NOW)
    assert not policy.opt_ins
    assert not policy.warnings


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        pytest.param(
            {"credential": "test"},
            ("allow", "stripe-sandbox", f"opt-in stripe-sandbox allows it {UNTIL}"),
            id="test-key-passes",
        ),
        pytest.param(
            {"credential": "live"},
            (
                "deny",
                "guard:live-credential",
                "opt-in stripe-sandbox lets only test credentials pass, and this carries a live credential",
            ),
            id="live-key-is-denied",
        ),
        pytest.param(
            {"credential": "unknown"},
            (
                "deny",
                "guard:live-credential",
                "opt-in stripe-sandbox lets only test credentials pass, "
                "and this carries a credential that is not known to be a test one",
            ),
            id="unknown-key-is-denied",
        ),
        pytest.param(
            {"credential": "none"},
            ("capture", "default:payment", "no opt-in matches api.stripe.com; payments are captured by default"),
            id="no-key-does-not-match",
        ),
        pytest.param(
            {"credential": "test", "method": "DELETE"},
            ("capture", "default:payment", "no opt-in matches api.stripe.com; payments are captured by default"),
            id="another-method",
        ),
        pytest.param(
            {"credential": "test", "url": "https://api.stripe.com/v2/x"},
            ("capture", "default:payment", "no opt-in matches api.stripe.com; payments are captured by default"),
            id="another-path",
        ),
        pytest.param(
            {"credential": "test", "url": "https://api.stripe.com:8443/v1/x"},
            ("capture", "default:payment", "no opt-in matches api.stripe.com:8443; payments are captured by default"),
            id="a-port-nobody-named",
        ),
        pytest.param(
            {"credential": "test", "url": "https://files.stripe.com/v1/x"},
            ("capture", "default:payment", "no opt-in matches files.stripe.com; payments are captured by default"),
            id="another-host",
        ),
        pytest.param(
            {"credential": "test", "url": "https://api.stripe.com/v1/%2e%2e/v1/x"},
            (
                "deny",
                "guard:canonical-form",
                "opt-in stripe-sandbox would let it leave, but its host, path or method was not sent in canonical "
                "form, and such a request is denied rather than rewritten",
            ),
            id="not-canonical",
        ),
        pytest.param(
            {"credential": "test", "conflicts": ("SNI names a, but Host names b",)},
            ("deny", "never:names-disagree", "its destination is in doubt: SNI names a, but Host names b"),
            id="names-disagree",
        ),
    ],
)
def test_an_opt_in(tmp_path: Path, given_: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert decided(policy_of(tmp_path, STRIPE), call(channel="payment", **given_)) == expected


def test_an_expired_opt_in_opens_nothing(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, STRIPE)
    effect = call(channel="payment", credential="test")
    last = datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    assert policy.decide(effect, last).verdict == "allow"
    assert policy.decide(effect, last).expires == datetime(2027, 1, 1, tzinfo=UTC)
    assert policy.decide(effect, last + timedelta(microseconds=1)).rule == "default:payment"
    assert policy.may_leave("api.stripe.com", 443, last)
    assert not policy.may_leave("api.stripe.com", 443, last + timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("credential", "flags"), [("live", ("live_credential",)), ("test", ()), ("unknown", ()), ("none", ())]
)
def test_a_live_credential_is_flagged_without_any_opt_in(credential: str, flags: tuple[str, ...]) -> None:
    decision = Policy.built_in().decide(call(channel="payment", credential=credential), NOW)
    assert (decision.verdict, decision.flags) == ("capture", flags)


def test_a_live_credential_is_denied_whatever_else_matches(tmp_path: Path) -> None:
    policy = policy_of(
        tmp_path, entry("wide", to="*.stripe.com", credentials="test"), entry("exact", to="api.stripe.com")
    )
    decision = policy.decide(call(channel="payment", credential="live"), NOW)
    assert (decision.verdict, decision.rule, decision.flags) == ("deny", "guard:live-credential", ("live_credential",))
    assert policy.decide(call(channel="payment", credential="test"), NOW).rule == "exact"


def test_a_live_credential_that_passes_is_flagged(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, entry("exact", to="api.stripe.com"))
    decision = policy.decide(call(credential="live"), NOW)
    assert (decision.verdict, decision.flags) == ("allow", ("live_credential",))
