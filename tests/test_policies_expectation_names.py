"""Names in a file of expectations are held against the packs in use: a row that can never match would prove nothing."""

import json

import pytest

from policies.expectation_file import ExpectationError, read_expectations
from policies.expectation_names import Names, asks_names
from policies.pack import Packs


@pytest.fixture(scope="module")
def names() -> Names:
    """As the API's side knows them: from JSON."""
    return Names.read(json.loads(json.dumps(Names.of(Packs.built_in()).as_json())))


REFUSED = [
    pytest.param("payment: {provider: strpe}", "payment.provider: 'strpe' is", "mean stripe?", id="a-slip-of-the-pen"),
    pytest.param("any: {provider: adyen}", "'adyen' is no provider", "{unknown: ...}", id="no-pack-for-it"),
    pytest.param("any: {provider: Stripe}", "'Stripe' is no provider", "mean stripe?", id="in-capitals"),
    pytest.param("any: {provider: foo*}", "'foo*' is no provider", "", id="a-pattern-of-none"),
    pytest.param("any: {provider: /^foo/}", "'/^foo/' is no provider", "", id="an-expression-for-none"),
    pytest.param("any: {provider: {not: strip}}", "'strip' is no provider", "mean stripe?", id="not-a-slip"),
    pytest.param("any: {provider: {any_of: [stripe, acme]}}", "'acme' is no provider", "", id="one-of-several"),
    pytest.param("sms: {provider: stripe}", "'stripe' is no provider", "", id="a-provider-of-another-channel"),
    pytest.param(
        "payment: {operation: payment_intent.creat}",
        "payment.operation: ",
        "mean payment_intent.create?",
        id="operation",
    ),
    pytest.param("email: {operation: payment_intent.create}", "email.operation: ", "", id="of-another-channel"),
    pytest.param(
        "any: {provider: twilio, operation: payment_intent.create}", "any.operation: ", "", id="of-another-provider"
    ),
    pytest.param("any: {facts: {amuont: 4200}}", "any.facts.amuont: ", "mean amount?", id="fact"),
    pytest.param("sms: {facts: {amount: 4200}}", "sms.facts.amount: ", "", id="a-fact-of-another-channel"),
    pytest.param(
        "payment: {operation: payment_intent.create, mode: x}", "payment.mode: ", "", id="not-this-operations"
    ),
]
TAKEN = [
    "payment: {provider: stripe, operation: payment_intent.create, amount: 4200, currency: eur}",
    "payment: {provider: stripe, operation: payment_intent.create, mode: null}",
    "any: {provider: {unknown: adyen}, operation: payment.create, facts: {psp: 1}}",
    "any: {provider: {any_of: [stripe, {unknown: acme}]}}",
    "any: {provider: {not: {unknown: adyen}}}",
    "payment: {provider: stripe, operation: {unknown: terminal.charge}}",
    "any: {provider: null}",
    "any: {provider: '*', operation: 'payment_intent.*'}",
    "any: {facts: {score: {unknown: {min: 1}}, gone: null}}",
    "email: {facts: {relayed_from: '*'}}",
    "dns: {facts: {count: {min: 2}}}",
    "socket: {facts: {address: 10.0.0.7}}",
    "schedule: {facts: {job: nightly}}",
    "sms: {provider: twilio, to: '+49*'}",
]


@pytest.mark.parametrize(("row", "place", "right"), REFUSED)
@pytest.mark.parametrize("kind", ["never", "expect"])
def test_a_name_that_no_capture_can_have_is_refused(names: Names, kind: str, row: str, place: str, right: str) -> None:
    text = f"version: 1\n{kind}:\n- {row}\n"
    with pytest.raises(ExpectationError) as refused:
        read_expectations(text, "e.yaml", names)
    said = str(refused.value)
    assert (said.startswith(f"e.yaml:3: {kind}[0]."), place in said, right in said) == (True, True, True), said
    read = read_expectations(text)
    assert asks_names((*read.expect, *read.never)), "without packs it is taken, and whoever has them asks"


@pytest.mark.parametrize("row", TAKEN)
def test_what_can_be_is_taken(names: Names, row: str) -> None:
    assert len(read_expectations(f"version: 1\nnever:\n- {row}\n", "e.yaml", names).never) == 1


@pytest.mark.parametrize("row", ["email: {to: a@b.test}", "any: {flag: live_credential}", "webhook: {host: a.test}"])
def test_rows_without_names_need_no_packs(row: str) -> None:
    assert not asks_names(read_expectations(f"version: 1\nnever:\n- {row}\n").never)


def test_what_every_pack_names_can_be_asked_for(names: Names) -> None:
    for one in names.operations:
        facts = ", ".join(f"{fact}: {{not: null}}" for fact in sorted(one.facts))
        named = f"provider: {one.provider}, operation: {{exact: {one.id!r}}}"
        row = f"{one.channel}: {{{named}, facts: {{{facts}}}}}" if facts else f"{one.channel}: {{{named}}}"
        assert read_expectations(f"version: 1\nnever:\n- {row}\n", "e.yaml", names).never
