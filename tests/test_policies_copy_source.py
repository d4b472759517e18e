"""Copy sources: where a request has its server copy from, as it is judged."""

import pytest
from requests_seen import request

from policies.copy_source import copy_sources, unplaced
from policies.effect import Target

S3 = "s3.eu-west-1.amazonaws.com"

ARN = "arn:aws:s3:eu-west-1:123456789012:accesspoint/shop/object"
POINT = "shop-123456789012.s3-accesspoint.eu-west-1.amazonaws.com"


def source(host: str, name: str, value: str) -> tuple[str, str, int, str | None] | None:
    target = Target(scheme="https", host=host, port=443, method="PUT", path="/to/x")
    [(said, place)] = copy_sources(request(f"PUT {host}/to/x", headers={name: value}), target)
    assert said == value
    return None if place is None else (place.scheme, place.host, place.port, place.path)


@pytest.mark.parametrize(
    ("host", "name", "value", "expected"),
    [
        pytest.param(S3, "x-amz-copy-source", "b/a/k", ("https", S3, 443, "/b/a/k"), id="in-the-path"),
        pytest.param(S3, "x-amz-copy-source", "/b/k", ("https", S3, 443, "/b/k"), id="slash-first"),
        pytest.param(S3, "x-amz-copy-source", "%2Fb%2fk%20x", ("https", S3, 443, "/b/k%20x"), id="escaped"),
        pytest.param(S3, "x-amz-copy-source", "b/k?versionId=3", ("https", S3, 443, "/b/k"), id="version"),
        pytest.param(f"to.{S3}", "x-amz-copy-source", "to/k", ("https", f"to.{S3}", 443, "/k"), id="same-bucket"),
        pytest.param(f"to.{S3}", "x-amz-copy-source", "b/k", ("https", f"b.{S3}", 443, "/k"), id="other-bucket"),
        pytest.param("minio.test", "x-amz-copy-source", "b/k", ("https", "minio.test", 443, "/b/k"), id="minio"),
        pytest.param(S3, "x-amz-rename-source", "/b/k", ("https", S3, 443, "/b/k"), id="rename"),
        pytest.param(
            "storage.googleapis.com",
            "x-goog-copy-source",
            "b/k",
            ("https", "storage.googleapis.com", 443, "/b/k"),
            id="google",
        ),
        pytest.param(
            "a.blob.core.windows.net",
            "x-ms-copy-source",
            "http://B.blob.core.windows.net:8080/c/k?sig=x",
            ("http", "b.blob.core.windows.net", 8080, "/c/k"),
            id="azure",
        ),
        pytest.param(S3, "x-amz-copy-source", f"{ARN}/k/x?versionId=3", ("https", POINT, 443, "/k/x"), id="arn"),
        pytest.param(
            S3, "x-amz-copy-source", ARN.replace("/", "%2F") + "%2fk", ("https", POINT, 443, "/k"), id="spelt"
        ),
        pytest.param(S3, "x-amz-copy-source", f"{ARN}/../k", None, id="arn-with-dots"),
        pytest.param(
            S3, "x-amz-copy-source", "arn:aws:s3-outposts:eu:1:outpost/o/bucket/b/object/k", None, id="outpost"
        ),
        pytest.param(S3, "x-amz-copy-source", "b/../c/k", None, id="dots"),
        pytest.param(S3, "x-amz-copy-source", "b/%2e%2e/c/k", None, id="escaped-dots"),
        pytest.param(S3, "x-amz-copy-source", "b", None, id="no-key"),
        pytest.param(S3, "x-ms-copy-source", "https://me@b.test/k", None, id="user-information"),
        pytest.param(S3, "x-ms-copy-source", "https://b.test:x/k", None, id="port-that-is-none"),
        pytest.param(S3, "x-ms-copy-source", "https://[::1/k", None, id="no-url"),
    ],
)
def test_where_it_is(host: str, name: str, value: str, expected: tuple[str, str, int, str] | None) -> None:
    assert source(host, name, value) == expected


def test_a_presigned_url_says_it_in_its_query() -> None:
    target = Target(scheme="https", host=S3, port=443, method="PUT", path="/to/x")
    asked = request(f"PUT {S3}/to/x?X-Amz-Copy-Source=b%2Fk&X-Amz-Signature=0")
    assert [(said, place and place.path) for said, place in copy_sources(asked, target)] == [("b/k", "/b/k")]
    unread = request(f"PUT {S3}/to/x?x-amz-copy-source=b%2Fk{'&a' * 20_001}")
    assert [place for _, place in copy_sources(unread, target)] == [None]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param("arn:aws:s3-outposts:eu:1:x", "an ARN that no host stands for", id="arn"),
        pytest.param("b/../k", "which cannot be read as one place", id="dots"),
    ],
)
def test_why_one_cannot_be_opted_in(said: str, why: str) -> None:
    assert unplaced(said).startswith(why)


def test_a_request_without_one_copies_nothing() -> None:
    target = Target(scheme="https", host=S3, port=443, method="PUT", path="/b/k")
    assert list(copy_sources(request(f"PUT {S3}/b/k", headers={"x-amz-acl": "private"}), target)) == []
