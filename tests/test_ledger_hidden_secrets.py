"""No credential is left in what is kept of a request, wherever it stood; what people need is left as it was."""

import contextlib
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from masking_stage import FORM, MASKER, masked, readable
from secret_requests import Asked, Make, Secret
from secret_rows import ROWS
from secret_search import Searched, fresh, unpacked

from ledger.hidden_secrets import without_encoded
from ledger.masking import MaskedRequest
from policies.body import Body
from policies.http_request import HttpRequest
from policies.secret_place import SecretPlace

PLACES = (SecretPlace(where="path", name="^/(?:services|workflows|triggers)/(.+)$", label="slack_webhook"),)


def kept_of(asked: Asked) -> MaskedRequest:
    headers = (("content-type", asked.kind), *asked.headers)
    host = asked.host or "api.example.com"
    request = HttpRequest(
        asked.method, "https", (("host", host),), asked.target, headers, "10.0.0.1", Body.of(asked.body)
    )
    return MASKER.request(request, PLACES, exact_body=False, message=False)


def shown(kept: MaskedRequest) -> list[tuple[str, bytes]]:
    told = repr((kept.headers, kept.path, kept.query)).encode()
    return [("head", told), *(("body", text) for text in unpacked(kept.body.data or b""))]


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in ROWS.items()])
def test_no_secret_is_kept(make: Make) -> None:
    secret = fresh()
    asked = make(secret)
    sent = [("head", repr((asked.target, asked.headers)).encode()), *(("body", text) for text in unpacked(asked.body))]
    kept = shown(kept_of(asked))
    assert Searched([("it", secret)], sent).found("it"), "the row sends no secret"
    assert not Searched([("it", secret)], kept).found("it")
    assert b"[removed:[removed" not in kept[-1][1]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param('{"env":[{"Name":"DB_PASSWORD","Value":"$"}]}', "json", id="in-capitals"),
        pytest.param('{"env":[{"name":"DB_PASSWORD","secure":true,"of":"a","value":"$"}]}', "json", id="apart"),
        pytest.param('{"attributes":[{"key":"api_key","value":{"stringValue":"$"}}]}', "json", id="telemetry"),
        pytest.param('{"headers":[["x-api-key","$"],["Cookie","sid=$"],["Authorization","$"]]}', "json", id="fields"),
        pytest.param('<add key="DB_PASSWORD" value="$"/>', "xml", id="attributes"),
        pytest.param("<input name='password' type='text' value='$'>", "text/html", id="input"),
        pytest.param('<meta name="csrf-token" content="$">', "text/html", id="meta"),
    ],
)
def test_a_value_beside_its_name_is_kept_nowhere(text: str, kind: str) -> None:
    assert "s3cr3t" not in masked(text.replace("$", "s3cr3tZq9"), kind).decode()


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        pytest.param("json-password", '"user": "a"', id="other-fields"),
        pytest.param("form-json-inside", "payload=", id="names-of-forms"),
        pytest.param("json-presigned-inside", "https://b.s3.eu-central-1.amazonaws.com/k?", id="where-a-link-leads"),
    ],
)
def test_what_is_around_a_secret_stays(name: str, inside: str) -> None:
    assert inside.encode() in (kept_of(ROWS[name](fresh())).body.data or b"")


def test_json_stays_json() -> None:
    for name, make in ROWS.items():
        asked = make(Secret("s3cr3tZq9vXw7a", "4242424242424242"))
        try:
            json.loads(asked.body)
        except ValueError:
            continue
        kept = kept_of(asked).body.data
        if kept is None:
            continue
        with contextlib.suppress(ValueError):
            json.loads(kept)
            continue
        raise AssertionError(f"{name} is no JSON any more: {kept!r}")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param('{"next_page_token": "abc", "url": "https://x.test/a?b=1&page=2"}', "json", id="cursor-and-link"),
        pytest.param('{"note": "the password: null", "password": null, "pwd": true}', "json", id="nothing-there"),
        pytest.param('{"fields": ["password", "email"]}', "json", id="names-of-fields"),
        pytest.param('{"env": [{"name": "LANG", "value": "de"}]}', "json", id="ordinary-pair"),
        pytest.param('{"max_tokens": 100, "usage": {"total_tokens": 5}}', "json", id="counted-tokens"),
        pytest.param("return_url=https%3A%2F%2Fshop.test%2Fdone%3Forder%3DA1&amount=4200", FORM, id="link-in-a-form"),
        pytest.param("code=SUMMER&key=order-1&signature=yes", FORM, id="voucher-and-key"),
        pytest.param('{"columns": [["password", "text"], ["email", "text"]]}', "json", id="names-of-columns"),
        pytest.param('<input name="email" value="a@b.test"><option key="pin">x', "text/html", id="ordinary-input"),
        pytest.param("basic instructions: bearer of news", "text/plain", id="prose"),
        pytest.param('{"id": "e7a95f1de0421374242424242424242a"}', "json", id="digits-in-a-digest"),
    ],
)
def test_what_is_no_secret_stays(text: str, kind: str) -> None:
    assert masked(text, kind).decode() == text


@pytest.mark.parametrize("quoted", [quote, quote_plus])
@pytest.mark.parametrize(
    "key",
    [
        pytest.param("Bearer s3cr3t/Zq9+vXw7a", id="bearer"),
        pytest.param("Basic dXNlcjpz/3I+aDEy", id="basic"),
        pytest.param("whsec_s3cr/3t+Zq9vXw7a=", id="webhook-secret"),
        pytest.param("access_token$production$s3cr3t$zq9", id="braintree"),
        pytest.param("-----BEGIN RSA PRIVATE KEY-----\ns3cr3t/Zq9+\n-----END RSA PRIVATE KEY-----", id="private-key"),
    ],
)
def test_a_key_in_a_form_is_found_however_its_signs_are_escaped(key: str, quoted: Callable[[str], str]) -> None:
    kept = masked(f"note={quoted(key)}&a=b+c%20d", FORM).decode()
    assert readable(kept.encode()).endswith(":...]&a=b+c%20d")
    assert not re.search("s3cr|Zq9|zq9|dXNl|3I", kept)


def test_the_same_secret_has_the_same_digest_however_it_came() -> None:
    plain, inside = masked("token=s3cr3tZq9", FORM), masked("payload=%7B%22token%22%3A%22s3cr3tZq9%22%7D", FORM)
    mark = plain.partition(b"=")[2]
    assert mark in inside
    assert readable(mark) == "[removed:token:...]"


def test_a_text_encoded_a_thousand_times_ends() -> None:
    assert masked(b"a=%" + b"25" * 1000 + b"3D1", FORM)
    assert without_encoded(b"a=%3D", lambda inner: inner) == b"a=%3D"
