"""Header fields and parameters that ask for another request than the one that was judged."""

import pytest

from policies.http_request import HttpRequest
from policies.override import overridden, overridden_by


@pytest.mark.parametrize(
    ("method", "field", "expected"),
    [
        pytest.param("POST", ("x-http-method-override", "DELETE"), True, id="another-method"),
        pytest.param("GET", ("x-http-method", "PUT"), True, id="another-method-as-microsoft-spells-it"),
        pytest.param("POST", ("x-method-override", "get"), True, id="another-method-in-small-letters"),
        pytest.param("POST", ("x-http-method-override", "post"), False, id="the-same-method"),
        pytest.param("GET", ("x-original-url", "/admin"), True, id="another-path"),
        pytest.param("GET", ("x-rewrite-url", "/x"), True, id="a-path-at-all"),
        pytest.param("MOVE", ("destination", "/x"), True, id="where-webdav-writes-to"),
        pytest.param("GET", ("x-forwarded-host", "b.test"), True, id="another-host"),
        pytest.param("GET", ("x-forwarded-host", "A.test:443"), False, id="the-same-host"),
        pytest.param("GET", ("x-forwarded-host", "a.test, b.test"), True, id="another-host-as-the-second"),
        pytest.param("GET", ("x-host", ""), True, id="no-host-at-all"),
        pytest.param("GET", ("forwarded", 'for=10.0.0.1;Host="b.test"'), True, id="another-host-by-rfc-7239"),
        pytest.param("GET", ("forwarded", "for=10.0.0.1;proto=https"), False, id="no-host-by-rfc-7239"),
        pytest.param("delete", ("accept", "*/*"), True, id="a-method-in-small-letters-itself"),
        pytest.param("M-SEARCH", ("accept", "*/*"), False, id="a-rare-method"),
        pytest.param("GET", ("x-forwarded-for", "10.0.0.1"), False, id="any-other-field"),
        pytest.param("POST", ("x_http_method_override", "DELETE"), True, id="underscores-that-cgi-takes-for-hyphens"),
        pytest.param("POST", ("transfer_encoding", "chunked"), True, id="another-length-to-cgi"),
        pytest.param("POST", ("x_order", "7"), False, id="any-other-with-underscores"),
        pytest.param("GET", ("x-original-uri", "/admin"), True, id="another-path-as-nginx-says-it"),
    ],
)
def test_overridden(method: str, field: tuple[str, str], expected: bool) -> None:
    request = HttpRequest(
        method=method, scheme="https", names=(("host", "a.test"),), target="/x", headers=(field,), source="127.0.0.1"
    )
    assert overridden(request) is expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        pytest.param("a=1&_method=DELETE", True, id="rails"),
        pytest.param("_HttpMethod=patch", True, id="salesforce"),
        pytest.param("method=delete", True, id="meta"),
        pytest.param("%5fm%65thod=%50UT", True, id="escaped"),
        pytest.param("_method=POST&_method=DELETE", True, id="twice"),
        pytest.param("_method[]=DELETE", True, id="as-a-list"),
        pytest.param("a=1;_method=DELETE", True, id="after-a-semicolon"),
        pytest.param("+.method=DELETE", True, id="as-php-reads-names"),
        pytest.param("[method=DELETE", True, id="as-php-reads-a-bracket"),
        pytest.param("_method%00x=DELETE", True, id="as-php-cuts-a-name"),
        pytest.param("_method=purge", True, id="a-rare-method"),
        pytest.param("method=copy", False, id="a-word-that-is-rarely-a-method"),
        pytest.param("_method=POST", False, id="the-same"),
        pytest.param("method=flickr.photos.search", False, id="another-kind-of-method"),
        pytest.param("payment_method=DELETE", False, id="another-parameter"),
        pytest.param("", False, id="none"),
        pytest.param("method&" * 20_001, True, id="more-than-is-read"),
    ],
)
def test_overridden_by_a_parameter(parameters: str, expected: bool) -> None:
    assert overridden_by(parameters, "POST") is expected
