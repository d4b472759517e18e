"""Whatever JSON, or what is none, a program sends to the API: it is told what is wrong. No route ever fails at it."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_from_bytes

import httpx
import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running import Running
from runs_stage import NO_TLS, OneRun, begun

ROUTES = [
    ("POST", "/api/runs", {"name": "x", "sources": ["10.254.0.1"], "listener": False, "lease": 60}),
    ("POST", "/api/runs/{run}/windows", {"open": "test_one"}),
    ("POST", "/api/runs/{run}/windows", {"close": "w-1", "settle": {"quiet": 0, "at_most": 0}}),
    ("POST", "/api/runs/{run}/settle", {"quiet": 0, "at_most": 0}),
    ("POST", "/api/runs/{run}/verify", {"text": "version: 1\nsettle: {quiet: 0s, at_most: 0s}", "file": "x"}),
    ("POST", "/api/runs/{run}/contained", {"how": "doctor"}),
    ("POST", "/api/runs/{run}/renew", {}),
    ("POST", "/api/runs/none/finish", {"verdict": "clean"}),
    ("POST", "/api/policy/explain", {"method": "GET", "url": "https://a.example/", "headers": {"host": "a.example"}}),
    ("POST", "/api/policy/explain", {"email": {"to": ["a@b.test"], "from": "c@d.test", "subject": "x"}}),
    ("POST", "/api/schedule", {"job": "nightly", "program": "/bin/true", "user": "root", "machine": "m"}),
    ("POST", "/api/doctor", {"at": "2026-11-22T10:00:00Z", "machine": "m", "checks": []}),
    ("POST", "/mailpit/api/v1/send", {"From": {"Email": "a@b.test"}, "To": [{"Email": "c@d.test"}], "Subject": "x"}),
    ("PUT", "/mailpit/api/v1/messages", {"IDs": ["x"], "Read": True}),
    ("DELETE", "/mailpit/api/v1/messages", {"IDs": ["x"]}),
    ("PUT", "/mailpit/api/v1/tags", {"IDs": ["x"], "Tags": ["y"]}),
    ("POST", "/mailpit/api/v1/message/x/release", {"To": ["a@b.test"]}),
]
HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(st.characters(), max_size=8),
    st.sampled_from(["\ud800", "a\udfff", "\0", "\x1b", "", "none", "unattributed", "1e400", "../..", "\u202e"]),
)
NESTED = st.recursive(
    HOSTILE, lambda of: st.lists(of, max_size=3) | st.dictionaries(st.text(max_size=4), of, max_size=3), max_leaves=4
)
RAW = [
    b"",
    b" ",
    b"{",
    b"null",
    b"[]",
    b'"\\ud800"',
    b"NaN",
    b"[" * 50_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b"9" * 5_000,
    b'{"name": "a", "name": "b"}',
    b'{"name": "\xff\xfe"}',
    b'\xef\xbb\xbf{"name": "x"}',
    b"\xff\xfe{\x00}\x00",
    b"1e999999",
]
TYPES = ["application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "", "\u00e9/x"]


@pytest.fixture(scope="module")
def run(gateway: Running) -> OneRun:
    return begun(gateway, name="bad JSON")


@pytest.fixture(scope="module")
def api(gateway: Running) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {gateway.token}"}
    with httpx.Client(
        base_url=gateway.addresses["dashboard"], headers=headers, trust_env=False, timeout=60, verify=NO_TLS
    ) as made:
        yield made


def sent(api: httpx.Client, method: str, path: str, content: bytes, kind: str = "application/json") -> httpx.Response:
    answer = api.request(method, path, content=content, headers={b"content-type": kind.encode()})
    if answer.status_code >= 500:
        raise AssertionError(f"{method} {path} {content[:200]!r} as {kind}: {answer.text}")
    if answer.status_code == 201 and path == "/api/runs":
        api.post(f"/api/runs/{answer.json()['id']}/finish", json={})
    return answer


def put(body: Any, at: tuple[Any, ...], value: Any) -> Any:
    """The body with one value in it replaced."""
    if not at:
        return value
    copy = dict(body) if isinstance(body, dict) else list(body)
    copy[at[0]] = put(copy[at[0]], at[1:], value)
    return copy


def places(body: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = [()]
    steps = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for step, inner in steps:
        found += [(step, *rest) for rest in places(inner)]
    return found


MUTATED = [(method, path, body, at) for method, path, body in ROUTES for at in places(body)]


@settings(max_examples=examples(250), suppress_health_check=list(HealthCheck))
@given(st.sampled_from(MUTATED), NESTED)
def test_no_value_makes_a_route_fail(
    api: httpx.Client, run: OneRun, where: tuple[str, str, Any, tuple[Any, ...]], value: Any
) -> None:
    method, path, body, at = where
    sent(api, method, path.format(run=run.id), json.dumps(put(body, at, value)).encode())


@pytest.mark.parametrize(("method", "path"), sorted({(method, path) for method, path, _ in ROUTES}))
def test_nothing_that_is_no_json_makes_a_route_fail(api: httpx.Client, run: OneRun, method: str, path: str) -> None:
    for raw in RAW:
        sent(api, method, path.format(run=run.id), raw)
    for kind in TYPES:
        sent(api, method, path.format(run=run.id), b'{"name": "x"}', kind)


ASKED = [
    "/api/captures?{name}={value}",
    "/api/captures?after={value}&limit={value}",
    "/api/captures/wait?timeout=0&{name}={value}",
    "/api/captures/{value}",
    "/api/captures/{value}/raw",
    "/api/captures/{value}/parts/{value}",
    "/api/runs?open={value}&limit={value}",
    "/api/runs/{value}",
    "/mailpit/api/v1/messages?start={value}&limit={value}",
    "/mailpit/api/v1/search?query={value}",
    "/mailpit/api/v1/message/{value}",
    "/api/v2/search?kind=containing&query={value}",
    "/api/v2/messages?start={value}&limit={value}",
]
FILTERS = [
    "run",
    "channel",
    "provider",
    "verdict",
    "left",
    "host",
    "to",
    "from",
    "subject",
    "q",
    "since",
    "window",
    "x",
]
OCTETS = st.one_of(
    st.binary(max_size=8),
    st.text(max_size=8).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [b"\xed\xa0\x80", b"\xff", b"\0", b"1e400", b"9" * 400, b"-1", b"2026-11-22T10:00:00Z", b'"', b"(", b"*"]
    ),
)


@settings(max_examples=examples(200), suppress_health_check=list(HealthCheck))
@given(st.sampled_from(ASKED), st.sampled_from(FILTERS), OCTETS)
def test_no_question_makes_a_route_fail(api: httpx.Client, route: str, name: str, octets: bytes) -> None:
    path = route.format(name=name, value=quote_from_bytes(octets, safe=""))
    answer = api.get(path)
    assert answer.status_code < 500, f"{path}: {answer.text}"


REFUSED = [
    pytest.param(b'{"name": "\\ud800"}', "name: '\\\\ud800' has half a surrogate pair", id="half-a-surrogate-pair"),
    pytest.param(b'{"\\udfff": 1}', "the name '\\\\udfff' has half a surrogate pair", id="in-a-name"),
    pytest.param(b'{"sources": ["10.0.0.1", "\\udc00"]}', "body.sources.1: ", id="in-a-list"),
    pytest.param(b'{"lease": NaN}', "body.lease: NaN is no number in JSON", id="nan"),
    pytest.param(b'{"lease": 1e999}', "body.lease: the number is too large", id="infinite"),
    pytest.param(b'{"name": "a", "name": "b"}', "the name 'name' stands twice", id="twice"),
    pytest.param(b'{"name": ' + b"9" * 5000 + b"}", "more than 4300 digits", id="a-long-number"),
    pytest.param(b'{"name": ' + b"[" * 100 + b"]" * 100 + b"}", "more than 64 deep", id="deep"),
    pytest.param(b'{"name": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", "more than 64 deep", id="deeper"),
]


@pytest.mark.parametrize(("raw", "says"), REFUSED)
def test_what_is_refused_is_named_with_its_place(api: httpx.Client, raw: bytes, says: str) -> None:
    answer = sent(api, "POST", "/api/runs", raw)
    assert (answer.status_code, says in answer.text) == (422, True), answer.text


def test_a_whole_surrogate_pair_is_a_character(api: httpx.Client) -> None:
    assert sent(api, "POST", "/api/runs", b'{"name": "\\ud83d\\ude00"}').json()["name"] == "\U0001f600"
