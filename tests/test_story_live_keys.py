"""A live credential never passes an opt-in for test credentials: not beside a test one, nor where nobody looks for it.

Judged by a stand-in for Stripe: what reached it is what leaked.
"""

import base64
import gzip
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
import pytest_asyncio
from leak_house import ADDRESS, LeakHouse, head, leak_house, opted_in, stayed

HOST = "api.stripe.com"
TEST, LIVE = "sk_test_51abcdefghijk", "sk_live_51abcdefghijk"
FORM = "application/x-www-form-urlencoded"


@pytest_asyncio.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LeakHouse]:
    async with leak_house(tmp_path_factory.mktemp("keys")) as house:
        house.stand_in.names.set(HOST, (ADDRESS,))
        house.policy(opted_in(HOST, (house.plain.port,), more="credentials: test"))
        yield house


def basic(user: str, password: str = "") -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


async def send(
    house: LeakHouse, fields: tuple[tuple[str, str], ...], target: str, body: bytes, kind: str
) -> tuple[bytes, bool, list[str]]:
    """The answer, whether nothing left by the ledger's account, and the flags."""
    async with house.visit("explicit-http", "mitm") as visit:
        reader, writer = await visit.connect()
        authority = f"{HOST}:{house.plain.port}"
        lines = [f"POST http://{authority}{target} HTTP/1.1", f"Host: {authority}", f"Content-Length: {len(body)}"]
        lines += [f"Content-Type: {kind}", *(f"{name}: {value}" for name, value in fields)]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        told = await head(reader)
        captures = await visit.captures()
        return told, all(map(stayed, captures)), [flag for capture in captures for flag in capture.flags]


def json_escaped(text: str) -> str:
    return text % LIVE.replace("_", "\\u005F").replace("k", "\\u006b")


def in_a_part(coding: str, content: bytes) -> bytes:
    head = f'--X\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: {coding}\r\n\r\n'
    return head.encode() + content + b"\r\n--X--\r\n"


AUTH = "Authorization"
MULTIPART = "multipart/form-data; boundary=X"
HEADERS = {
    "bearer": ((AUTH, f"Bearer {LIVE}"),),
    "bearer-lower-case": ((AUTH, f"bearer {LIVE}"),),
    "bearer-upper-case": ((AUTH, f"BEARER {LIVE}"),),
    "two-spaces": ((AUTH, f"Bearer  {LIVE}"),),
    "tab": ((AUTH, f"Bearer\t{LIVE}"),),
    "no-scheme": ((AUTH, LIVE),),
    "basic-user": ((AUTH, basic(LIVE)),),
    "basic-lower-case": ((AUTH, basic(LIVE).lower().replace(basic(LIVE)[6:].lower(), basic(LIVE)[6:])),),
    "basic-password": ((AUTH, basic(TEST, LIVE)),),
    "basic-tab": ((AUTH, basic(LIVE).replace(" ", "\t")),),
    "basic-not-base64": ((AUTH, f"Basic {LIVE}"),),
    "after-a-test-one": ((AUTH, f"Bearer {TEST}"), (AUTH, f"Bearer {LIVE}")),
    "before-a-test-one": ((AUTH, f"Bearer {LIVE}"), (AUTH, f"Bearer {TEST}")),
    "in-one-field-with-a-test-one": ((AUTH, f"Bearer {TEST}, Bearer {LIVE}"),),
    "in-one-field-with-a-comma": ((AUTH, f"{TEST},{LIVE}"),),
    "in-one-field-with-a-semicolon": ((AUTH, f"Bearer {TEST};{LIVE}"),),
    "restricted-key": ((AUTH, "Bearer rk_live_51abcdefghijk"),),
    "organisation-key": ((AUTH, "Bearer sk_org_live_51abcdefghijk"),),
    "in-capitals": ((AUTH, f"Bearer {TEST}"), ("X-Api-Key", LIVE)),
    "in-another-header": ((AUTH, f"Bearer {TEST}"), ("X-Stripe-Key", f"Bearer {LIVE}")),
    "in-a-cookie": ((AUTH, f"Bearer {TEST}"), ("Cookie", f"key={LIVE}")),
    "in-another-header-as-basic": ((AUTH, f"Bearer {TEST}"), ("X-Upstream-Authorization", basic(LIVE))),
    "no-credential-at-all": (),
}
ELSEWHERE = {
    "query": (f"?api_key={LIVE}", b"amount=1", FORM),
    "query-key": (f"?key={LIVE}", b"amount=1", FORM),
    "query-escaped": (f"?key=%73k_live_{LIVE[8:]}", b"amount=1", FORM),
    "path": (f"/{LIVE}", b"amount=1", FORM),
    "form-key": ("", f"key={LIVE}".encode(), FORM),
    "form-key-twice": ("", f"key={TEST}&key={LIVE}".encode(), FORM),
    "form-client-secret": ("", f"client_secret={LIVE}".encode(), FORM),
    "form-other-field": ("", f"api_key={LIVE}".encode(), FORM),
    "form-escaped": ("", f"api_key={quote('Bearer ' + LIVE)}".encode(), FORM),
    "json": ("", f'{{"key": "{LIVE}"}}'.encode(), "application/json"),
    "json-deep": ("", f'{{"a": [{{"b": "{LIVE}"}}]}}'.encode(), "application/json"),
    "undeclared": ("", f"key={LIVE}".encode(), "text/plain"),
    "multipart": (
        "",
        f'--X\r\nContent-Disposition: form-data; name="key"\r\n\r\n{LIVE}\r\n--X--\r\n'.encode(),
        "multipart/form-data; boundary=X",
    ),
    "json-escaped": ("", json_escaped('{"a": {"b": "%s"}}').encode(), "application/json"),
    "json-within-json": ("", json_escaped('{"a": "{\\"b\\": \\"%s\\"}"}').replace("\\u", "\\\\u").encode(), "text/x"),
    "json-in-a-form": ("", f"a={quote(json_escaped('%s'))}".encode(), FORM),
    "base64": ("", b"note=" + base64.b64encode(LIVE.encode()), FORM),
    "base64-of-links-of-more": ("", b'{"a": "%b"}' % base64.urlsafe_b64encode(f"??>>:{LIVE}".encode()), "text/x"),
    "base64-of-json": ("", b"note=" + base64.b64encode(f'{{"a": "{LIVE}"}}'.encode()), FORM),
    "base64-escaped": ("", f"note={quote(base64.b64encode(f'k {LIVE}'.encode()), safe='')}".encode(), FORM),
    "gzip-undeclared": ("", gzip.compress(f'{{"key": "{LIVE}"}}'.encode()), "application/json"),
    "part-in-base64": ("", in_a_part("base64", base64.encodebytes(b"a" * 55 + f"={LIVE}".encode())), MULTIPART),
    "part-quoted-printable": ("", in_a_part("Quoted-Printable", b"sk=5Fli=\r\nve=5F51abcdefghijk"), MULTIPART),
}


@pytest.mark.parametrize("fields", [pytest.param(fields, id=name) for name, fields in HEADERS.items()])
async def test_a_live_key_in_a_header_never_passes(house: LeakHouse, fields: tuple[tuple[str, str], ...]) -> None:
    before = await house.reached()
    _, here, _ = await send(house, fields, "/v1/charges", b"amount=1", FORM)
    assert await house.reached() == before, "it reached Stripe"
    assert here


@pytest.mark.parametrize(("target", "body", "kind"), [pytest.param(*row, id=name) for name, row in ELSEWHERE.items()])
@pytest.mark.parametrize("coding", [None, "gzip"])
async def test_a_live_key_beside_a_test_one_never_passes(
    house: LeakHouse, target: str, body: bytes, kind: str, coding: str | None
) -> None:
    before = await house.reached()
    fields = [(AUTH, f"Bearer {TEST}")]
    if coding is not None:
        fields, body = [*fields, ("Content-Encoding", coding)], gzip.compress(body)
    _, here, _ = await send(house, tuple(fields), f"/v1/charges{target}", body, kind)
    assert await house.reached() == before, "it reached Stripe"
    assert here


@pytest.mark.parametrize("value", [pytest.param(f"Bearer {TEST}", id="bearer"), pytest.param(basic(TEST), id="basic")])
async def test_a_test_key_passes(house: LeakHouse, value: str) -> None:
    before = await house.reached()
    told, _, flags = await send(house, ((AUTH, value),), "/v1/charges", b"amount=1&currency=eur", FORM)
    assert await house.reached() == before + 1
    assert told.startswith(b"HTTP/1.1 200")
    assert "live_credential" not in flags
