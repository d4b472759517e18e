"""Secret rows: one for each way a credential travels in HTTP, each to be sent with a secret of its own."""

import base64
import gzip
import json
import zlib
from urllib.parse import quote

import brotli  # type: ignore[import-untyped]  # it ships no types
import zstandard
from secret_requests import (
    FORM,
    JSON,
    TEXT,
    XML,
    Asked,
    Make,
    basic,
    body,
    coded,
    form,
    header,
    parts,
    query,
    recoded,
    signed_link,
)

PRESIGNED = "/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK&X-Amz-Signature=$"

HEADERS: dict[str, Make] = {
    "basic": lambda secret: Asked(headers=(("authorization", basic("user", secret.core)),)),
    "basic-user": lambda secret: Asked(headers=(("authorization", basic(secret.core, "")),)),
    "bearer": header("authorization", "Bearer $"),
    "bearer-lower": header("authorization", "bearer $"),
    "authorization-alone": header("authorization", "$"),
    "authorization-parameters": header("authorization", 'Digest username="a", response="$"'),
    "authorization-unknown-scheme": header("authorization", "Key $"),
    "authorization-two-words": header("authorization", "GoogleLogin auth=$"),
    "aws-signature": header("authorization", "AWS4-HMAC-SHA256 Credential=AK/x, SignedHeaders=host, Signature=$"),
    "x-api-key": header("x-api-key", "$"),
    "api_key": header("api_key", "$"),
    "subscription-key": header("ocp-apim-subscription-key", "$"),
    "functions-key": header("x-functions-key", "$"),
    "sas-key": header("aeg-sas-key", "$"),
    "customer-key": header("x-amz-server-side-encryption-customer-key", "$"),
    "master-key": header("x-parse-master-key", "$"),
    "private-token": header("private-token", "$"),
    "x-auth": header("x-auth", "$"),
    "x-authentication": header("x-authentication", "$"),
    "authentication": header("authentication", "$"),
    "x-session": header("x-session", "$"),
    "x-pass": header("x-pass", "$"),
    "x-pwd": header("x-pwd", "$"),
    "cookie": header("cookie", "theme=dark; sid=$"),
    "cookie2": header("cookie2", "sid=$"),
    "set-cookie": header("set-cookie", "sid=$; Path=/"),
    "websocket-protocol": header("sec-websocket-protocol", "base64url.bearer.authorization.k8s.io.$"),
    "referer-query": header("referer", "https://shop.test/reset?token=$"),
    "referer-fragment": header("referer", "https://shop.test/cb#access_token=$"),
    "callback-password": header("x-callback", "https://user:$@shop.test/"),
    "link-presigned": lambda secret: Asked(headers=(("x-link", signed_link(secret)),)),
    "json-in-header": header("x-context", '{"token": "$"}'),
    "pairs-in-header": header("x-context", "user=1,token=$,x=2"),
    "bearer-in-header": header("x-upstream", "Bearer $"),
    "basic-in-header": lambda secret: Asked(headers=(("x-upstream", basic("user", secret.core)),)),
}
QUERIES: dict[str, Make] = {
    "api-key": query("api_key=$"),
    "key": query("key=$"),
    "code": query("code=$&state=1"),
    "presigned-s3": query(PRESIGNED.partition("?")[2]),
    "presigned-v2": query("AWSAccessKeyId=AK&Expires=1&Signature=$"),
    "presigned-gcs": query("X-Goog-Signature=$&X-Goog-Expires=1"),
    "presigned-azure": query("sv=2020&sig=$"),
    "bracketed": query("auth[token]=$"),
    "escaped-name": query("%61pi_key=$"),
    "semicolons": query("a=1;token=$"),
    "link-inside": lambda secret: Asked(target=f"/go?next={quote(signed_link(secret), safe='')}", method="GET"),
    "link-inside-twice": lambda secret: Asked(
        target=f"/go?next={quote(quote(signed_link(secret), safe=''), safe='')}", method="GET"
    ),
    "json-inside": lambda secret: Asked(
        target="/go?q=" + quote(json.dumps({"password": secret.core}), safe=""), method="GET"
    ),
    "in-fragment": query("a=1#access_token=$"),
    "card": lambda secret: Asked(target=f"/pay?n={secret.card}", method="GET"),
    "in-path-parameter": lambda secret: Asked(target=f"/v1/things;token={secret.core}", method="GET"),
    "jsessionid": lambda secret: Asked(target=f"/v1/things;jsessionid={secret.core}", method="GET"),
    "path-basic": lambda secret: Asked(target=f"/https://user:{secret.core}@shop.test/", method="GET"),
    "path-shaped": lambda secret: Asked(target=f"/v1/sk_live_{secret.core}/x", method="GET"),
    "slack-webhook-path": lambda secret: Asked(
        target=f"/services/T00/B00/{secret.core}", host="hooks.slack.com", body=b'{"text": "hi"}'
    ),
    "slack-workflow-path": lambda secret: Asked(
        target=f"/triggers/T00/12/{secret.core}", host="hooks.slack.com", body=b'{"text": "hi"}'
    ),
    "telegram-path": lambda secret: Asked(
        target=f"/bot12345678:AA{secret.core}{secret.core}/sendMessage", host="api.telegram.org"
    ),
}
FORMS: dict[str, Make] = {
    "password": form({"user": "a", "password": "$"}),
    "client-secret": form({"grant_type": "client_credentials", "client_id": "a", "client_secret": "$"}),
    "refresh-token": form({"grant_type": "refresh_token", "refresh_token": "$"}),
    "assertion": form({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "$"}),
    "authorization-code": form({"grant_type": "authorization_code", "code": "$"}),
    "code-verifier": form({"grant_type": "authorization_code", "code_verifier": "$"}),
    "device-code": form({"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "$"}),
    "password-confirmation": form({"user[password_confirmation]": "$"}),
    "password-number": form({"password1": "$"}),
    "new-password": form({"newPassword": "$"}),
    "card": form({"n": "#"}),
    "card-spaced": lambda secret: Asked(
        body=("n=" + "+".join(secret.card[at : at + 4] for at in range(0, 16, 4))).encode(), kind=FORM
    ),
    "json-inside": form({"payload": '{"token": "$"}'}),
    "json-card-inside": form({"payload": '{"number": "#"}'}),
    "json-bare-card-inside": form({"payload": '{"number":#}'}),
    "form-inside": form({"payload": "a=1&password=$&b=2"}),
    "link-inside": form({"url": "https://x.test/?token=$"}),
    "basic-inside": form({"url": "https://user:$@x.test/"}),
    "shaped-inside": form({"note": "my key sk_live_$ is"}),
    "encoded-twice": form({"payload": '{"token": "$"}'}, times=2),
    "password-encoded-twice": form({"payload": "password=$"}, times=2),
    "card-encoded-twice": form({"payload": '{"number": "#"}'}, times=2),
    "stripe-card": body(
        FORM,
        "amount=4200&currency=eur&payment_method_data%5Btype%5D=card&payment_method_data%5Bcard%5D%5Bnumber%5D=#"
        "&payment_method_data%5Bcard%5D%5Bcvc%5D=123",
        "api.stripe.com",
        "/v1/payment_intents",
    ),
    "stripe-metadata": body(FORM, "email=a@b.test&metadata%5Bpassword%5D=$", "api.stripe.com", "/v1/customers"),
    "stripe-metadata-shaped": body(
        FORM, "email=a@b.test&metadata%5Bnote%5D=sk_live_$", "api.stripe.com", "/v1/customers"
    ),
    "stripe-metadata-card": body(FORM, "email=a@b.test&metadata%5Bnote%5D=#", "api.stripe.com", "/v1/customers"),
    "stripe-bank-account": body(
        FORM, "bank_account%5Baccount_number%5D=$&bank_account%5Bcountry%5D=US", "api.stripe.com", "/v1/tokens"
    ),
    "webhook-escaped": form({"url": "hooks.slack.com/services/T01ABCDEF/B02ABCDEF/$"}),
    "name-escaped": body(FORM, "metadata%5Bapi%2Dkey%5D=$", "api.stripe.com", "/v1/customers"),
    "stripe-path": lambda secret: Asked(
        f"/v1/customers/sk_live_{secret.core}", body=b"name=A", kind=FORM, host="api.stripe.com"
    ),
    "undeclared": body("application/octet-stream", "user=a&password=$"),
    "declared-json": body(JSON, "user=a&password=$"),
}
JSONS: dict[str, Make] = {
    "password": body(JSON, '{"user": "a", "password": "$"}'),
    "array": body(JSON, '[{"api_key": "$"}]'),
    "nested": body(JSON, '{"auth": {"user": "a", "pass": "$"}}'),
    "list": body(JSON, '{"passwords": ["$", "x"]}'),
    "api-keys": body(JSON, '{"api_keys": ["$"]}'),
    "access-tokens": body(JSON, '{"access_tokens": ["$"]}'),
    "camel": body(JSON, '{"clientSecret": "$"}'),
    "password-confirmation": body(JSON, '{"password_confirmation": "$"}'),
    "password-hash": body(JSON, '{"passwordHash": "$"}'),
    "card": body(JSON, '{"n": "#"}'),
    "card-bare": body(JSON, '{"n": #}'),
    "card-glued": body(JSON, '{"n": "card_#"}'),
    "track": body(JSON, '{"track": "%B#^DOE/JOHN^2512101"}'),
    "json-inside": lambda secret: Asked(body=json.dumps({"m": json.dumps({"password": secret.core})}).encode()),
    "json-inside-twice": lambda secret: Asked(
        body=json.dumps({"m": json.dumps({"m": json.dumps({"password": secret.core})})}).encode()
    ),
    "form-inside": body(JSON, '{"body": "a=1&password=$&b=2"}'),
    "link-inside": body(JSON, '{"url": "https://x.test/?a=1&token=$"}'),
    "presigned-inside": lambda secret: Asked(body=json.dumps({"url": signed_link(secret)}).encode()),
    "presigned-escaped": lambda secret: Asked(
        body=json.dumps({"url": signed_link(secret)}).replace("&", "\\u0026").replace("/", "\\/").encode()
    ),
    "basic-inside": body(JSON, '{"url": "https://user:$@x.test/"}'),
    "bearer-inside": body(JSON, '{"h": [["Authorization", "Bearer $"]]}'),
    "basic-credential-inside": lambda secret: Asked(
        body=json.dumps({"headers": [{"name": "Authorization", "value": basic("user", secret.core)}]}).encode()
    ),
    "name-and-value": body(JSON, '{"env": [{"name": "DB_PASSWORD", "value": "$"}]}'),
    "key-and-value": body(JSON, '{"env": [{"value": "$", "key": "api_key"}]}'),
    "escaped-name": body(JSON, '{"p\\u0061ssword": "$"}'),
    "graphql": body(JSON, '{"query": "mutation { login(user: \\"a\\", password: \\"$\\") { id } }"}'),
    "shaped-stripe": body(JSON, '{"note": "sk_live_$"}'),
    "shaped-slack": body(JSON, '{"note": "xoxb-1-2-$"}'),
    "shaped-slack-webhook": body(JSON, '{"note": "https://hooks.slack.com/services/T0/B0/$"}'),
    "shaped-private-key": body(JSON, '{"k": "-----BEGIN PRIVATE KEY-----\\n$\\n-----END PRIVATE KEY-----\\n"}'),
    "connection-string": body(JSON, '{"dsn": "Server=db;User Id=sa;Password=$;"}'),
    "database-url": body(JSON, '{"dsn": "postgres://app:$@db.internal:5432/app"}'),
    "truncated": body(JSON, '{"user": "a", "password": "$'),
    "password-of-php": body(JSON, '{"url": "https:\\/\\/user:$@x.test\\/"}'),
    "packed": lambda secret: Asked(
        body=json.dumps({"data": base64.b64encode(json.dumps({"token": secret.core}).encode()).decode()}).encode()
    ),
    "trailing-comma": body(JSON, '{"password": "$",}'),
    "single-quotes": body(JSON, "{'password': '$'}"),
    "bare-names": body(JSON, '{password: "$"}'),
    "byte-order-mark": body(JSON, '\ufeff{"password": "$"}'),
    "lines": body("application/x-ndjson", '{"a": 1}\n{"password": "$"}\n'),
    "declared-form": body(FORM, '{"password": "$"}'),
    "declared-text": body(TEXT, 'sent: {"password": "$"}'),
    "utf-16": recoded("utf-16"),
    "utf-16-le": recoded("utf-16-le"),
    "utf-32": recoded("utf-32"),
    "gzip": coded("gzip", gzip.compress),
    "gzip-two-members": coded("gzip", lambda data: gzip.compress(b'{"a": 1}') + gzip.compress(data)),
    "gzip-and-more": coded("gzip", lambda data: gzip.compress(b'{"a": 1}') + data),
    "gzip-cut": coded("gzip", lambda data: gzip.compress(data, 0)[:-6]),
    "gzip-undeclared": coded("", gzip.compress),
    "gzip-not": coded("gzip", bytes),
    "gzip-twice": coded("gzip, gzip", lambda data: gzip.compress(gzip.compress(data))),
    "deflate": coded("deflate", zlib.compress),
    "brotli": coded("br", lambda data: bytes(brotli.compress(data))),
    "zstd": coded("zstd", zstandard.ZstdCompressor().compress),
    "unknown-coding": coded("compress", bytes),
    "aws-chunked": coded("aws-chunked", lambda data: b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)),
    "aws-chunked-cut": coded("aws-chunked", lambda data: b'8\r\n{"passwo\r\n%x\r\n%s\r\n0\r\n\r\n' % (len(data), data)),
}
XMLS: dict[str, Make] = {
    "element": body(XML, "<a><password>$</password></a>"),
    "cdata": body(XML, "<a><password><![CDATA[$]]></password></a>"),
    "attribute": body(XML, '<a password="$"/>'),
    "namespace": body(XML, '<s:E xmlns:s="x"><wsse:Password Type="t">$</wsse:Password></s:E>'),
    "card": body(XML, "<pay><n>#</n></pay>"),
    "card-attribute": body(XML, '<pay n="#"/>'),
    "cut": body(XML, "<a><password>$"),
    "comment": body(XML, "<a><password><!-- x -->$</password></a>"),
    "children": body(XML, "<a><password><value>$</value></password></a>"),
    "json-inside": body(XML, '<a><b>{"password": "$"}</b></a>'),
    "escaped-inside": body(XML, "<a><b>&lt;password&gt;$&lt;/password&gt;</b></a>"),
    "link-inside": body(XML, "<a><b>https://x.test/?a=1&amp;token=$</b></a>"),
    "undeclared": body(TEXT, "<a><password>$</password></a>"),
}
PARTS: dict[str, Make] = {
    "field": parts('Content-Disposition: form-data; name="password"\r\n\r\n$'),
    "field-unquoted": parts("Content-Disposition: form-data; name=password\r\n\r\n$"),
    "field-star": parts("Content-Disposition: form-data; name*=utf-8''password\r\n\r\n$"),
    "card": parts('Content-Disposition: form-data; name="n"\r\n\r\n#'),
    "json": parts('Content-Disposition: form-data; name="p"\r\nContent-Type: application/json\r\n\r\n{"token": "$"}'),
    "base64": lambda secret: parts(
        'Content-Disposition: form-data; name="password"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        + base64.b64encode(secret.core.encode()).decode()
    )(secret),
    "related": parts(
        'Content-Type: application/json\r\n\r\n{"client_secret": "$"}', kind='multipart/related; boundary="XX"'
    ),
    "bare-lines": lambda secret: Asked(
        kind="multipart/form-data; boundary=XX",
        body=f'--XX\nContent-Disposition: form-data; name="password"\n\n{secret.core}\n--XX--\n'.encode(),
    ),
    "wrong-boundary": parts(
        'Content-Disposition: form-data; name="password"\r\n\r\n$', kind="multipart/form-data; boundary=YY"
    ),
    "no-boundary": parts('Content-Disposition: form-data; name="password"\r\n\r\n$', kind="multipart/form-data"),
    "undeclared": parts('Content-Disposition: form-data; name="password"\r\n\r\n$', kind="application/octet-stream"),
}
ROWS: dict[str, Make] = {
    f"{group}-{name}": make
    for group, rows in (
        ("header", HEADERS),
        ("query", QUERIES),
        ("form", FORMS),
        ("json", JSONS),
        ("xml", XMLS),
        ("parts", PARTS),
    )
    for name, make in rows.items()
}
