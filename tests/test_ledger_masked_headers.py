"""Headers and queries: credentials go, their scheme and everything ordinary stays."""

import pytest
from masking_stage import MASKER, SECRET, readable, request_of


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        pytest.param(
            "authorization",
            "Bearer sk_test_4eC39HqLyjWDarjtT1zdp7dc",
            "Bearer [removed:stripe_secret_key:...]",
            id="bearer-key",
        ),
        pytest.param("Authorization", f"Basic {SECRET}", "Basic [removed:basic_credential:...]", id="basic"),
        pytest.param("authorization", SECRET, "[removed:authorization:...]", id="bare"),
        pytest.param(
            "authorization",
            f"AWS4-HMAC-SHA256 Credential=AKIA/x, Signature={SECRET}",
            "AWS4-HMAC-SHA256 [removed:authorization:...]",
            id="aws",
        ),
        pytest.param("proxy-authorization", f"Basic {SECRET}", "Basic [removed:basic_credential:...]", id="proxy"),
        pytest.param("cookie", f"session={SECRET}; a=b", "[removed:cookie:...]", id="cookie"),
        pytest.param("set-cookie", f"session={SECRET}", "[removed:cookie:...]", id="set-cookie"),
        pytest.param("x-api-key", SECRET, "[removed:x_api_key:...]", id="api-key"),
        pytest.param("DD-API-KEY", SECRET, "[removed:dd_api_key:...]", id="vendor-key"),
        pytest.param("x-postmark-server-token", SECRET, "[removed:x_postmark_server_token:...]", id="vendor-token"),
        pytest.param(
            "referer",
            f"https://a.example/?token={SECRET}&page=2",
            "https://a.example/?token=[removed:token:...]&page=2",
            id="link-in-a-header",
        ),
        pytest.param(
            "x-note",
            "key SG.aaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbb here",
            "key [removed:sendgrid_api_key:...] here",
            id="key-in-any-header",
        ),
        pytest.param("idempotency-key", "order-4711", "order-4711", id="idempotency-key-stays"),
        pytest.param("stripe-signature", "t=1,v1=abc", "t=1,v1=abc", id="webhook-signature-stays"),
        pytest.param("x-rapidapi-key", SECRET, "[removed:x_rapidapi_key:...]", id="market-key"),
        pytest.param("Fastly-Key", SECRET, "[removed:fastly_key:...]", id="delivery-key"),
        pytest.param("x-honeycomb-team", SECRET, "[removed:honeycomb_key:...]", id="key-that-is-called-a-team"),
        pytest.param("x-github-otp", SECRET, "[removed:x_github_otp:...]", id="one-time-password"),
        pytest.param("x-passphrase", SECRET, "[removed:x_passphrase:...]", id="passphrase"),
        pytest.param("x-key", SECRET, "[removed:x_key:...]", id="key-alone"),
        pytest.param(
            "sec-websocket-protocol",
            f"graphql-ws, access_token, {SECRET}",
            "graphql-ws, access_token, [removed:websocket_token:...]",
            id="token-among-protocols",
        ),
        pytest.param(
            "sec-websocket-protocol",
            f"v1.bearer.{SECRET}, v2",
            "v1.bearer.[removed:websocket_token:...], v2",
            id="token-in-one",
        ),
        pytest.param("sec-websocket-protocol", "graphql-ws, v2.json", "graphql-ws, v2.json", id="protocols-stay"),
        pytest.param("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ==", id="handshake-stays"),
        pytest.param("surrogate-key", "page-1 shop", "page-1 shop", id="name-in-a-cache-stays"),
        pytest.param("user-agent", "Stripe/v1 PythonBindings", "Stripe/v1 PythonBindings", id="ordinary-stays"),
    ],
)
def test_headers(name: str, value: str, kept: str) -> None:
    shown = MASKER.request(request_of(headers=((name, value),)), (), exact_body=False, message=False).headers
    assert shown[1][0] == name
    assert readable(shown[1][1].encode()) == kept


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        pytest.param("access_token=x&limit=3", "access_token=[removed:access_token:...]&limit=3", id="token"),
        pytest.param("a=1&key=x", "a=1&key=[removed:key:...]", id="key"),
        pytest.param("code=x", "code=[removed:code:...]", id="authorisation-code"),
        pytest.param(
            "X-Amz-Credential=x&X-Amz-Date=1&X-Amz-Signature=y&X-Amz-Security-Token=z",
            "X-Amz-Credential=[removed:x_amz_credential:...]&X-Amz-Date=1&X-Amz-Signature=[removed:x_amz_signature:...]&X-Amz-Security-Token=[removed:x_amz_security_token:...]",
            id="presigned",
        ),
        pytest.param("sv=1&sig=x", "sv=1&sig=[removed:sig:...]", id="shared-access-signature"),
        pytest.param("%74oken=x", "token=[removed:token:...]", id="escaped-name"),
        pytest.param("card=4242-4242-4242-4242", "card=[removed:card_number:...]", id="card"),
        pytest.param("page_token=abc&monkey=3", "page_token=abc&monkey=3", id="cursor-and-monkey-stay"),
    ],
)
def test_query(query: str, kept: str) -> None:
    shown = MASKER.request(request_of(target=f"/p?{query}"), (), exact_body=False, message=False)
    assert (shown.path, readable(shown.query.encode())) == ("/p", kept)


def test_fields_met_before_are_masked_again() -> None:
    headers = (("x-api-key", SECRET), ("x-note", "key SG.aaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbb here"), ("accept", "*/*"))
    request = request_of(headers=headers, target="/v1/sk_live_abcdefgh1234")
    first, again = [MASKER.request(request, (), exact_body=False, message=False) for _ in range(2)]
    assert first[:-1] == again[:-1]
    assert first.echo.spelt == again.echo.spelt
    assert SECRET not in repr(first)
    assert "sk_live" not in repr(first)
    assert "SG.aaaa" not in repr(first)


def test_a_value_is_masked_by_the_name_it_comes_under() -> None:
    shown = [
        MASKER.request(request_of(headers=((name, "s3cr3t"),)), (), exact_body=False, message=False).headers[1]
        for name in ("x-colour", "x-api-key", "x-colour")
    ]
    assert shown[0] == shown[2] == ("x-colour", "s3cr3t")
    assert "s3cr3t" not in shown[1][1]
