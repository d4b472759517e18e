"""CleanExchange: what one look lets through, masking each part for itself would leave as it is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from masking_stage import CARD, FORM, JSON, request_of

from ledger.masking import MaskedRequest, Masker
from policies.http_request import HttpRequest
from policies.secret_place import SecretPlace

KEY = "sk_live_abcdefgh12345678"
TOKEN = "soundstage_" + "0a" * 20
PLACES = (
    SecretPlace(where="header", name="x-partner", label="partner_key"),
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
    st.sampled_from(["amount", "note", "subject", "api_key", "to"]),
    st.one_of(TEXTS, st.integers(), st.none(), st.lists(TEXTS, max_size=2)),
    max_size=3,
)


def apart(
    masker: Masker, request: HttpRequest, headers: Any, body: bytes, facts: dict[str, Any], *, message: bool = False
) -> tuple[MaskedRequest, Any, bytes, dict[str, Any]]:
    shown_headers, shown_body = masker.reply(headers, body, PLACES, own=True)
    asked = masker.request(request, PLACES, exact_body=False, message=message)
    return asked, shown_headers, shown_body, masker.facts(dict(facts))


@given(
    HEADERS,
    TEXTS,
    st.sampled_from([FORM, JSON, "text/plain; charset=utf-16", "multipart/form-data; boundary=A1"]),
    TEXTS,
    HEADERS,
    TEXTS,
    FACTS,
    st.booleans(),
)
def test_what_is_let_through_is_what_masking_each_part_gives(
    headers: Any, body: str, content_type: str, path: str, ours: Any, answer: str, facts: dict[str, Any], message: bool
) -> None:
    request = request_of(body.encode(), content_type, f"/t/{path}", headers)
    octets = answer.encode()

    clean = Masker(b"k" * 32).clean(request, ours, octets, facts, PLACES)

    if clean is not None:
        fresh = Masker(b"k" * 32)
        assert (clean, ours, octets, facts) == apart(fresh, request, ours, octets, facts, message=message)
        assert clean.body is request.body


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"body": f"note={KEY}"}, id="key-in-the-body"),
        pytest.param({"body": "password=hunter2"}, id="name-in-the-body"),
        pytest.param({"body": "data=%7B%22a%22%3A1"}, id="a-text-in-the-body"),
        pytest.param({"headers": (("x-request-id", KEY),)}, id="key-in-a-field-that-changes"),
        pytest.param({"headers": (("baggage", "https://a.test/?code=1"),)}, id="link-in-a-field-that-changes"),
        pytest.param({"ours": (("location", f"/a?key={KEY}"),)}, id="key-in-our-field"),
        pytest.param({"ours": (("set-cookie", "a=b"),)}, id="credential-in-our-field"),
        pytest.param({"answer": f'{{"note":"{KEY}"}}'}, id="key-in-the-answer"),
        pytest.param({"answer": f'{{"card":"{CARD}"}}'}, id="card-in-the-answer"),
        pytest.param({"facts": {"note": CARD}}, id="card-in-a-fact"),
        pytest.param({"facts": {"api_key": "x"}}, id="fact-named-as-a-secret"),
        pytest.param({"facts": {"subject": f"Your token {TOKEN}"}}, id="a-runs-token-in-what-is-said"),
        pytest.param({"facts": {"note": {"inner": KEY}}}, id="nested-fact"),
        pytest.param({"body": "\x1f\x8b\x08 as gzip begins"}, id="packed"),
    ],
)
def test_what_may_hold_a_secret_is_masked_for_itself(change: dict[str, Any]) -> None:
    ordinary: dict[str, Any] = {
        "body": "amount=1",
        "headers": (),
        "ours": (),
        "answer": '{"id":"pi_1"}',
        "facts": {"amount": 1},
    }
    assert looked_at(**ordinary) is not None
    assert looked_at(**{**ordinary, **change}) is None


def looked_at(body: str, headers: Any, ours: Any, answer: str, facts: dict[str, Any]) -> MaskedRequest | None:
    request = request_of(body.encode("latin-1"), FORM, "/v1/things", headers)
    return Masker(b"k" * 32).clean(request, ours, answer.encode(), facts, PLACES)


def test_a_credential_in_its_own_field_is_removed_each_time() -> None:
    masker = Masker(b"k" * 32)
    for secret in ("one-secret-value", "another-secret-value", "one-secret-value"):
        request = request_of(b"amount=1", FORM, "/v1/things", (("authorization", f"Bearer {secret}"),))
        clean = masker.clean(request, (), b"{}", {}, PLACES)
        assert clean is not None
        assert clean == masker.request(request, PLACES, exact_body=False, message=False)
        assert "-secret-value" not in repr(clean.headers)
