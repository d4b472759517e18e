"""What cannot be told of a capture: bodies that were not kept, texts that were cut, recipients nobody named."""

from typing import Any

import pytest
from run_told import judged, row_of, told

from policies.expectation_sight import Detail

UNREAD = Detail(whole=False)


def test_a_body_that_was_not_kept_is_no_proof_of_anything() -> None:
    asked = "webhook: {host: hooks.partner.test, json: {$.status: shipped}}"
    details = {"0001": UNREAD}
    for text in (f"expect:\n- {asked}", f"never:\n- {asked}", f"expect:\n- {asked}\n  count: 0"):
        result = judged(f"{text}\nothers: allow", told(1), details=details)
        assert (result.verdict, result.rows[0].outcome) == ("inconclusive", "inconclusive")
        assert "its body was not kept whole" in result.rows[0].reason
    elsewhere = asked.replace("hooks.partner", "other")
    assert judged(f"never:\n- {elsewhere}\nothers: allow", told(1), details=details).verdict == "clean"


def test_an_effect_that_a_row_might_claim_is_not_passed_over() -> None:
    asked = "expect:\n- webhook: {host: '*', json: {$.status: shipped}}\n  count: {min: 1}\n"
    details = {"0001": Detail(body='{"status": "shipped"}'), "0002": UNREAD}
    result = judged(asked, told(1), told(2), details=details)
    assert (result.verdict, result.rows[0].outcome) == ("inconclusive", "held")
    assert row_of(result, "others").captures == ("0002",)
    assert judged(f"{asked}others: allow", told(1), told(2), details=details).verdict == "clean"


NEVER_OUT = "never:\n- email: {to_domain_not_in: [example.test]}\nothers: allow"
REACHES = [
    pytest.param({"facts": {"campaign": "1"}}, "inconclusive", id="a-list-that-nobody-named"),
    pytest.param({"facts": {"campaign": "1"}, "intent": "read"}, "clean", id="a-read-reaches-nobody"),
    pytest.param({"recipients": None}, "inconclusive", id="not-all-can-be-named"),
    pytest.param({"recipients": None, "facts": {"to": ["a@real.com"]}}, "violated", id="one-that-is-named-is-outside"),
    pytest.param({"recipients": ["ann@example.test", "b@real.com"]}, "violated", id="a-blind-copy"),
    pytest.param({"recipients": ["ann@example.test"]}, "clean", id="all-named"),
    pytest.param({"facts": {"to": ["Ann <ann@EXAMPLE.test.>"]}}, "clean", id="with-a-name"),
    pytest.param({"facts": {"to": ["root"]}}, "violated", id="no-domain"),
]


@pytest.mark.parametrize(("fields", "verdict"), REACHES)
def test_whom_a_mail_reaches_may_be_unknown(fields: dict[str, Any], verdict: str) -> None:
    sent = told(1, "email", provider="sendgrid", **{"facts": {"to": ["ann@example.test"]}, **fields})
    assert judged(NEVER_OUT, sent).verdict == verdict


CUT = [
    pytest.param("email", {"text": "x" * 500}, "text: /y/", id="a-preview"),
    pytest.param("sms", {"text": "x" * 1999 + "…"}, "text: /y/", id="a-long-text"),
    pytest.param("payment", {"description": "x" * 1999 + "…"}, "description: '*y*'", id="a-long-fact"),
]


@pytest.mark.parametrize(("channel", "facts", "asked"), CUT)
def test_a_fact_that_was_cut_is_no_proof(channel: str, facts: dict[str, Any], asked: str) -> None:
    text = f"never:\n- {channel}: {{{asked}}}\nothers: allow"
    assert judged(text, told(1, channel, facts=facts)).verdict == "inconclusive"
