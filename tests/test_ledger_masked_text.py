"""Bodies: no credential in what is kept, whatever form it is in; everything else octet for octet."""

import json
from urllib.parse import quote_plus, urlencode

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from masking_stage import CARD, FORM, JSON, MASKER, SECRET, XML, masked, readable, request_of


@pytest.mark.parametrize(
    ("content_type", "body", "kept"),
    [
        pytest.param(
            JSON,
            '{"a": {"Password" : "x\\"y"}, "n": 1.50}',
            '{"a": {"Password" : "[removed:password:...]"}, "n": 1.50}',
            id="json",
        ),
        pytest.param(JSON, '{"cvc":123,"exp":12}', '{"cvc":"[removed:cvc:...]","exp":12}', id="json-number"),
        pytest.param(
            JSON,
            '{"credentials":{"user":"me","p":["x",1,true]},"b":2}',
            '{"credentials":{"user":"[removed:credentials:...]","p":["[removed:credentials:...]","[removed:credentials:...]",true]},"b":2}',
            id="json-nested",
        ),
        pytest.param(JSON, '{"pass\\u0077ord":"x"}', '{"password":"[removed:password:...]"}', id="json-escaped-name"),
        pytest.param(
            JSON,
            '{"body":"{\\"api_key\\": \\"x\\", \\"a\\": 1}"}',
            '{"body":"{\\"api_key\\": \\"[removed:api_key:...]\\", \\"a\\": 1}"}',
            id="json-in-json",
        ),
        pytest.param(JSON, '{"secret":"never closed', '{"secret":"[removed:secret:...]"', id="json-cut-off"),
        pytest.param(
            JSON,
            '{"password":null,"token":"","ok":true}',
            '{"password":null,"token":"","ok":true}',
            id="json-nothing-there",
        ),
        pytest.param(
            JSON, '{"next_token":"abc","max_tokens":5}', '{"next_token":"abc","max_tokens":5}', id="json-cursor-stays"
        ),
        pytest.param(
            JSON,
            f'{{"a":"\\\\","b":[{CARD},{CARD}.0],"c":"\\" {CARD},"}}',
            '{"a":"\\\\","b":["[removed:card_number:...]",' + CARD + '.0],"c":"\\" [removed:card_number:...],"}',
            id="json-bare-card",
        ),
        pytest.param(
            JSON,
            '{"created":1763780000000,"id":"4000000000000000"}',
            '{"created":1763780000000,"id":"4000000000000000"}',
            id="json-numbers-stay",
        ),
        pytest.param(JSON, f'{{"number":"{CARD}"}}', '{"number":"[removed:card_number:...]"}', id="json-card"),
        pytest.param(
            "text/plain",
            f'{{"password":"{SECRET}"}}',
            '{"password":"[removed:password:...]"}',
            id="json-declared-as-text",
        ),
        pytest.param(
            FORM,
            "card%5Bnumber%5D=4242+4242+4242+4242&card[cvc]=123&a=b",
            "card%5Bnumber%5D=[removed:number:...]&card[cvc]=[removed:cvc:...]&a=b",
            id="form-card",
        ),
        pytest.param(
            FORM,
            "grant_type=refresh_token&refresh_token=x&client_secret=y",
            "grant_type=refresh_token&refresh_token=[removed:refresh_token:...]&client_secret=[removed:client_secret:...]",
            id="form-oauth",
        ),
        pytest.param(FORM, "pass%77ord=x", "password=[removed:password:...]", id="form-escaped-name"),
        pytest.param(
            FORM, "key=sk%5Flive%5Fabcdefgh1234", "key=[removed:stripe_secret_key:...]", id="form-escaped-key"
        ),
        pytest.param(FORM, "amount=4200&compass=north", "amount=4200&compass=north", id="form-ordinary-stays"),
        pytest.param(
            XML,
            "<a><n:Password x='1'>hu&amp;nter</n:Password><b token='q' c=\"d\"/></a>",
            '<a><n:Password x=\'1\'>[removed:password:...]</n:Password><b token="[removed:token:...]" c="d"/></a>',
            id="xml",
        ),
        pytest.param(XML, "<cvv><![CDATA[1<2]]></cvv>", "<cvv>[removed:cvv:...]</cvv>", id="xml-cdata"),
        pytest.param("text/plain", "password = hunter2, next", "password = [removed:password:...], next", id="text"),
        pytest.param(
            "text/plain", "postgres://me:pw@db/x", "postgres://me:[removed:url_password:...]@db/x", id="url-password"
        ),
        pytest.param(
            "text/plain",
            "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
            "[removed:private_key:...]",
            id="private-key",
        ),
        pytest.param(
            "text/plain",
            "xoxb-12345-abcdef whsec_abcdefghij AKIAABCDEFGHIJKLMNOP",
            "[removed:slack_token:...] [removed:stripe_webhook_secret:...] [removed:aws_access_key_id:...]",
            id="keys",
        ),
        pytest.param(
            "text/plain",
            f"card 4242 4242 4242 4242 12/27 and {CARD}.",
            "card [removed:card_number:...] 12/27 and [removed:card_number:...].",
            id="cards-in-text",
        ),
    ],
)
def test_bodies(content_type: str, body: str, kept: str) -> None:
    assert readable(masked(body, content_type)) == kept


NAMES = st.sampled_from(["password", "client_secret", "apiKey", "X-Auth-Token", "card_number", "new.password", "cvc"])
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20).map(lambda text: SECRET + text)
OTHER = st.dictionaries(st.text(max_size=8), st.one_of(st.text(max_size=8), st.integers(), st.none()), max_size=4)


@settings(max_examples=examples(300))
@given(name=NAMES, value=VALUES, other=OTHER, depth=st.integers(0, 4), ascii_only=st.booleans())
def test_no_secret_is_in_a_masked_json_which_stays_json(
    name: str, value: str, other: dict[str, object], depth: int, ascii_only: bool
) -> None:
    tree: object = {**other, name: value}
    for level in range(depth):
        tree = [tree, level] if level % 2 else {"in": tree}
    kept = masked(json.dumps(tree, ensure_ascii=ascii_only))
    assert SECRET.encode() not in kept
    json.loads(kept)


@settings(max_examples=examples(300))
@given(name=NAMES, value=VALUES, other=st.dictionaries(st.text(max_size=6), st.text(max_size=6), max_size=4))
def test_no_secret_is_in_a_masked_form(name: str, value: str, other: dict[str, str]) -> None:
    for body in (
        urlencode({**other, name: value}),
        f"{quote_plus('a[b]')}=1&x%5B{quote_plus(name)}%5D={quote_plus(value)}",
    ):
        assert SECRET.encode() not in masked(body, FORM)


@settings(max_examples=examples(200))
@given(
    key=st.sampled_from(["sk_live_", "xoxb-", "whsec_", "ghp_" + "a" * 30, "SG.aaaaaaaaaaaa.bbbbbbbb"]),
    before=st.text(max_size=10),
    after=st.text(max_size=10),
    content_type=st.sampled_from([JSON, FORM, XML, "text/plain", "application/octet-stream"]),
)
def test_no_known_key_is_in_anything(key: str, before: str, after: str, content_type: str) -> None:
    text = f"{before} {key}{SECRET} {after}".encode("utf-8", "replace")
    assert SECRET.encode() not in masked(text, content_type)


@settings(max_examples=examples(300))
@given(
    body=st.binary(max_size=200),
    content_type=st.sampled_from([JSON, FORM, XML, "text/plain", "multipart/x; boundary=b"]),
)
def test_any_octets_are_survived(body: bytes, content_type: str) -> None:
    for message in (True, False):
        MASKER.request(request_of(body, content_type), (), exact_body=False, message=message)
