"""Bodies that ask for another method than the request's first line."""

from dataclasses import replace

import pytest
from requests_seen import FORM, request

from policies.body import Body
from policies.override_body import UnreadBody, method_asked_by_body

PARTS = 'multipart/form-data; boundary="b"'


def part(name: str, value: str) -> str:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n--b--\r\n'


@pytest.mark.parametrize(
    ("content_type", "body", "asked"),
    [
        pytest.param(FORM, "_method=delete", "DELETE", id="form"),
        pytest.param(FORM, "_method=POST&_method=DELETE", "DELETE", id="twice"),
        pytest.param(FORM, "_method[]=DELETE", "DELETE", id="as-a-list"),
        pytest.param(FORM, "a=1;_method=DELETE", "DELETE", id="after-a-semicolon"),
        pytest.param(FORM, "a=1", None, id="any-other-form"),
        pytest.param("", "_method=DELETE", "DELETE", id="a-form-without-a-type"),
        pytest.param("", '{"_method": "PUT"}', "PUT", id="json-without-a-type"),
        pytest.param(PARTS, part("_method", "DELETE"), "DELETE", id="part"),
        pytest.param(PARTS, part("a", "DELETE"), None, id="any-other-part"),
        pytest.param("application/json", '{"_method": "DELETE"}', "DELETE", id="json"),
        pytest.param("application/json", '{"method": "DELETE"}', None, id="json-that-speaks-of-methods"),
        pytest.param("application/json", '{"a": {"_method": "DELETE"}}', None, id="further-down"),
        pytest.param("text/plain", "_method=DELETE", None, id="text"),
    ],
)
def test_what_a_body_asks_for(content_type: str, body: str, asked: str | None) -> None:
    seen = request("POST a.test/x", body.encode(), {"content-type": content_type} if content_type else {})
    assert method_asked_by_body(seen) == asked


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param({"content-type": FORM}, Body(None, 9_000_000, "0" * 64), id="too-long-a-form"),
        pytest.param({"content-type": PARTS}, Body(None, 9_000_000, "0" * 64), id="too-long-parts"),
        pytest.param({"content-type": "application/json"}, Body(None, 9_000_000, "0" * 64), id="too-long-json"),
        pytest.param({"content-type": FORM, "content-encoding": "gzip"}, Body.of(b"no gzip"), id="not-in-its-coding"),
        pytest.param({"content-type": PARTS}, Body.of(b"--b\r\n\r\n_method=DELETE"), id="parts-without-an-end"),
        pytest.param({"content-type": "application/json"}, Body.of(b'{"a": 1, "a": 2}'), id="a-name-twice"),
        pytest.param({"content-type": FORM}, Body.of(b"a&" * 20_001), id="more-fields-than-are-read"),
    ],
)
def test_a_body_that_cannot_be_read_may_ask_for_any(headers: dict[str, str], body: Body) -> None:
    seen = replace(request("POST a.test/x", headers=headers), body=body)
    with pytest.raises(UnreadBody, match="cannot be read"):
        method_asked_by_body(seen)


def test_only_a_post_is_asked() -> None:
    assert method_asked_by_body(request("PUT a.test/x", b"_method=DELETE", {"content-type": FORM})) is None
