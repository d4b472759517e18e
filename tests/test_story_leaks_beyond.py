"""Opted-in requests that carry something more: bodies and paths that another server reads as others than were judged.

Each row would leave, but for what is odd in it; the stand-in for the destination receives nothing of it.
"""

import gzip
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from leak_house import OPEN, WAYS, LeakHouse, Way, leak_house
from leak_sending import Sending, entry, sent

FORM = "application/x-www-form-urlencoded"
SES, TWILIO, PARTNER, READS = (
    "email.eu-west-1.amazonaws.com", "api.twilio.com", "partner.story.test", "email.us-east-1.amazonaws.com"
)  # fmt: skip
NUMBER = "+15005550006"
TEXT = urlencode({"To": NUMBER, "From": NUMBER, "Body": "hi"}).encode()
MESSAGES = "/2010-04-01/Accounts/AC1/Messages.json"
PARTS = "multipart/form-data; boundary=b"
LONG = b"a" * (8 * 1024 * 1024 + 1)


@pytest_asyncio.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LeakHouse]:
    async with leak_house(tmp_path_factory.mktemp("leaks")) as house:
        shut = entry(
            house, PARTNER, "methods: [POST], paths: [/v1/admin/**, /v1/Keys, '/v1/*/delete'], do: deny"
        ).replace("{id: ", "{id: no-")
        house.policy(
            entry(house, TWILIO, f'recipients: ["{NUMBER}"]')
            + entry(house, READS, "intent: read")
            + entry(house, PARTNER, "methods: [POST], paths: [/v1/**]")
            + entry(house, OPEN, "methods: [POST], paths: [/v1/**]")
            + entry(house, SES, "")
            + shut.replace(", addresses: [127.0.0.0/8]", "")
        )
        yield house


def part(head: str, value: str = NUMBER) -> bytes:
    return f"--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n".encode()


def parts(*more: bytes, end: bytes = b"--b--\r\n") -> bytes:
    return part('name="To"') + part('name="Body"', "hi") + b"".join(more) + end


def text(body: bytes = TEXT, content_type: str = FORM, *fields: str) -> Sending:
    return Sending(TWILIO, MESSAGES, body, content_type, fields=fields)


def partner(path: str, body: bytes = b"", content_type: str = "text/plain", *fields: str) -> Sending:
    return Sending(PARTNER, path, body or b"a", content_type, fields=fields)


def ses(body: bytes, query: str = "", *fields: str, content_type: str = FORM) -> Sending:
    return Sending(READS, f"/{query}", body, content_type, fields=fields)


LEAVES = {
    "parts": text(parts(), PARTS),
    "gzip": text(gzip.compress(TEXT), FORM, "Content-Encoding: gzip"),
    "deflate": text(zlib.compress(TEXT), FORM, "Content-Encoding: deflate"),
    "utf-8": text(TEXT, f"{FORM}; charset=utf-8"),
    "a-read-by-post": ses(b"Action=ListIdentities"),
    "any-path": partner("/v1/orders"),
    "an-accented-path": partner("/v1/caf%C3%A9"),
    "a-long-text": partner("/v1/orders", LONG),
    "a-long-form-by-an-opt-in-for-any-method": Sending(SES, "/x", LONG, FORM),
}
STAYS = {
    # Which octets are the body
    "a-coding-nobody-knows": text(TEXT, FORM, "Content-Encoding: rot13"),
    "two-codings-and-one-of-them-is-not": text(gzip.compress(TEXT), FORM, "Content-Encoding: gzip, gzip"),
    "two-fields-of-codings": text(gzip.compress(TEXT), FORM, "Content-Encoding: gzip", "Content-Encoding: identity"),
    "a-coding-spelt-for-cgi": text(TEXT, FORM, "Content_Encoding: gzip"),
    "gzip-that-goes-on": text(gzip.compress(TEXT) + b"To=x", FORM, "Content-Encoding: gzip"),
    "two-types": text(TEXT, FORM, "Content-Type: application/json"),
    "two-charsets": text(TEXT, f"{FORM}; charset=utf-8; charset=utf-7"),
    "a-charset-by-a-field": text(TEXT + b"&_charset_=utf-7"),
    "utf-16": text(TEXT.decode().encode("utf-16"), f"{FORM}; charset=utf-16"),
    # Parts
    "two-boundaries": text(parts(), f"{PARTS}; boundary=c"),
    "a-boundary-in-pieces": text(parts(), "multipart/form-data; boundary*0=b; boundary*1=c"),
    "a-part-after-the-end": text(parts(end=b"--b--\r\n" + part('name="To"', "+49151") + b"--b--\r\nx"), PARTS),
    "text-before-the-first-part": text(b"x\r\n" + parts(), PARTS),
    "a-part-of-two-names": text(parts(part("name=\"From\"; name*=utf-8''To", "+49151")), PARTS),
    "a-part-of-two-dispositions": text(
        parts(part('name="To"\r\nContent-Disposition: form-data; name="From"', "+49151")), PARTS
    ),
    "a-part-in-a-coding": text(parts(part('name="From"\r\nContent-Transfer-Encoding: base64', "Zm9v")), PARTS),
    "a-part-in-another-charset": text(parts(part('name="From"\r\nContent-Type: text/plain; charset=utf-7')), PARTS),
    # What it does
    "an-action-twice": ses(b"Action=ListIdentities&Action=SendEmail"),
    "another-action-in-the-query": ses(b"Action=ListIdentities", "?Action=SendEmail"),
    "an-action-in-another-charset": ses(b"Action=ListIdentities", content_type=f"{FORM}; charset=ibm500"),
    "an-action-in-a-coding": ses(b"Action=ListIdentities", "", "Content-Encoding: rot13"),
    # Methods
    "a-method-twice": partner("/v1/orders", b"_method=POST&_method=DELETE", FORM),
    "a-method-as-php-reads-it": partner("/v1/orders", b".method=DELETE", FORM),
    "a-method-in-json": partner("/v1/orders", b'{"_method": "DELETE"}', "application/json"),
    "a-method-in-a-part": partner("/v1/orders", part('name="_method"', "DELETE") + b"--b--\r\n", PARTS),
    "a-method-in-a-coded-form": partner("/v1/orders", b"_method=DELETE", FORM, "Content-Encoding: rot13"),
    "a-method-in-a-long-form": partner("/v1/orders", b"_method=DELETE&a=" + LONG, FORM),
    "a-method-in-long-parts": partner("/v1/orders", part('name="_method"', "DELETE") + LONG + b"--b--\r\n", PARTS),
    "a-method-by-a-field-spelt-for-cgi": partner("/v1/orders", b"", "text/plain", "X_HTTP_Method_Override: DELETE"),
    # Paths
    "a-denied-path-in-capitals": partner("/v1/ADMIN/users"),
    "a-denied-path-in-small-letters": partner("/v1/keys"),
    "a-denied-path-with-a-slash-more": partner("/v1/Keys/"),
    "a-denied-path-without-its-slash": partner("/v1/admin"),
    "a-denied-path-that-is-long": partner(f"/v1/{'a' * 2050}/delete"),
    "full-width-dots": partner("/v1/%EF%BC%8E%EF%BC%8E/x"),
    "a-leader-of-two-dots": partner("/v1/%E2%80%A5/x"),
    "a-full-width-slash": partner("/v1/x%EF%BC%8Fadmin"),
}  # fmt: skip


@pytest.mark.parametrize("sending", [pytest.param(one, id=name) for name, one in LEAVES.items()])
async def test_the_same_without_anything_odd_arrives(house: LeakHouse, sending: Sending) -> None:
    came = await sent(house, sending)
    assert came.arrived.endswith(sending.body)
    assert came.capture.left


@pytest.mark.parametrize("sending", [pytest.param(one, id=name) for name, one in STAYS.items()])
async def test_what_another_server_reads_otherwise_stays(house: LeakHouse, sending: Sending) -> None:
    came = await sent(house, sending)
    assert came.arrived == b""
    assert not came.capture.left


@pytest.mark.parametrize("way", WAYS)
async def test_by_every_way_in(house: LeakHouse, way: Way) -> None:
    """Under the one name that the stand-in has a certificate for."""
    assert (await sent(house, replace(STAYS["a-method-twice"], host=OPEN), way)).arrived == b""
    assert (await sent(house, replace(LEAVES["any-path"], host=OPEN), way)).arrived.endswith(b"a")
