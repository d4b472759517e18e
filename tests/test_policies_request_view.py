"""The view of a request: each part read once, and nothing a client sends makes it raise."""

import base64
import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests_seen import FORM, view

from policies.body import Body
from policies.http_request import HttpRequest
from policies.request_types import FieldTypes
from policies.request_view import RequestView


@pytest.mark.parametrize(
    ("body", "content_type", "part", "value"),
    [
        pytest.param(b"a[b]=1", FORM, "form", {"a": {"b": "1"}}, id="form"),
        pytest.param(b"a=1", "", "form", {"a": "1"}, id="form-without-a-type"),
        pytest.param(b'{"a": 1}', "application/json; charset=utf-8", "json", {"a": 1}, id="json"),
        pytest.param(b'{"a": 1}', "application/vnd.api+json", "json", {"a": 1}, id="json-suffix"),
        pytest.param(b' [1, "x"]', "text/plain", "json", [1, "x"], id="json-by-its-look"),
        pytest.param(b"{a", "text/plain", "json", None, id="text-that-only-looks-like-json"),
        pytest.param(b"<a><b>1</b></a>", "text/xml", "xml", {"a": {"b": "1"}}, id="xml"),
        pytest.param(b'{"a": 1}', "application/json", "data", {"a": 1}, id="data-is-json"),
        pytest.param(b"a=1", FORM, "data", {"a": "1"}, id="data-is-form"),
        pytest.param(b"<a>1</a>", "application/xml", "data", {"a": "1"}, id="data-is-xml"),
        pytest.param(b"", "application/json", "data", {}, id="no-data"),
    ],
)
def test_bodies(body: bytes, content_type: str, part: str, value: Any) -> None:
    seen = view(body, {"content-type": content_type})
    assert getattr(seen, part) == value
    assert seen.faults == []


@pytest.mark.parametrize(
    ("body", "headers", "fault"),
    [
        pytest.param(b"{", {"content-type": "application/json"}, "no JSON", id="json-cut-short"),
        pytest.param(b'{"a": NaN}', {"content-type": "application/json"}, "NaN", id="no-number"),
        pytest.param(b'{"a":1,"a":2}', {"content-type": "application/json"}, "given twice", id="name-twice"),
        pytest.param(b"[" * 5000, {"content-type": "application/json"}, "nested more", id="deep"),
        pytest.param(b"plain text", {"content-encoding": "gzip", "content-type": FORM}, "no gzip", id="no-gzip"),
        pytest.param(b"a=1&a[b]=2", {"content-type": FORM}, "fields of its own", id="form-in-two-minds"),
        pytest.param(b"x", {"content-type": "multipart/form-data"}, "boundary", id="no-boundary"),
        pytest.param(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', {"content-type": "text/xml"}, "XML", id="entity"),
    ],
)
def test_faults_are_noted(body: bytes, headers: dict[str, str], fault: str) -> None:
    seen = view(body, headers)
    assert seen.data is not None
    assert any(fault in told for told in seen.faults), seen.faults


@pytest.mark.parametrize(
    "types", [None, FieldTypes(frozenset({"a", "n"}), frozenset({"t"}), verbatim=frozenset({"m"}))]
)
@pytest.mark.parametrize(
    ("body", "coding"),
    [
        pytest.param(b"a=1&n=x&t=true&t=no&m[a]=1&l[0][a]=2", "", id="typed"),
        pytest.param(b"a=1&a[b]=2", "", id="in-two-minds"),
        pytest.param(b"a=%31&&=&\xff", "", id="odd"),
        pytest.param(gzip.compress(b"a=1", mtime=0), "gzip", id="coded"),
        pytest.param(b"a=1", "gzip", id="wrongly-coded"),
        pytest.param(None, "", id="not-held"),
    ],
)
def test_a_form_read_at_once_is_the_one_read_part_by_part(body: bytes | None, coding: str, types: Any) -> None:
    headers = (("content-type", FORM), *((("content-encoding", coding),) if coding else ()))
    sent = Body(None, 9_000_000, "0" * 64) if body is None else Body.of(body)
    request = HttpRequest("POST", "https", (), "/", headers, "127.0.0.1", sent)
    at_once, by_parts = RequestView(request, "h", 443, "/"), RequestView(request, "h", 443, "/")
    at_once.types = by_parts.types = types
    at_once.read_form()
    for part in ("typed", "form", "data", "body"):
        assert getattr(at_once, part) == getattr(by_parts, part)
    assert at_once.faults == by_parts.faults


def test_two_content_types_are_a_fault() -> None:
    headers = (("content-type", FORM), ("content-type", "application/json"))
    seen = RequestView(HttpRequest("POST", "https", (), "/", headers, "127.0.0.1", Body.of(b"to=a")), "h", 443, "/")
    assert seen.form == {"to": "a"}
    assert seen.faults == ["the field content-type is sent twice"]


def test_a_body_that_is_not_held_is_a_fault() -> None:
    long = Body(None, 9_000_000, "0" * 64)
    seen = RequestView(HttpRequest("POST", "https", (), "/", (), "127.0.0.1", long), "h", 443, "/")
    assert (seen.body, seen.size) == (b"", 9_000_000)
    assert "not looked into" in seen.faults[0]


def test_compressed_json() -> None:
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    assert view(gzip.compress(b'{"to": "x"}'), headers).json == {"to": "x"}


def test_args_overlook_nothing() -> None:
    seen = view(b"to=b&x=1", {"content-type": FORM}, "/?to=a&y=2&x=1")
    assert seen.args == {"to": ["a", "b"], "x": "1", "y": "2"}


@pytest.mark.parametrize(
    ("sent", "auth"),
    [
        pytest.param("Bearer t", {"scheme": "bearer", "credential": "t", "user": None, "password": None}, id="bearer"),
        pytest.param(
            f"Basic {base64.b64encode(b'AC1:secret').decode()}",
            {"scheme": "basic", "credential": "QUMxOnNlY3JldA==", "user": "AC1", "password": "secret"},
            id="basic",
        ),
        pytest.param("Basic !", {"scheme": "basic", "credential": "!", "user": None, "password": None}, id="no-base64"),
    ],
)
def test_authorization(sent: str, auth: dict[str, str | None]) -> None:
    assert view(headers={"authorization": sent}).auth == auth


@given(
    st.binary(max_size=200),
    st.sampled_from(["", FORM, "application/json", "text/xml", "multipart/form-data; boundary=B"]),
)
def test_no_octets_make_it_raise(body: bytes, content_type: str) -> None:
    seen = view(body, {"content-type": content_type})
    json.dumps([seen.data, seen.args, seen.typed, seen.parts], default=str)
