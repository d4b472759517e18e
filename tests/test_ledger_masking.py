"""Masking: requests, replies, facts and messages as the gate files them."""

import json

import pytest
from masking_stage import CARD, FORM, JSON, MASKER, masked, readable, request_of

from ledger.masking import Masker
from policies.body import HELD_LIMIT, Body
from policies.http_request import HttpRequest
from policies.secret_place import SecretPlace


def test_the_same_secret_has_the_same_digest_and_another_key_another() -> None:
    one = masked('{"password":"x"}')
    assert masked("password=x", FORM)[9:] == one[13:-2]
    other = Masker(b"z" * 32).request(request_of(b'{"password":"x"}'), (), exact_body=False, message=False).body.data
    assert other != one


def test_what_holds_no_secret_is_the_same_body() -> None:
    request = request_of(b'{"amount": 4200, "name": "\xc3\x84"}')
    assert MASKER.request(request, (), exact_body=False, message=False).body is request.body


def test_an_upload_is_kept_exactly() -> None:
    request = request_of(b"password=hunter2 sk_live_abcdefgh12345678")
    assert MASKER.request(request, (), exact_body=True, message=False).body is request.body


@pytest.mark.parametrize(
    ("body", "content_type", "kept", "flags"),
    [
        pytest.param(
            '{"text":"Your password: abc, code 123456","password":"x"}',
            JSON,
            '{"text":"Your password: abc, code 123456","password":"[removed:password:...]"}',
            (),
            id="words-stay-fields-go",
        ),
        pytest.param(
            '{"text":"use sk_live_abcdefgh1234 now"}',
            JSON,
            '{"text":"use sk_live_abcdefgh1234 now"}',
            ("live_credential",),
            id="live-key-is-flagged",
        ),
        pytest.param(
            f'{{"text":"card {CARD} ok"}}', JSON, f'{{"text":"card {CARD} ok"}}', ("card_number",), id="card-is-flagged"
        ),
        pytest.param(
            "token=xoxb-12345-abcdef&text=hi",
            FORM,
            "token=[removed:slack_token:...]&text=hi",
            ("live_credential",),
            id="a-field-that-is-a-key",
        ),
        pytest.param(
            '{"message":{"token":"device-1","notification":{"body":"hi"}}}',
            JSON,
            '{"message":{"token":"device-1","notification":{"body":"hi"}}}',
            (),
            id="a-device-is-an-address",
        ),
    ],
)
def test_messages(body: str, content_type: str, kept: str, flags: tuple[str, ...]) -> None:
    shown = MASKER.request(request_of(body.encode(), content_type), (), exact_body=False, message=True)
    assert readable(shown.body.data or b"") == kept
    assert shown.flags == flags


def test_a_mails_flags() -> None:
    assert MASKER.message_flags(b"Subject: hi\r\n\r\nsk_live_abcdefgh1234 " + CARD.encode()) == (
        "live_credential",
        "card_number",
    )
    assert MASKER.message_flags(b"Subject: hi\r\n\r\nYour password is secret: hunter2") == ()


def test_places_of_a_pack() -> None:
    places = (
        SecretPlace(where="header", name="X-Shop", label="shop_key"),
        SecretPlace(where="query", name="u", label="user_key"),
        SecretPlace(where="body", name="token", label="app_token"),
        SecretPlace(where="body", name="login.name", label="login"),
        SecretPlace(where="path", name="^/bot([^/]+)/", label="bot_token"),
    )
    request = request_of(
        b'{"name":"Anna","login":{"name":"Anna B"},"token":"t"}',
        target="/botabc/send?u=x&v=y",
        headers=(("x-shop", "q"),),
    )
    shown = MASKER.request(request, places, exact_body=False, message=True)
    assert readable(shown.path.encode()) == "/bot[removed:bot_token:...]/send"
    assert readable(shown.query.encode()) == "u=[removed:user_key:...]&v=y"
    assert readable(shown.headers[1][1].encode()) == "[removed:shop_key:...]"
    assert readable(shown.body.data or b"") == (
        '{"name":"Anna","login":{"name":"[removed:login:...]"},"token":"[removed:app_token:...]"}'
    )
    assert readable(masked("login[name]=x&name=y", FORM, places)) == "login[name]=[removed:login:...]&name=y"


def test_a_long_body_is_never_stored_unless_exact() -> None:
    body = Body(None, HELD_LIMIT + 1, "0" * 64)
    request = HttpRequest("POST", "https", (), "/", (), "10.0.0.1", body)
    assert MASKER.request(request, (), exact_body=False, message=False).body.path is None


def test_replies() -> None:
    headers, body = MASKER.reply((("set-cookie", "a=b"),), b'{"access_token":"x"}', ())
    assert (readable(headers[0][1].encode()), readable(body)) == (
        "[removed:cookie:...]",
        '{"access_token":"[removed:access_token:...]"}',
    )
    own = b'{"client_secret":"pi_1_secret_2","echo":"sk_live_abcdefgh1234"}'
    assert readable(MASKER.reply((), own, (), own=True)[1]) == (
        '{"client_secret":"pi_1_secret_2","echo":"[removed:stripe_secret_key:...]"}'
    )


def test_facts() -> None:
    facts = {"amount": 42, "subject": f"card {CARD}", "api_key": "x", "note": {"a": ["sk_live_abcdefgh1234"]}}
    shown = json.dumps(MASKER.facts(facts)).encode()
    assert readable(shown) == (
        f'{{"amount": 42, "subject": "card {CARD}", "api_key": "[removed:api_key:...]", '
        '"note": {"a": ["[removed:stripe_secret_key:...]"]}}'
    )
    plain = {"amount": 42}
    assert MASKER.facts(plain) is plain
