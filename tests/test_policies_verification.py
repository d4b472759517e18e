"""Verification: each way to pass because nobody looked, by name; what proves a violation; who counts for which row."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_told import charge, judged, mail, row_of, told

from policies.expectation_row import Count
from policies.expectation_sight import Detail
from policies.verification_assignment import assigned
from policies.verification_result import Settled, result_of

GOOD = "expect:\n- email: {to: ann@example.test}"
CANARIES = {"begin": {"http": True, "smtp": True}, "end": {"http": True, "smtp": True}}
LOST = {**CANARIES, "end": {"http": True, "smtp": False}}

ROUND = (
    "it was not contained, so that something may have gone round; use `soundstage run`, or say "
    "`contained: optional`, or --allow-uncontained"
)
STRANGER = "2 times somebody came with its name and a wrong token, and was booked to nobody"
BUSY = Settled(False, "2 requests are under way")
VACUOUS = [
    pytest.param({"settled": BUSY}, "settled", "it did not settle: 2 requests are under way", id="not-settled"),
    pytest.param({"canaries": LOST}, "canaries", "the canary did not arrive: end over smtp", id="canary-lost"),
    pytest.param({"canaries": {}}, "canaries", "the canary did not arrive: any", id="no-canary-at-all"),
    *(
        pytest.param({"gaps": (why,)}, "evidence without gaps", why, id=name)
        for name, why in (
            ("gateway-restarted", "the gateway was restarted"),
            ("ledger-full", "the ledger could not be written: database or disk is full"),
            ("retention", "retention took captures of it, for their age"),
            ("clock-moved", "the clock was moved by 3600 s"),
        )
    ),
    pytest.param({"wrong_token": 2}, "credentials", STRANGER, id="wrong-token"),
    pytest.param({"contained": "no"}, "contained", ROUND, id="uncontained"),
]


@pytest.mark.parametrize(("more", "name", "reason"), VACUOUS)
@pytest.mark.parametrize("text", [GOOD, "others: fail"], ids=["expected", "nothing-else"])
def test_a_way_to_pass_vacuously_is_inconclusive(more: dict[str, Any], name: str, reason: str, text: str) -> None:
    items = [mail()] if text == GOOD else []
    result = judged(text, *items, more=more)
    assert result.verdict == "inconclusive"
    assert f"{name}: {reason}" in result.reasons


@pytest.mark.parametrize(("more", "name", "reason"), VACUOUS)
def test_what_is_missing_is_not_proved_where_evidence_is_in_doubt(more: Any, name: str, reason: str) -> None:
    result = judged(GOOD, charge(), more=more)
    row = row_of(result, "expect")
    assert row.outcome == "inconclusive"
    assert row.reason.startswith("1 expected, none found")
    assert row.reason.endswith("whether everything was seen is in doubt, so that this is not proved")


@pytest.mark.parametrize(("more", "name", "reason"), VACUOUS)
def test_what_was_seen_is_proved_whatever_else_is_in_doubt(more: Any, name: str, reason: str) -> None:
    assert judged("never:\n- email: {to: '*'}", mail(), more=more).verdict == "violated"
    assert judged(f"{GOOD}\nothers: allow", mail(1), mail(2), more=more).verdict == "violated"
    assert judged("others: fail", told(), more=more).verdict == "violated"
    assert judged("others: allow", told(left=True), more=more).verdict == "violated"


def test_neither_a_capture_nor_containment() -> None:
    alone: dict[str, Any] = {"contained": "no"}
    text = "contained: optional"
    assert judged(text, more=alone, allow_uncontained=True).verdict == "inconclusive"
    assert judged(text, more={**alone, "seen": True}).verdict == "clean"
    assert judged(text, more={"contained": "namespace"}).verdict == "clean"
    assert judged(f"{text}\nothers: allow", told(), more=alone).verdict == "clean"


def test_containment_may_be_waived() -> None:
    assert judged(GOOD, mail(), more={"contained": "no"}).verdict == "inconclusive"
    assert judged(GOOD, mail(), more={"contained": "no"}, allow_uncontained=True).verdict == "clean"
    assert judged(f"{GOOD}\ncontained: optional", mail(), more={"contained": "no"}).verdict == "clean"
    assert judged(GOOD, mail(), more={"contained": "doctor"}).verdict == "clean"


def test_all_canaries_arrived() -> None:
    assert judged(GOOD, mail(), more={"canaries": CANARIES}).verdict == "clean"


STRAY = [
    pytest.param("", told(9), "inconclusive", id="inconclusive"),
    pytest.param("unattributed: fail\n", told(9), "violated", id="fail"),
    pytest.param("unattributed: fail\n", told(9, "dns", intent="read"), "clean", id="a-name-lookup"),
    pytest.param("unattributed: fail\n", told(9, "web", flags=["telemetry"]), "clean", id="telemetry"),
    pytest.param("", told(9, "web", intent="auth"), "inconclusive", id="a-token-call"),
]


@pytest.mark.parametrize(("text", "stray", "verdict"), STRAY)
def test_what_nobody_claimed(text: str, stray: dict[str, Any], verdict: str) -> None:
    assert judged(text + GOOD, mail(), strays=[stray]).verdict == verdict
    assert judged(text + GOOD, mail(), strays=[stray], more={"own_entrance": True}).verdict == "clean"


def test_what_really_left() -> None:
    only = f"real_side_effects: {{only: [sandbox]}}\n{GOOD}\n- webhook: {{host: '*'}}"
    assert judged(only, mail(), told(2, left=True, rule="sandbox")).verdict == "clean"
    other = judged(only, mail(), told(2, left=True, rule="other"))
    assert other.verdict == "violated"
    assert row_of(other, "real_side_effects").captures == ("0002",)
    assert judged(GOOD, mail(left=True, rule="relay")).reasons == ("nothing real: 1 effect that may really have left",)


def test_a_read_that_left_is_real() -> None:
    assert judged("others: allow", told(1, "web", intent="read", left=True)).verdict == "violated"


def test_what_was_not_looked_at_is_inconclusive() -> None:
    assert judged(GOOD, mail(), short=("more than 100000 captures",)).verdict == "inconclusive"


def test_bodies_are_looked_into() -> None:
    body = Detail(headers=(("X-Event", "order"),), query="v=2", body='{"status": "shipped", "lines": [{"sku": "a"}]}')
    good = "json: {$.status: shipped, '$.lines[*].sku': a}, headers: {x-event: order}, query: {v: '2'}"
    result = judged(f"expect:\n- webhook: {{host: '*', {good}}}", told(), details={"0001": body})
    assert result.verdict == "clean"
    form = Detail(body="amount=4200&metadata%5Border%5D=7")
    asked = "expect:\n- payment: {amount: 4200, form: {'metadata[order]': 7}}"
    assert judged(asked, charge(), details={"0001": form}).verdict == "clean"
    message = Detail(text="Your code is 123456", links=("https://shop.test/confirm/1",), codes=("123456",))
    asked = "expect:\n- email: {text: /code/, link: /confirm/, code: '*', attachment: null, cc: null, html: null}"
    assert judged(asked, mail(), details={"0001": message}).verdict == "clean"


def test_a_failed_row_shows_what_came_close() -> None:
    text = "expect:\n- email: {to: ann@example.test, subject: Welcome}\n  within: 2s\nothers: allow"
    far, near, late = mail(1, "bob@example.test", "Bye"), mail(2, subject="Wilkommen"), mail(3, after=3)
    row = row_of(judged(text, far, near, late), "expect")
    assert [one.id for one in row.closest] == ["0003", "0002", "0001"]
    assert [(d.field, d.expected, d.actual) for d in row.closest[0].differs] == [("within", "2 s", "3.000 s")]
    assert [(d.field, d.expected, d.actual) for d in row.closest[1].differs] == [("subject", "Welcome", "Wilkommen")]
    assert row.closest[1].summary == 'email to ann@example.test "Wilkommen"'
    assert row.line == 3


def test_what_counts_for_another_row_is_shown_last() -> None:
    text = "expect:\n- email: {to: ann@example.test, subject: A}\n- email: {to: ann@example.test, subject: B}"
    row = judged(text, mail(1, subject="A"), mail(2, "bob@example.test", "C")).rows[1]
    assert [one.id for one in row.closest] == ["0002", "0001"]


OVERLAPPING = (
    '- email: {to: "*@example.test"}\n',
    "- email: {to: ann@example.test}\n",
    '- email: {to: "*@example.test", subject: Welcome}\n  count: {max: 2}\n',
)


def test_overlapping_rows_share_fairly_in_any_order() -> None:
    items = [mail(1), mail(2, "bob@example.test"), mail(3, "bob@example.test", "Bye"), mail(4, "cid@example.test")]
    verdicts = set()
    for order in permutations(OVERLAPPING):
        text = "expect:\n" + "".join(order)
        verdicts |= {judged(text, *turned).verdict for turned in permutations(items)}
    assert verdicts == {"clean"}
    assert judged("expect:\n" + "".join(OVERLAPPING), *items, mail(5)).verdict == "violated"


PEOPLE, SUBJECTS = ("ann", "bob", "cid"), ("Welcome", "Bye")
WANTED = st.tuples(st.sampled_from([*PEOPLE, "*"]), st.sampled_from([*SUBJECTS, "*"]), st.integers(0, 2))
SENT = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(SUBJECTS), st.integers(0, 3))


@given(st.data(), st.lists(WANTED, max_size=4, unique=True), st.lists(SENT, max_size=6))
def test_no_order_changes_what_comes_of_any_row(data: st.DataObject, wanted: list[Any], sent: list[Any]) -> None:
    rows = [
        f"- email: {{to: '{to}@example.test', subject: '{subject}'}}\n  count: {count}\n"
        for to, subject, count in wanted
    ]
    items = [
        mail(number, f"{to}@example.test", subject, **({"attempt_of": f"{of:04d}"} if 0 < of < number else {}))
        for number, (to, subject, of) in enumerate(sent, 1)
    ]

    def came(rows: list[str], items: list[Any]) -> set[tuple[Any, ...]]:
        text = "expect:\n" + "".join(rows) if rows else "others: fail"
        return {(row.expected, row.outcome, row.found, row.captures) for row in judged(text, *items).rows}

    assert came(rows, items) == came(data.draw(st.permutations(rows)), data.draw(st.permutations(items)))


COUNTS = st.tuples(st.integers(0, 3), st.none() | st.integers(0, 3)).map(
    lambda pair: Count(pair[0], None if pair[1] is None else pair[0] + pair[1])
)


@given(st.data(), st.lists(COUNTS, min_size=1, max_size=4))
def test_an_assignment_gives_every_effect_once_and_as_well_as_can_be(data: st.DataObject, counts: list[Count]) -> None:
    numbers = range(len(counts))
    kinds = st.lists(st.sampled_from(numbers), min_size=1, unique=True).map(lambda rows: tuple(sorted(rows)))
    supply = data.draw(st.dictionaries(kinds, st.integers(1, 3), max_size=4))
    flow = assigned(supply, counts)
    for fits, number in supply.items():
        assert sum(flow.get((fits, row), 0) for row in fits) == number
    assert all(row in fits and number > 0 for (fits, row), number in flow.items())
    assert _wrong(flow, counts) == _least_wrong(supply, counts)


def _wrong(flow: dict[Any, int], counts: list[Count]) -> int:
    totals = [sum(number for (_, row), number in flow.items() if row == at) for at in range(len(counts))]
    return _off(tuple(totals), counts)


def _off(totals: tuple[int, ...], counts: list[Count]) -> int:
    """By how much rows have too few or too many."""
    return sum(
        max(count.least - total, 0) + (0 if count.most is None else max(total - count.most, 0))
        for total, count in zip(totals, counts, strict=True)
    )


def _least_wrong(supply: dict[tuple[int, ...], int], counts: list[Count]) -> int:
    """By trying every way."""
    reached = {(0,) * len(counts)}
    for fits, number in supply.items():
        for _ in range(number):
            reached = {(*t[:row], t[row] + 1, *t[row + 1 :]) for t in reached for row in fits}
    return min(_off(totals, counts) for totals in reached)


def test_a_result_goes_through_json_and_back() -> None:
    result = judged(f"{GOOD}\n- sms: {{to: '*'}}", mail(), charge(3), more={"counts": {"captures": 2}})
    assert result_of(result.as_contract()) == result
    assert result.counts == {"captures": 2, "judged": 2}
