"""OptIn: what it means and what it says. Narrowing within a policy: test_policies_policy.py."""

from datetime import UTC, datetime, timedelta

import pytest
from effects import call, mail

from policies.glob import recipient_glob
from policies.opt_in import Narrowing, OptIn, is_mail
from policies.pattern import parse_pattern

END = datetime(2026, 12, 31, tzinfo=UTC)


def test_what_it_decides() -> None:
    opt_in = OptIn("a", "divert", "because", "qa", END, "then", parse_pattern("x.example"), divert="http://y.example")
    assert opt_in.decision.reason == "opt-in a diverts it to http://y.example until then: because"
    assert opt_in.decision.expires == END
    assert opt_in.leaves
    assert opt_in.shown_target == "x.example"
    assert OptIn("a", "deny", "because", "qa", END, "then", parse_pattern("x.example")).decision.expires is None


def test_it_is_in_force_until_its_end() -> None:
    opt_in = OptIn("a", "allow", "because", "qa", END, "then", parse_pattern("x.example"))
    assert opt_in.in_force(END - timedelta(microseconds=1))
    assert not opt_in.in_force(END)


@pytest.mark.parametrize(
    ("narrowing", "matches"),
    [
        pytest.param(Narrowing(), True, id="all-of-it"),
        pytest.param(Narrowing(methods=frozenset({"POST"}), intents=frozenset({"write"})), True, id="both-match"),
        pytest.param(Narrowing(methods=frozenset({"POST"}), intents=frozenset({"read"})), False, id="one-does-not"),
        pytest.param(Narrowing(channels=frozenset({"socket"})), False, id="another-channel"),
        pytest.param(Narrowing(methods=frozenset()), False, id="no-method-at-all"),
        pytest.param(Narrowing(runs=()), False, id="no-run-at-all"),
        pytest.param(Narrowing(recipients=()), False, id="no-recipient-at-all"),
    ],
)
def test_all_narrowing_must_match(narrowing: Narrowing, matches: bool) -> None:
    opt_in = OptIn("a", "allow", "", "", END, "", parse_pattern("api.stripe.com"), narrowing=narrowing)
    assert opt_in.matches(call()) is matches


def test_a_mail_opt_in_needs_all_recipients() -> None:
    opt_in = OptIn("a", "allow", "", "", END, "", mail_to=(recipient_glob("*@qa.example.com"),))
    assert opt_in.matches(mail("a@qa.example.com", "b@qa.example.com"))
    assert not opt_in.matches(mail("a@qa.example.com", "b@customer.com"))
    assert opt_in.shown_target == "mail to *@qa.example.com"


@pytest.mark.parametrize(
    ("recipients", "matches"),
    [
        pytest.param(("ceo@example.com",), True, id="the-one"),
        pytest.param(("bob@example.com", "ceo@example.com"), True, id="the-one-among-others"),
        pytest.param(("bob@example.com",), False, id="others"),
        pytest.param(("bob%x@example.com",), True, id="who-knows-who"),
        pytest.param(None, True, id="nobody-knows"),
    ],
)
def test_what_keeps_in_means_anybody_it_may_mean(recipients: tuple[str, ...] | None, matches: bool) -> None:
    globs = (recipient_glob("ceo@example.com"),)
    narrowed = OptIn(
        "a", "deny", "", "", END, "", parse_pattern("api.stripe.com"), narrowing=Narrowing(recipients=globs)
    )
    assert narrowed.matches(call().model_copy(update={"recipients": recipients})) is matches
    if recipients is not None:
        assert OptIn("a", "capture", "", "", END, "", mail_to=globs).matches(mail(*recipients)) is matches


def test_a_read_reaches_nobody() -> None:
    narrowing = Narrowing(recipients=(recipient_glob("ceo@example.com"),))
    opt_in = OptIn("a", "deny", "", "", END, "", parse_pattern("api.stripe.com"), narrowing=narrowing)
    assert not opt_in.matches(call().model_copy(update={"intent": "read"}))


def test_a_port_of_a_scheme_without_a_usual_one_must_be_written() -> None:
    effect = call()
    odd = effect.model_copy(update={"target": effect.target.model_copy(update={"scheme": "gopher", "port": 70})})
    assert not OptIn("a", "allow", "", "", END, "", parse_pattern("api.stripe.com")).matches(odd)
    assert OptIn("a", "allow", "", "", END, "", parse_pattern("api.stripe.com:70")).matches(odd)


def test_what_is_mail() -> None:
    assert is_mail(mail("a@b.example"))
    assert is_mail(mail("a@b.example", protocol="smtps"))
    assert not is_mail(call(channel="email"))
