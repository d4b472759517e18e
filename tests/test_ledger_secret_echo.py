"""SecretEcho: what was a key in a request is one wherever its capture tells it again, however it is spelt there."""

import json
from urllib.parse import quote

import pytest
from masking_stage import CARD, FORM, JSON, MASKER, readable, request_of

from ledger.reply import KeptObject
from ledger.secret_echo import SecretEcho
from policies.secret_place import SecretPlace

SECRET = 'hun"ter/2 & <more>'
PLACES = (SecretPlace(where="path", name="^/bot([^/]+)/", label="bot_token"),)


def echo_of(secret: str = SECRET) -> SecretEcho:
    body = f"password={quote(secret, safe='')}".encode()
    return MASKER.request(request_of(body, FORM), (), exact_body=False, message=False).echo


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(SECRET, id="plain"),
        pytest.param(json.dumps(SECRET), id="json"),
        pytest.param(quote(SECRET), id="query"),
        pytest.param(quote(SECRET, safe=""), id="query-with-its-slash"),
        pytest.param("hun&quot;ter/2 &amp; &lt;more&gt;", id="xml"),
    ],
)
def test_a_text_tells_it_in_any_spelling(text: str) -> None:
    shown = echo_of().text(f"it was {text}.".encode())
    assert readable(shown).strip('"').replace('"', "") == "it was [removed:password:...]."


def test_what_stood_within_json_is_known_without_its_escapes() -> None:
    body = json.dumps({"password": SECRET}).encode()
    echo = MASKER.request(request_of(body, JSON), (), exact_body=False, message=False).echo
    assert readable(echo.text(SECRET.encode())) == "[removed:password:...]"


@pytest.mark.parametrize(
    ("target", "headers", "told"),
    [
        pytest.param("/bot12:hunter2hunter2/x", (), "12:hunter2hunter2", id="path-a-pack-names"),
        pytest.param("/v1/sk_live_hunter2hunter2/x", (), "sk_live_hunter2hunter2", id="path-by-its-shape"),
        pytest.param("/x?api_key=hunter2hunter2", (), "hunter2hunter2", id="query"),
        pytest.param("/x", (("x-api-key", "hunter2hunter2"),), "hunter2hunter2", id="field"),
        pytest.param("/x", (("authorization", "Token hunter2hunter2"),), "hunter2hunter2", id="credential"),
    ],
)
def test_what_was_removed_from_the_head_is_told_by_nothing_else(
    target: str, headers: tuple[tuple[str, str], ...], told: str
) -> None:
    for _ in range(2):  # what is remembered of fields and paths says it no less
        request = request_of(b"", JSON, target, headers)
        echo = MASKER.request(request, PLACES, exact_body=False, message=False).echo
        shown = repr(
            (
                echo.text(told.encode()),
                echo.headers((("location", f"/{told}"),)),
                echo.facts({"note": told, "to": [told], "subject": told, "more": {"a": {told: told}}}),
                echo.recipients((told,)),
                [
                    (kept.collection, kept.key, kept.value)
                    for kept in echo.kept((KeptObject(told, told, {told: told}),))
                ],
            )
        )
        assert "hunter2" not in shown
        assert shown.count("[removed:") == 12


def test_words_to_a_reader_say_what_the_body_says() -> None:
    facts = {"text": "your password is hunter2", "note": "hunter2"}
    assert echo_of("hunter2").facts(facts)["text"] == facts["text"]
    assert "hunter2" not in echo_of("hunter2").facts(facts)["note"]


@pytest.mark.parametrize("name", ["x-api-key", "authorization"])
def test_a_key_that_is_a_word_takes_no_words_away(name: str) -> None:
    echo = MASKER.request(request_of(headers=((name, "secret"),)), (), exact_body=False, message=False).echo
    assert echo.text(b'{"client_secret": "x"}') == b'{"client_secret": "x"}'


def test_an_object_that_says_nothing_of_it_is_the_same_object() -> None:
    kept = (
        KeptObject("orders", "o_1", {"a": 1}),
        KeptObject("orders", "o_2", None, b'{"b":2}'),
        KeptObject("gone", "x"),
    )
    assert echo_of().kept(kept) is kept
    renamed = echo_of("hunter2").kept((KeptObject("orders", "hunter2", None, b'{"b":2}'),))[0]
    assert (readable(renamed.key.encode()), renamed.encoded) == ("[removed:password:...]", b'{"b":2}')


def test_a_number_that_was_a_card_s_is_a_text_in_what_is_kept() -> None:
    echo = MASKER.request(request_of(f"number={CARD}".encode(), FORM), (), exact_body=False, message=False).echo
    kept = echo.kept((KeptObject("cards", CARD, {"number": int(CARD), "amount": -int(CARD), "n": [1, None]}),))[0]
    assert CARD not in repr((kept.key, kept.value))
    assert kept.value["n"] == [1, None]


def test_nothing_removed_takes_nothing_away() -> None:
    echo = MASKER.request(request_of(b'{"amount": 1}'), (), exact_body=False, message=False).echo
    facts = {"amount": 1}
    assert echo.facts(facts) is facts
    assert echo.recipients(None) is None
    assert echo.headers((("a", "b"),)) == (("a", "b"),)
