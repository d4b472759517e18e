"""Fields that an operation's pack knows, and what others make of whom a request reaches."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packs_written import ACME, packs
from requests_seen import FORM, request

from policies.describe import describe
from policies.http_request import HttpRequest
from policies.known_fields import KnownFields
from policies.pack import Packs
from policies.request_view import RequestView

JSON = {"content-type": "application/json"}


def view(body: bytes, content_type: str = "application/json", query: str = "") -> RequestView:
    return RequestView(request(f"POST a.example/{query}", body, {"content-type": content_type}), "a.example", 443, "/")


KNOWN = KnownFields(("to", "list.to", "data.**", "Dest.To.**"), ("alt",))


@pytest.mark.parametrize(
    ("body", "known"),
    [
        pytest.param(b'{"to": "a"}', True, id="a-field"),
        pytest.param(b'{"to": ["a", "b"]}', True, id="a-list-of-values"),
        pytest.param(b'{"list": [{"to": "a"}, {"to": "b"}]}', True, id="within-a-list"),
        pytest.param(b'{"data": {"to": {"Bcc": 1}}}', True, id="anything-within"),
        pytest.param(b"{}", True, id="none-at-all"),
        pytest.param(b'{"To": "a"}', False, id="another-case"),
        pytest.param(b'{"list": [{"to": "a"}, {"cc": "b"}]}', False, id="another-within-a-list"),
        pytest.param(b'{"to": {"bcc": "a"}}', False, id="fields-of-what-has-none"),
        pytest.param(b'{"to": [{"bcc": "a"}]}', False, id="fields-in-a-list-of-what-has-none"),
        pytest.param(b'{"list.to": "a"}', False, id="dots-in-a-name-are-no-path"),
        pytest.param(b'{"data.x": "a"}', False, id="dots-in-a-name-are-no-path-to-anything"),
        pytest.param(b"\xff", False, id="nobody-read-it"),
    ],
)
def test_a_field_more_is_one_too_many(body: bytes, known: bool) -> None:
    assert KNOWN.is_all(view(body)) is known


@pytest.mark.parametrize(
    ("body", "query", "known"),
    [
        pytest.param("to=a", "", True, id="a-form"),
        pytest.param("Dest.To.member.1=a", "", True, id="as-AWS-queries-say-depth"),
        pytest.param("Dest.to.member.1=a", "", False, id="in-another-case"),
        pytest.param("Dest.Bcc.member.1=a", "", False, id="another-one"),
        pytest.param("to=a", "?alt=json", True, id="a-parameter"),
        pytest.param("to=a", "?to=b", False, id="a-field-in-the-query-beside-a-body"),
        pytest.param("", "?to=b", True, id="a-field-in-the-query-alone"),
        pytest.param("", "?cc=b", False, id="another-in-the-query-alone"),
    ],
)
def test_forms_and_queries(body: str, query: str, known: bool) -> None:
    assert KNOWN.is_all(view(body.encode(), FORM, query)) is known


NAMES = st.dictionaries(st.text(max_size=5), st.recursive(st.text(max_size=3), lambda one: st.lists(one, max_size=3)))


@given(NAMES)
def test_with_nothing_known_nothing_is_known(fields: dict[str, Any]) -> None:
    assert KnownFields(()).is_all(view(json.dumps(fields).encode())) is not bool(fields)


def reached(tmp_path: Path, seen: HttpRequest) -> tuple[str, ...] | None:
    return describe(seen, packs(tmp_path), run="r")[0].recipients


@pytest.mark.parametrize(
    ("body", "query", "expected"),
    [
        pytest.param(b'{"to": "+1", "text": "hi"}', "", ("+1",), id="as-the-pack-reads-it"),
        pytest.param(b'{"to": "+1", "TO": "+2"}', "", None, id="in-capitals"),
        pytest.param(b'{"to": "+1", "bcc": "+2"}', "", None, id="a-blind-copy"),
        pytest.param(b'{"to": "+1", "all": [{"Recipients": ["+2"]}]}', "", None, id="further-down"),
        pytest.param(b'{"to": "+1", "to_": "+2"}', "", None, id="with-a-sign-more"),
        pytest.param(b'{"to": "+1"}', "?to=%2B2", None, id="in-the-query"),
        pytest.param(b'{"to": "+1"}', "?page=2", ("+1",), id="anything-else-in-the-query"),
    ],
)
def test_where_a_pack_lists_no_fields_no_other_spelling_names_anybody(
    tmp_path: Path, body: bytes, query: str, expected: tuple[str, ...] | None
) -> None:
    assert reached(tmp_path, request(f"POST api.acme.example/messages{query}", body, JSON)) == expected


def test_a_pack_may_list_its_fields(tmp_path: Path) -> None:
    listed = ACME.replace(
        "    extract:",
        "    fields: [to, text, amount, urgent, parts.**, metadata.**]\n    parameters: [page]\n    extract:",
        1,
    )
    assert listed != ACME
    known = packs(tmp_path, listed)
    do = "POST api.acme.example/messages?page=1"
    both = [describe(request(do, body, JSON), known, run="r")[0] for body in (b'{"to": "+1"}', b'{"to": "+1", "x": 1}')]
    assert [effect.recipients for effect in both] == [("+1",), None]


def test_every_built_in_operation_that_names_recipients_lists_its_fields() -> None:
    unlisted = [
        f"{pack.id}:{operation.id}"
        for pack in Packs.built_in()
        for operation in pack.operations
        if operation.recipients is not None and not isinstance(operation.known, KnownFields)
    ]
    assert unlisted == []
