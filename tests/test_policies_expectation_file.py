"""Expectation files: what they say, and how whatever nobody can have is refused with its line and the right word."""

import pytest

from policies.expectation import Expectations, Settle
from policies.expectation_file import ExpectationError, read_expectations
from policies.expectation_row import Count

WHOLE = """\
version: 1
real_side_effects: {only: [stripe-sandbox]}
unattributed: fail
contained: optional
expect:
  - name: welcome mail
    email: {to: "*@example.test", subject: /Welcome/}
    count: 1
    within: 10s
  - payment: {provider: stripe, amount: 4200}
    attempts: {min: 2}
  - webhook: {host: hooks.partner.test, json: {$.status: shipped}}
    count: {min: 1, max: 3}
never:
  - email: {to_domain_not_in: [example.test]}
  - any: {flag: live_credential}
others: allow
settle: {quiet: 100ms, at_most: 2m}
"""


def test_a_whole_file() -> None:
    read = read_expectations(WHOLE, "expect.yaml")
    assert read.real == {"stripe-sandbox"}
    assert (read.unattributed, read.contained, read.others) == ("fail", "optional", "allow")
    assert read.settle == Settle(0.1, 120.0)
    mail, charge, hook = read.expect
    assert (mail.name, mail.line, mail.within, mail.count) == ("welcome mail", 6, 10.0, Count(1, 1))
    assert (charge.count, charge.attempts) == (Count(1, None), Count(2, None))
    assert charge.name == "payment provider stripe, amount 4200"
    assert hook.count == Count(1, 3)
    assert [row.line for row in read.never] == [15, 16]
    assert mail.expected == "email {to: *@example.test, subject: /Welcome/} (1 within 10 s)"


def test_what_a_file_does_not_say_is_the_stricter() -> None:
    read = read_expectations("version: 1")
    assert not read.real
    assert (read.unattributed, read.contained, read.others) == ("inconclusive", "required", "fail")
    assert read.settle == Expectations().settle


ROWS = [
    pytest.param(
        "email: {subjct: a}",
        "3: expect[0].email.subjct: the key 'subjct' is not known here; write 'subject'",
        id="field",
    ),
    pytest.param(
        "email: {to: a}\n  cuont: 2", "4: expect[0].cuont: the key 'cuont' is not known here; write 'count'", id="count"
    ),
    pytest.param(
        "email: {to: a}\n  count: -1",
        "4: expect[0].count: -1 is no count; write a number, or one such as {min: 1, max: 3}",
        id="negative",
    ),
    pytest.param(
        "email: {to: a}\n  count: {min: 3, max: 1}",
        "4: expect[0].count: min 3 is more than max 1; write the smaller one first",
        id="turned",
    ),
    pytest.param(
        "email: {to: a}\n  count: {mni: 3}",
        "4: expect[0].count: {'mni': 3} is no count; write a number, or one such as {min: 1, max: 3}",
        id="count-key",
    ),
    pytest.param(
        "email: {to: a}\n  within: 10",
        "4: expect[0].within: 10 is no duration; write one such as 250ms, 10s or 2m",
        id="within",
    ),
    pytest.param(
        "email: {to: a}\n  sms: {to: b}",
        "3: expect[0]: it names the channels email and sms; write a row for each",
        id="two-channels",
    ),
    pytest.param(
        "email: {}",
        "3: expect[0].email: the row does not say which email; to mean any of it write a pattern, such as host: '*'",
        id="empty-row",
    ),
    pytest.param(
        "dns: {json: {$.a: 1}}", "the key 'json' is not known here; the keys known here are", id="no-json-in-dns"
    ),
    pytest.param(
        "sms: {to_domain_not_in: [a.test]}", "the key 'to_domain_not_in' is not known here", id="no-domains-in-sms"
    ),
    pytest.param(
        "email: {subject: /(/}", "3: expect[0].email.subject: '(' is no regular expression that RE2 reads", id="regex"
    ),
    pytest.param("email: {subject: {mtches: a}}", "is no value; write one of {min: 1, max: 9}", id="value"),
    pytest.param("payment: {amount: {min: a}}", "'a' is no number; write one such as {min: 1, max: 3}", id="range"),
    pytest.param(
        "webhook: {json: {status: a}}",
        "3: expect[0].webhook.json.status: 'status' is no path into JSON; write one such as $.status or $.items[0].sku",
        id="path",
    ),
    pytest.param("webhook: {json: {$.a..b: a}}", "'$.a..b' cannot be read from '..b' on", id="path-steps"),
    pytest.param(
        "webhook: {facts: {}}",
        "3: expect[0].webhook.facts: 'facts' names nothing; leave it away or name something",
        id="no-facts",
    ),
]
REFUSED = [
    pytest.param("expect: []", "1: 'version: 1' is missing; write it first", id="no-version"),
    pytest.param("version: 2", "1: version: 2 is no version known here; write version: 1", id="other-version"),
    pytest.param(
        "version: 1\ncontaned: required",
        "2: contaned: the key 'contaned' is not known here; write 'contained'",
        id="key",
    ),
    pytest.param("version: 1\nothers: maybe", "2: others: 'maybe' is not known; write fail or allow", id="others"),
    pytest.param(
        "version: 1\nreal_side_effects: some",
        "2: real_side_effects: 'some' is not known; write none, or {only: [ids of opt-ins]}",
        id="real",
    ),
    pytest.param(
        "version: 1\nreal_side_effects: {}",
        "2: real_side_effects: 'only' is missing; name the ids of the opt-ins by which something may leave",
        id="real-empty",
    ),
    pytest.param(
        "version: 1\nnever:\n- email: {to: a}\n  count: 1",
        "4: never[0].count: the key 'count' is not known here",
        id="never-counts-nothing",
    ),
    pytest.param(
        "version: 1\nnever:\n- email: {to_domain_not_in: [a b]}", "3: never[0].email.to_domain_not_in[0]: ", id="domain"
    ),
    pytest.param(
        "version: 1\nexpect:\n- name: a\n  email: {to: a}\n- name: a\n  sms: {to: a}",
        "5: expect[1].name: 'a' names the row in line 3 too; write one of its own",
        id="same-name",
    ),
    pytest.param(
        "version: 1\nsettle: {quiet: 20s}",
        "2: settle.quiet: to be quiet for 20s takes longer than at_most, 10s; write less",
        id="settle",
    ),
    pytest.param(
        "version: 1\nsettle: {at_most: 9m}", "2: settle.at_most: '9m' is longer than 120s; write less", id="settle-long"
    ),
    pytest.param(
        "version: 1\nexpect: {email: {to: a}}",
        "2: expect: {'email': {'to': 'a'}} is not a list; write one entry after each dash",
        id="no-list",
    ),
    pytest.param("[", "2: while parsing a flow node", id="no-yaml"),
    pytest.param("- version: 1", "1: [{'version': 1}] is not a mapping; write keys and values", id="no-mapping"),
    pytest.param("x" * 300_000, "1: the file is larger than 262144 characters", id="too-large"),
]


@pytest.mark.parametrize(("row", "what"), ROWS)
def test_a_row_nobody_can_have_is_refused(row: str, what: str) -> None:
    refused_whole(f"version: 1\nexpect:\n- {row}", what)


@pytest.mark.parametrize(("text", "what"), REFUSED)
def test_refused_whole(text: str, what: str) -> None:
    refused_whole(text, what)


def refused_whole(text: str, what: str) -> None:
    with pytest.raises(ExpectationError) as refused:
        read_expectations(text, "expect.yaml")
    said = str(refused.value)
    assert said.startswith("expect.yaml:")
    assert what in said


def test_every_problem_is_told_by_line() -> None:
    with pytest.raises(ExpectationError) as refused:
        read_expectations("version: 1\nexpect:\n- email: {subjct: a}\n- hook: {host: a}\nothers: x\n")
    assert [problem.line for problem in refused.value.problems] == [3, 4, 4, 5]


def test_too_many_rows() -> None:
    rows = "- email: {to: a}\n" * 1001
    with pytest.raises(ExpectationError, match="1001 rows are more than 1000"):
        read_expectations(f"version: 1\nexpect:\n{rows}")
