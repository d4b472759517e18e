"""Values that only a hostile client sends: each is described, answered and recorded, and nothing raises for them."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import re2
from recorded import row_written
from requests_seen import FORM, request
from test_sinks_pack_answer import Runs

from ledger.kept import changes_in
from ledger.masking import Masker
from ledger.record import Record
from ledger.row import Row
from ledger.story import told_by
from policies.credential import CredentialReader
from policies.describe_http import describe_request
from policies.expression_filters import FILTERS, PREPARED, TESTS
from policies.expression_operators import ARITHMETIC, COMPARISONS
from policies.expression_values import TooLarge, encoded, text, weight
from policies.glob import Glob
from policies.http_request import HttpRequest
from policies.pack import Packs
from policies.pack_file import CredentialPlaceEntry
from policies.policy import Policy
from policies.written import json_text
from sinks.gate import Gate
from sinks.http_sink import HttpSink
from sinks.objects import NoObjects
from sinks.passage import Answer

SES = "POST email.us-east-1.amazonaws.com/v2/email/outbound-emails"
JSON = "application/json"
HALF = "\ud800"
DEEP: Any = "[" * 1500 + "]" * 1500
HUGE = 10**4299
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 2**63, HUGE, -HUGE, 1.5, float("inf"), float("-inf"), float("nan"), "", "a", HALF,
    f"{HALF}@a.test", "a\0b", "\u00b2", "9" * 5000, "1e999", "-", DEEP, '{"a":' * 300 + "1" + "}" * 300,
    '"\\ud800"', "7aCA", [], [HALF], [None, HALF, {}], {}, {"a": HALF}, {HALF: 1}, {"0": "a", "\u00b2": 1},
    [float("nan"), HUGE, 1.5], [{"a": HUGE}, {"a": 1.5}],
)  # fmt: skip

AS_ARGUMENT = (None, 3, HUGE, float("nan"), "a", HALF, [HALF], {"a": HALF})


def tried(work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """The only thing it may raise is TooLarge; and what it gives can be said in an answer."""
    try:
        made = work(*arguments)
        for told in (text, encoded, json_text, weight):
            told(made)
    except TooLarge:
        pass


def arguments_of(work: Callable[..., Any]) -> range:
    code = work.__code__
    least = code.co_argcount - len(work.__defaults__ or ())
    return range(least, min(code.co_argcount + bool(code.co_flags & 4), 3) + 1)


@pytest.mark.parametrize(
    "work",
    [
        *[pytest.param(work, id=name) for name, work in FILTERS.items()],
        *[pytest.param(work, id=f"is-{name}") for name, work in TESTS.items()],
    ],
)
def test_no_filter_raises_for_what_a_client_sends(work: Callable[..., Any]) -> None:
    for count in arguments_of(work):
        for arguments in itertools.product(VALUES, *[AS_ARGUMENT] * (count - 1)):
            tried(work, arguments)


@pytest.mark.parametrize("work", [*ARITHMETIC.values(), *COMPARISONS.values()], ids=lambda work: work.__name__)
def test_no_operator_raises_for_what_a_client_sends(work: Callable[..., Any]) -> None:
    for pair in itertools.product(VALUES, AS_ARGUMENT):
        tried(work, pair)
        tried(work, pair[::-1])


@pytest.mark.parametrize("query", ["a", "sum(@)", "avg(@)", "ceil(@)", "{a: sum(@)}", "join(',', @)", "sort(@)"])
def test_no_query_raises_for_what_a_client_sends(query: str) -> None:
    for value in VALUES:
        tried(PREPARED["jmes"](query), (value,))


def test_a_search_takes_half_a_surrogate_pair_for_a_character_that_nobody_knows() -> None:
    assert PREPARED["match"]("a(.)b")(f"a{HALF}b") == "\ufffd"
    assert FILTERS["addrs"](f"x{HALF}@a.test, b@a.test") == ["x\ufffd@a.test", "b@a.test"]
    assert Glob("nightly-*", "word").matches(f"nightly-{HALF}")
    assert not Glob("nightly-*", "word").matches(f"{HALF}nightly-a")


def test_a_number_that_is_too_long_to_be_said_is_none() -> None:
    assert FILTERS["sum"]([HUGE] * 20) is None
    assert FILTERS["sum"]([HUGE, 1.5]) is None
    assert FILTERS["sum"]([1, 2.5, "x"]) == 3.5
    assert FILTERS["sum"]([]) == 0


def test_a_credential_with_half_a_surrogate_pair_is_told_apart_like_any_other() -> None:
    place = CredentialPlaceEntry.model_validate({"in": "body", "name": "token"})
    reader = CredentialReader((place,), re2.compile("^sk_live_"), re2.compile("^sk_test_"))
    assert reader.classify((f"sk_live_{HALF}",), "both") == "live"
    assert reader.classify((f"sk_test_{HALF}",), "both") == "test"
    assert reader.classify((HALF,), "both") == "unknown"


def test_whom_half_a_surrogate_pair_names_nobody_can_say() -> None:
    body = b'{"Destination": {"ToAddresses": ["a@qa.test", "b\\ud800@qa.test"]}}'
    sent = request(SES, body, {"content-type": JSON})
    effect, _ = describe_request(sent, Packs.built_in(), run="a")
    assert effect.recipients is None
    assert effect.facts["to"] == ["a@qa.test", "b\ufffd@qa.test"]


class Rows:
    """A ledger that makes rows of what it is given, and reads them again."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    async def record(self, record: Record | Row) -> None:
        row = row_written(record)
        told_by(row.capture._asdict(), row.evidence.story)
        if row.evidence.kept is not None:
            changes_in(row.evidence.kept, row.capture.run, row.capture.provider)
        self.kept.append(row.capture.id)

    async def settle(self, capture_id: str, left: bool, reply: Record | None) -> None:
        raise AssertionError("nothing leaves here")


@pytest.mark.parametrize(
    ("do", "content_type", "body"),
    [
        pytest.param(SES, JSON, b'{"Destination": {"ToAddresses": ["\\ud800@a.test"]}}', id="address"),
        pytest.param("POST email.us-east-1.amazonaws.com/", JSON, b'{"Action": "\\ud800"}', id="pattern"),
        pytest.param("POST slack.com/api/chat.postMessage", JSON, b'{"token": "\\ud800"}', id="credential"),
        pytest.param("POST api.sendgrid.com/v3/mail/send", JSON, b'{"send_at": -9%s}' % (b"9" * 4299), id="long"),
        pytest.param("POST api.sendgrid.com/v3/templates", JSON, b'{"name": -9%s}' % (b"9" * 4299), id="kept-number"),
        pytest.param("POST api.stripe.com/v1/customers", JSON, b'{"key": "sk_live_\\ud800"}', id="live-credential"),
        pytest.param(
            "POST slack.com/api/chat.postMessage", FORM, b"channel=C1&blocks=" + DEEP.encode(), id="json-in-a-form"
        ),
        pytest.param(
            "POST api.stripe.com/v1/checkout/sessions",
            FORM,
            b"".join(
                b"&line_items[%d][price_data][unit_amount]=%s&line_items[%d][quantity]=%s"
                % (at, b"9" * 399, at, number)
                for at, number in enumerate((b"9" * 399, b"1", b"1e3"))
            ),
            id="numbers",
        ),
    ],
)
async def test_it_is_answered_and_recorded(do: str, content_type: str, body: bytes) -> None:
    ledger, packs, policy = Rows(), Packs.built_in(), Policy.built_in()
    gate = Gate(
        policy=policy,
        packs=packs,
        ledger=ledger,
        sinks={HttpRequest: HttpSink(packs, NoObjects(), b"s" * 32, {})},
        runs=Runs(),
        masker=Masker(b"k" * 32),
    )
    gate.open = True
    answer = await gate.take(request(do, body, {"content-type": content_type}))
    assert isinstance(answer, Answer)
    assert ledger.kept == [answer.capture_id]
