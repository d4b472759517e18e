"""What no capture can ever be is refused: a row of `never` that nothing meets would pass whatever happens."""

import re
from pathlib import Path
from typing import Any

import pytest
from run_told import judged, mail, told

from policies.expectation_file import ExpectationError, read_expectations
from policies.flag import FLAGS

PROJECT = Path(__file__).resolve().parent.parent
NEVER = [
    pytest.param("any: {flag: live_credentials}", "write live_credential", id="flag"),
    pytest.param("any: {flag: {any_of: [malformed, tunneling]}}", "write tunnelling", id="flag-among-several"),
    pytest.param("any: {flag: /leak/}", "'/leak/' is nothing that it can be", id="pattern-of-flags"),
    pytest.param('any: {left: "true"}', "'true' is nothing that it can be; write true", id="truth-as-text"),
    pytest.param("any: {left: yes}", "write false or true", id="yes"),
    pytest.param("any: {left: 1}", "write false or true", id="truth-as-number"),
    pytest.param("any: {verdict: captured}", "write capture", id="verdict"),
    pytest.param("any: {intent: writes}", "write write", id="intent"),
    pytest.param("any: {fidelity: {not: shape}}", "write shaped", id="fidelity"),
    pytest.param("any: {host: https://api.stripe.com}", "without scheme, port and path", id="url-as-host"),
    pytest.param("any: {host: api.stripe.com:443}", "without scheme, port and path", id="host-with-port"),
    pytest.param('any: {host: "*.stripe.com:443"}', "without scheme, port and path", id="pattern-with-port"),
    pytest.param("any: {host: api.stripe.com.}", "write api.stripe.com", id="host-with-a-dot"),
    pytest.param("any: {host: müller.test}", "write xn--mller-kva.test", id="host-as-people-write-it"),
    pytest.param('any: {host: ""}', "is no host", id="empty-host"),
    pytest.param("any: {path: v1/orders}", "begins with a slash", id="path"),
    pytest.param("any: {path: /v1/orders?a=1}", "under query", id="path-with-query"),
    pytest.param("any: {port: https}", "'https' is no number", id="port"),
    pytest.param("any: {answer: 2xx}", "{min: 200, max: 299}", id="answer"),
    pytest.param("any: {scheme: 'https://'}", "write one such as https", id="scheme"),
    pytest.param("any: {subject: /Welcome/g}", "only /x/ and /x/i are", id="foreign-regex-flags"),
]


@pytest.mark.parametrize(("row", "right"), NEVER)
def test_a_value_that_nothing_can_have_is_refused(row: str, right: str) -> None:
    with pytest.raises(ExpectationError) as refused:
        read_expectations(f"version: 1\nnever:\n- {row}\n", "e.yaml")
    assert str(refused.value).startswith("e.yaml:3: never[0].any.")
    assert right in str(refused.value)


POSSIBLE = [
    "{flag: null}",
    "{flag: {not: live_credential}}",
    "{flag: '*_credential'}",
    "{left: true}",
    "{verdict: {any_of: [allow, divert]}}",
    "{host: API.stripe.com}",
    "{host: '*.stripe.com'}",
    "{host: /:443$/}",
    "{host: '::1'}",
    "{path: '*/orders'}",
    "{path: {matches: v1}}",
    "{port: '443'}",
    "{answer: '2*'}",
    "{text: {exact: /Welcome/g}}",
]


@pytest.mark.parametrize("asked", POSSIBLE)
def test_whatever_can_be_is_taken(asked: str) -> None:
    assert len(read_expectations(f"version: 1\nnever:\n- any: {asked}\n").never) == 1


def test_every_flag_that_is_set_is_known() -> None:
    """Read off the sources: what is set and not entered could not be asked for."""
    set_so = re.compile(r"""flags?(?:\[|: tuple\[str, \.\.\.\] =|: str =| =|=|,) ?\(?"([a-z_0-9]+)"|, "([a-z]+)"\)$""")
    named = re.compile(
        r'^(?:RELEASED|INCOMPLETE|HANDED_IN|TELEMETRY|GUESSED|UNREADABLE|FLAG|WRONG_TOKEN) = "([a-z_]+)"'
    )
    places = [path for room in ("policies", "ledger", "sinks", "proxy") for path in (PROJECT / room).glob("*.py")]
    lines = [line for path in places if not path.name.startswith("mime") for line in path.read_text().splitlines()]
    flagged = {word for line in lines if "flag" in line for match in set_so.finditer(line) for word in match.groups()}
    flagged |= {match[1] for line in lines if (match := named.match(line))}
    refused = {match[1] for line in lines if (match := re.search(r'(?:Refused\(4|_refuse\().*"([a-z]+)"\)', line))}
    found = {word for word in flagged | refused if word}
    assert len(found) > 20
    assert found <= FLAGS


TO = [
    pytest.param('"*@real.com"', {"recipients": ["ann@example.test", "b@real.com"]}, "violated", id="a-blind-copy"),
    pytest.param('"*@real.com"', {"recipients": None}, "inconclusive", id="not-all-are-named"),
    pytest.param('"*@real.com"', {}, "clean", id="all-are-named"),
    pytest.param('{not: "*@example.test"}', {"recipients": ["ann@example.test", "b@real.com"]}, "violated", id="not"),
    pytest.param('{not: "*@example.test"}', {"recipients": ["ann@example.test"]}, "clean", id="not-anybody"),
    pytest.param("null", {}, "clean", id="to-nobody"),
    pytest.param("[ann@example.test]", {}, "violated", id="to-these-alone"),
]


@pytest.mark.parametrize(("to", "fields", "verdict"), TO)
def test_never_to_somebody_is_asked_of_everybody_it_reaches(to: str, fields: dict[str, Any], verdict: str) -> None:
    sent = told(1, "email", facts={"to": ["ann@example.test"]}, **fields)
    assert judged(f"never:\n- email: {{to: {to}}}\nothers: allow", sent).verdict == verdict


def test_a_telephone_number_is_one_with_its_plus_and_without_quotes() -> None:
    sent = told(1, "sms", facts={"to": ["+4915112345"]})
    assert judged("never:\n- sms: {to: +4915112345}\nothers: allow", sent).verdict == "violated"


def test_copies_of_a_mail_handed_to_an_api_are_not_read_off_the_calls_header_fields() -> None:
    row = 'never:\n- email: {cc: "*@real.com"}\nothers: allow'
    by_api = told(1, "email", facts={"to": ["ann@example.test", "b@real.com"]})
    assert judged(row, by_api).verdict == "inconclusive"
    assert judged(row, mail()).verdict == "clean"
