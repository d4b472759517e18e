"""What is remembered of a head is what a fresh look at it says, and no two heads are ever taken for one."""

import base64
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
import re2
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.body import Body
from policies.describe_http import describe_request
from policies.head_shape import CHANGING, LONGEST, MOST_PLACES, MOST_SHAPES, ONCE, HeadShape, shape_of
from policies.http_request import HttpRequest
from policies.override import overridden
from policies.pack import Packs
from policies.recognition import Recognition
from policies.request_view import RequestView

PACKS = Packs.built_in()
LIVE = "sk_live_51AbC"
BASIC = "Basic " + base64.b64encode(LIVE.encode() + b":").decode()
_LIVE_KEY = re2.compile(r"(?:^|[^0-9A-Za-z_])((?:(?:sk|rk|pk)_(?:org_)?live_)[0-9A-Za-z_]*)")

VALUES = {
    "host": ("api.stripe.com", "slack.com", "example.org"),
    "authorization": ("Bearer sk_test_1", f"Bearer {LIVE}", BASIC, "Bearer xoxb-1, sk_test_2"),
    "content-type": ("application/x-www-form-urlencoded", "application/json", "text/plain; charset=utf-7"),
    "content-encoding": ("identity", "gzip"),
    "x-http-method-override": ("DELETE", "POST"),
    "user-agent": ("a+b", LIVE, "50%25", "sk%5Flive_x"),
    "idempotency-key": ("1", "2", LIVE, BASIC, "a+b%2B", ""),
    "x-request-id": ("1", f"x {LIVE}"),
    "date": ("now", "sk%5Flive_9"),
}
FIELDS = st.lists(st.sampled_from([(name, value) for name, values in VALUES.items() for value in values]), max_size=7)
BODIES = (
    b"", b"amount=1&receipt_email=a%40b.c", b"to=a@b.c&charset=utf-8", b'{"channel": "C1", "text": "x"}',
    b"client_secret=sk_test_4&key=pk_live_5", b"note=sk%5flive%5f7", b"a[b]=1&a=2", LIVE.encode(),
)  # fmt: skip
REQUESTS = st.builds(
    lambda method, host, target, fields, body, port: HttpRequest(
        method, "https", (("connect", f"{host}:443"), ("host", host)), target, tuple(fields), "127.0.0.1",
        Body.of(body), port=port,
    ),
    st.sampled_from(["GET", "POST", "post"]),
    st.sampled_from(VALUES["host"]),
    st.sampled_from(["/v1/payment_intents", "/v1//customers?key=sk_live_1", "/api/chat.postMessage", "/v1/x/%2e"]),
    FIELDS,
    st.sampled_from(BODIES),
    st.sampled_from([None, 443, 8443]),
)  # fmt: skip


def fresh(request: HttpRequest) -> Recognition:
    """A look at a request by somebody who has never seen another."""
    shape = HeadShape(request)
    view = RequestView(request, shape.named.host, shape.named.port, shape.place(request.target).path, shape)
    return Packs(list(PACKS)).recognise(view)


def told(known: Recognition) -> tuple[Any, ...]:
    operation = known.operation and known.operation.id
    return known.pack and known.pack.id, operation, known.params, known.facts, known.credentials, known.view.faults


@settings(max_examples=examples(30))
@given(st.lists(REQUESTS, min_size=1, max_size=4))
def test_what_is_remembered_is_what_is_seen(requests: list[HttpRequest]) -> None:
    for request in (*requests, *requests):
        effect, known = describe_request(request, PACKS, run="r")
        alone = fresh(request)
        assert told(known) == told(alone)
        shape = alone.view.shape
        assert effect.target == shape.place(request.target).target
        assert effect.canonical is shape.place(request.target).canonical
        assert effect.conflicts == shape.named.conflicts
        if alone.pack is not None and alone.host is not None:
            assert effect.credential == alone.pack.credentials.classify(alone.credentials, alone.host.env)


def strays(request: HttpRequest) -> list[str]:
    """A live key anywhere, looked for in one piece: what the parts of a request are not searched apart for."""
    texts = ["\n".join([request.target, *[value for _, value in request.headers]]).encode() + b"\n"]
    texts[0] += request.body.data or b""
    texts += [unquote_to_bytes(texts[0].replace(b"+", b" "))] if b"%" in texts[0] else []
    return [match.group(1).decode() for text in texts if (match := _LIVE_KEY.search(text))]


@settings(max_examples=examples(150))
@given(REQUESTS.filter(lambda request: request.names[1][1] == "api.stripe.com"))
def test_a_live_key_is_found_wherever_it_strays(request: HttpRequest) -> None:
    _, known = describe_request(request, PACKS, run="r")
    if known.view.body == (request.body.data or b""):  # not where a coding hides it
        assert [key for key in known.credentials if "_live_" in key] != [] or not strays(request)
        for key in strays(request):
            assert key in known.credentials


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param((("host", "a.example"),), (("host", "b.example"),), id="another-host"),
        pytest.param((("accept", "x"),), (("accept", "X"),), id="another-value"),
        pytest.param((("a", "date"), ("date", "1")), (("date", "1"), ("a", "date")), id="another-order"),
        pytest.param((("date", "1"),), (("date", "1"), ("date", "2")), id="a-changing-field-twice"),
        pytest.param((("a", "b"),), (), id="a-field-less"),
    ],
)
def test_other_heads_have_other_shapes(one: Any, other: Any) -> None:
    def seen(headers: Any) -> HeadShape:
        names: Any = tuple(("host", value) for name, value in headers if name == "host")
        return shape_of(HttpRequest("GET", "https", names, "/", headers, "127.0.0.1"))

    assert seen(one) is seen(one)
    assert seen(one) is not seen(other)


def test_a_changing_value_is_no_part_of_a_shape_and_says_nothing_of_it() -> None:
    first, second = (HttpRequest("GET", "https", (), "/", (("date", day),), "127.0.0.1") for day in ("1", "2"))
    assert shape_of(first) is shape_of(second)
    assert CHANGING.isdisjoint(ONCE)
    for name in CHANGING | {"host"}:
        assert not overridden(HttpRequest("GET", "https", (), "/", ((name, "/x"),), "127.0.0.1"))


def test_what_is_remembered_is_bounded() -> None:
    def long(length: int) -> HttpRequest:
        return HttpRequest("GET", "https", (), "/", (("cookie", "x" * length),), "127.0.0.1")

    assert shape_of(long(LONGEST)) is not shape_of(long(LONGEST))
    kept = shape_of(long(1))
    for number in range(2 * MOST_PLACES):
        kept.place(f"/{number}")
    assert kept.place("/1").path == "/1"
    for number in range(MOST_SHAPES + 1):
        shape_of(HttpRequest("GET", "https", (), "/", (("cookie", f"{number}"),), "127.0.0.1"))
    assert shape_of(long(1)) is not kept


def test_what_packs_said_of_a_head_is_nothing_to_other_packs() -> None:
    request = HttpRequest("POST", "https", (("host", "api.stripe.com"),), "/v1/payment_intents", (), "127.0.0.1")
    some = Packs([pack for pack in PACKS if pack.id != "stripe"])
    for packs, provider in [(PACKS, "stripe"), (some, None), (PACKS, "stripe")]:
        effect, _ = describe_request(request, packs, run="r")
        assert effect.provider == provider
