"""CleanExchange: the row that is made at once is the one that masking each part for itself would have made."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from masking_stage import CARD, FORM, JSON, request_of

from ledger.body_store import INLINE_LIMIT
from ledger.clean_exchange import _starts, clean_row
from ledger.entry import Entry
from ledger.masking import Masker
from ledger.record import Record
from ledger.reply import KeptObject, Replay, Reply
from ledger.row import Row, row_of
from policies.decision import Decision
from policies.effect import Effect, Target
from policies.http_request import HttpRequest
from policies.secret_place import SecretPlace

KEY = "sk_live_abcdefgh12345678"
TOKEN = "soundstage_" + "0a" * 20
PLACES = (
    SecretPlace(where="header", name="x-partner", label="partner_key"),
    SecretPlace(where="header", name="tracestate", label="partner_state"),
    SecretPlace(where="body", name="partner_ref", label="partner_ref"),
    SecretPlace(where="path", name="^/t/([^/]+)", label="path_token"),
)
SECRETS = (KEY, TOKEN, CARD, "4242 4242", "424242", "password", "Bearer ")
SIGNS = ("=", "&", "?sig=a", ":", "@", "%22", "%70", "\n", '"', "{", "}", "-", " ", "ö", "\\u0070", "order", "A1")
PIECES = st.sampled_from((*SECRETS, *SIGNS))
TEXTS = st.lists(PIECES, max_size=6).map("".join)
NAMES = st.sampled_from(
    ["host", "authorization", "x-partner", "x-api-key", "accept", "location", "content-encoding", "date", "baggage"]
)
HEADERS = st.lists(st.tuples(NAMES, TEXTS), max_size=4).map(tuple)
FACTS = st.dictionaries(
    st.sampled_from(["amount", "note", "subject", "api_key", "to", "from"]),
    st.one_of(TEXTS, st.text(max_size=4), st.integers(), st.none(), st.floats(), st.lists(TEXTS, max_size=2)),
    max_size=3,
)
FLAGS = st.sampled_from([(), ("malformed",), ("generic", "malformed")])
KEEP = st.lists(
    st.builds(
        KeptObject,
        st.sampled_from(["orders", "a b"]),
        TEXTS,
        st.one_of(st.none(), st.integers(), TEXTS),
        st.sampled_from([None, b"{}", b'{"id":1}']),
    ),
    max_size=2,
).map(tuple)
AT = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
DECISION = Decision(verdict="capture", rule="default:webhook", reason="no opt-in matches")


def effect_of(request: HttpRequest, **fields: Any) -> Effect:
    host = dict(request.names)["host"]
    path = request.target.partition("?")[0]
    target = Target(scheme=request.scheme, host=host, port=443, method=request.method, path=path)
    told = {"channel": "webhook", "intent": "write", "protocol": "http/1.1", "target": target, "source": "10.0.0.1"}
    return Effect(**{**told, **fields})


def at_once(masker: Masker, effect: Effect, decision: Decision, request: HttpRequest, reply: Reply) -> Row | None:
    return clean_row(masker, "id-1", AT, effect, decision, request, reply, PLACES)


def apart(
    masker: Masker, effect: Effect, decision: Decision, request: HttpRequest, reply: Reply, message: bool = False
) -> Row:
    """Each part masked for itself, recorded, and made into a row."""
    headers, answer = masker.reply(reply.headers, reply.body, PLACES, own=True)
    asked = masker.request(request, PLACES, exact_body=False, message=message)
    target = effect.target.model_copy(update={"path": asked.path})
    told = Entry(
        "id-1",
        AT,
        effect.model_copy(update={"target": target}),
        decision,
        reply.fidelity,
        False,
        dict(reversed(request.headers)).get("content-type"),
        asked.body.size,
        asked.body.sha256 if asked.body.size else None,
        reply.status or None,
        len(reply.body),
        reply.attempt_of,
        masker.facts({**effect.facts, **reply.facts}),
        tuple(dict.fromkeys((*effect.flags, *decision.flags, *asked.flags, *reply.flags))),
    )
    return row_of(
        Record.of(
            told,
            kept_body=asked.body,
            query=asked.query,
            request_headers=asked.headers,
            reply_headers=headers,
            reply_body=answer,
            session={},
            keep=reply.keep,
            replay=reply.replay,
        )
    )


@given(
    HEADERS,
    TEXTS,
    st.sampled_from([FORM, JSON, "text/plain; charset=utf-16", "multipart/form-data; boundary=A1", "a%sb"]),
    TEXTS,
    HEADERS,
    st.one_of(TEXTS, st.just("{}")),
    FACTS,
    FLAGS,
    KEEP,
    st.data(),
)
def test_the_row_made_at_once_is_the_one_of_each_part_masked_for_itself(
    headers: Any,
    body: str,
    content_type: str,
    path: str,
    ours: Any,
    answer: str,
    facts: dict[str, Any],
    flags: tuple[str, ...],
    keep: Any,
    data: st.DataObject,
) -> None:
    request = request_of(body.encode(), content_type, f"/t/{path}", headers)
    recipients = data.draw(st.sampled_from([None, ("a@b.test",)]))
    channel = data.draw(st.sampled_from(["webhook", "email"]))
    canonical = data.draw(st.booleans())
    effect = effect_of(
        request, channel=channel, facts=facts, flags=flags, recipients=recipients, canonical=canonical, provider="acme"
    )
    decision = DECISION.model_copy(update={"flags": data.draw(FLAGS)})
    replay = data.draw(st.sampled_from([None, Replay("00ff", "11"), Replay('a"b', "\0")]))
    reply = Reply(
        "shaped",
        data.draw(st.sampled_from([0, 200])),
        ours,
        answer.encode(),
        keep=keep,
        replay=replay,
        attempt_of=data.draw(st.sampled_from([None, "id-0"])),
        facts=data.draw(st.sampled_from([{}, {"id": "made"}])),
    )

    row = at_once(Masker(b"k" * 32), effect, decision, request, reply)

    if row is not None:
        message = data.draw(st.booleans())
        assert row == apart(Masker(b"k" * 32), effect, decision, request, reply, message)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"body": f"note={KEY}"}, id="key-in-the-body"),
        pytest.param({"body": "password=hunter2"}, id="name-in-the-body"),
        pytest.param({"body": "data=%7B%22a%22%3A1"}, id="a-text-in-the-body"),
        pytest.param({"headers": (("x-request-id", KEY),)}, id="key-in-a-field-that-changes"),
        pytest.param({"headers": (("baggage", "https://a.test/?code=1"),)}, id="link-in-a-field-that-changes"),
        pytest.param({"headers": (("tracestate", "x"),)}, id="a-field-that-changes-and-is-a-credential"),
        pytest.param({"ours": (("location", f"/a?key={KEY}"),)}, id="key-in-our-field"),
        pytest.param({"ours": (("location", "https://u:p@a.test/"),)}, id="password-in-our-field"),
        pytest.param({"ours": (("set-cookie", "a=b"),)}, id="credential-in-our-field"),
        pytest.param({"ours": (("content-encoding", "gzip"),)}, id="coded-answer"),
        pytest.param({"ours": (("content-type", "text/plain; charset=utf-16"),)}, id="wide-answer"),
        pytest.param({"ours": (("content-type", "a/b"), ("Content-Type", "a/c"))}, id="answer-of-two-types"),
        pytest.param({"answer": f'{{"note":"{KEY}"}}'}, id="key-in-the-answer"),
        pytest.param({"answer": f'{{"card":"{CARD}"}}'}, id="card-in-the-answer"),
        pytest.param({"answer": "\x1f\x8b\x08"}, id="packed-answer"),
        pytest.param({"answer": "{\0"}, id="wide-answer-that-does-not-say-so"),
        pytest.param({"facts": {"note": CARD}}, id="card-in-a-fact"),
        pytest.param({"facts": {"note": f'"{KEY}"'}}, id="key-in-a-fact-that-json-escapes"),
        pytest.param({"facts": {"note": f"\n{TOKEN}"}}, id="token-in-a-fact-that-json-escapes"),
        pytest.param({"facts": {"note": "://a\x01:b@"}}, id="password-in-a-fact-that-json-escapes"),
        pytest.param({"facts": {"note": f"\ud800{KEY}"}}, id="key-in-a-fact-that-no-utf8-can-say"),
        pytest.param({"facts": {"note": f"\n\ud800{KEY}"}}, id="key-in-an-escaped-fact-that-no-utf8-can-say"),
        pytest.param({"facts": {"to": ["\ud800"]}}, id="list-that-no-utf8-can-say"),
        pytest.param({"facts": {"api_key": "x"}}, id="fact-named-as-a-secret"),
        pytest.param({"facts": {"subject": f"Your token {TOKEN}"}}, id="a-runs-token-in-what-is-said"),
        pytest.param({"facts": {"note": {"inner": KEY}}}, id="nested-fact"),
        pytest.param({"body": "\x1f\x8b\x08 as gzip begins"}, id="packed"),
        pytest.param({"body": "\xff"}, id="no-utf8"),
        pytest.param({"body": "x" * (INLINE_LIMIT + 1)}, id="too-long-for-a-row"),
        pytest.param({"answer": "x" * (INLINE_LIMIT + 1)}, id="answer-too-long-for-a-row"),
        pytest.param({"host": "AKIAABCDEFGHIJKLMNOP.a.test"}, id="key-in-the-hosts-name"),
    ],
)
def test_what_may_hold_a_secret_is_masked_for_itself(change: dict[str, Any]) -> None:
    assert looked_at() is not None
    assert looked_at(**change) is None


def looked_at(
    body: str = "amount=1",
    headers: Any = (),
    ours: Any = (),
    answer: str = '{"id":"pi_1"}',
    facts: dict[str, Any] | None = None,
    host: str = "api.example.com",
) -> Row | None:
    request = replace(request_of(body.encode("latin-1"), FORM, "/v1/things", headers), names=(("host", host),))
    effect = effect_of(request, facts={"amount": 1} if facts is None else facts)
    return at_once(Masker(b"k" * 32), effect, DECISION, request, Reply("shaped", 200, ours, answer.encode()))


def test_a_credential_in_its_own_field_is_removed_each_time() -> None:
    masker = Masker(b"k" * 32)
    for secret in ("one-secret-value", "another-secret-value", "one-secret-value"):
        request = request_of(b"amount=1", FORM, "/v1/things", (("authorization", f"Bearer {secret}"),))
        reply = Reply("shaped", 200, body=b"{}")
        row = at_once(masker, effect_of(request), DECISION, request, reply)
        assert row is not None
        assert row == apart(masker, effect_of(request), DECISION, request, reply)
        assert "-secret-value" not in repr(row)


def test_each_gateways_marks_are_its_own() -> None:
    request = request_of(b"", FORM, "/v1/things", (("authorization", "Bearer one-secret-value"),))
    reply = Reply("shaped", 200)
    rows = [at_once(Masker(key * 32), effect_of(request), DECISION, request, reply) for key in (b"a", b"b", b"a")]
    assert rows[0] == rows[2] != rows[1]


def test_a_long_head_is_not_remembered() -> None:
    _starts.clear()
    for length, known in ((100, 1), (10_000, 1)):
        request = request_of(b"", FORM, "/v1/things", (("x-note", f"{length}" + "x" * length),))
        assert at_once(Masker(b"k" * 32), effect_of(request), DECISION, request, Reply("shaped", 200)) is not None
        assert len(_starts) == known
