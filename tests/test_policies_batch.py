"""Batches: which requests a server may take for several."""

import pytest
from requests_seen import request

from policies.batch import is_batch

AT = "api.example.test"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("target", "content_type", "body"),
    [
        pytest.param("/odata/$batch", "application/json", b"{}", id="odata"),
        pytest.param("/odata/%24Batch/", "text/plain", b"", id="spelt"),
        pytest.param("/x", "multipart/mixed; boundary=b", b"", id="parts"),
        pytest.param("/x", "application/http", b"", id="one"),
        pytest.param("/x?a=b&comp=Batch", "text/plain", b"", id="azure"),
        pytest.param("/x?a=b&%63omp=batch", "text/plain", b"", id="azure-spelt"),
        pytest.param("/x", FORM, b"batch=[{%22method%22:%22DELETE%22}]", id="meta"),
        pytest.param("/x?batch=[{%22method%22:%22DELETE%22}]", "", b"", id="meta-in-the-query"),
        pytest.param("/x", "application/json", b'{"batch": [{"method": "DELETE"}]}', id="meta-in-json"),
    ],
)
def test_a_batch(target: str, content_type: str, body: bytes) -> None:
    assert is_batch(request(f"POST {AT}{target}", headers={"content-type": content_type}, body=body))


@pytest.mark.parametrize(
    ("method", "target", "content_type", "body"),
    [
        pytest.param("GET", "/odata/$batch", "", b"", id="a-get"),
        pytest.param("POST", "/v1/batches", FORM, b"a=b", id="another-path"),
        pytest.param("POST", "/x?comp=batches", FORM, b"a=b", id="another-parameter"),
        pytest.param("POST", "/x", "application/json", b'{"batch": 7}', id="a-number"),
        pytest.param("POST", "/x", "application/json", b'["batch"]', id="a-list"),
        pytest.param("POST", "/x", "multipart/form-data; boundary=b", b"", id="a-form"),
    ],
)
def test_no_batch(method: str, target: str, content_type: str, body: bytes) -> None:
    assert not is_batch(request(f"{method} {AT}{target}", headers={"content-type": content_type}, body=body))
