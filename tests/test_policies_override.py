"""Header fields that ask for another request than the one that was judged."""

import pytest

from policies.http_request import HttpRequest
from policies.override import overridden


@pytest.mark.parametrize(
    ("method", "field", "expected"),
    [
        pytest.param("POST", ("x-http-method-override", "DELETE"), True, id="another-method"),
        pytest.param("GET", ("x-http-method", "PUT"), True, id="another-method-as-microsoft-spells-it"),
        pytest.param("POST", ("x-method-override", "get"), True, id="another-method-in-small-letters"),
        pytest.param("POST", ("x-http-method-override", "post"), False, id="the-same-method"),
        pytest.param("GET", ("x-original-url", "/admin"), True, id="another-path"),
        pytest.param("GET", ("x-rewrite-url", "/x"), True, id="a-path-at-all"),
        pytest.param("delete", ("accept", "*/*"), True, id="a-method-in-small-letters-itself"),
        pytest.param("M-SEARCH", ("accept", "*/*"), False, id="a-rare-method"),
        pytest.param("GET", ("x-forwarded-for", "10.0.0.1"), False, id="any-other-field"),
    ],
)
def test_overridden(method: str, field: tuple[str, str], expected: bool) -> None:
    request = HttpRequest(
        method=method, scheme="https", names=(("host", "a.test"),), target="/x", headers=(field,), source="127.0.0.1"
    )
    assert overridden(request) is expected
