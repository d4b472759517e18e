"""The description of a request: every name, nothing normalised."""

import pytest

from policies.http_request import RunClaim
from proxy.connection import Connection
from proxy.door_request import describe_request, meant_by, read_claim
from proxy.head import MalformedHead, read_head

STEERED = Connection("1", "10.0.0.1", 1, "steered", (("sni", "a.example"),), 443, tls=True)
PLAIN = Connection("1", "10.0.0.1", 1, "explicit", claim=RunClaim("from", "connect"))


def test_inside_tls() -> None:
    request = describe_request(read_head(b"GET https://b.example:1/x HTTP/1.1\r\nHost: c.example\r\n\r\n"), STEERED)
    assert request.names == (("sni", "a.example"), ("absolute", "b.example:1"), ("host", "c.example"))
    assert (request.scheme, request.port, request.target, request.source) == ("https", 443, "/x", "10.0.0.1")


def test_an_absolute_uri_in_the_clear_brings_its_own_scheme_and_port() -> None:
    at_80 = Connection("1", "10.0.0.1", 1, "steered", port=80)
    request = describe_request(read_head(b"GET https://b.example/x HTTP/1.1\r\nHost: b.example\r\n\r\n"), at_80)
    assert (request.scheme, request.port) == ("https", None)


def test_an_absolute_http_uri_inside_tls_is_malformed() -> None:
    with pytest.raises(MalformedHead, match="inside TLS"):
        describe_request(read_head(b"GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n"), STEERED)


def test_a_requests_own_claim_is_before_its_connections() -> None:
    head = b"GET http://a/ HTTP/1.1\r\nHost: a\r\n"
    assert describe_request(read_head(head + b"\r\n"), PLAIN).claim == RunClaim("from", "connect")
    own = read_head(head + b"Proxy-Authorization: basic cnVuOnRvOmtlbg==\r\n\r\n")
    assert describe_request(own, PLAIN).claim == RunClaim("run", "to:ken", RunClaim("from", "connect"))


@pytest.mark.parametrize(
    "credentials", [None, "", "Basic", "Basic !!", "Bearer cnVuOg==", "Basic Om9ubHk=", "Basic /w=="]
)
def test_what_claims_nothing(credentials: str | None) -> None:
    assert read_claim(credentials) is None


@pytest.mark.parametrize(
    ("head", "meant"),
    [
        pytest.param(b"GET http://a.example/ HTTP/1.1\r\nHost: b\r\n\r\n", ("a.example", 80), id="absolute-first"),
        pytest.param(b"GET https://a.example/ HTTP/1.1\r\nHost: b\r\n\r\n", ("a.example", 443), id="absolute-https"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: b.example:81\r\n\r\n", ("b.example", 81), id="host"),
        pytest.param(b"GET / HTTP/1.0\r\n\r\n", ("", 80), id="nobody"),
    ],
)
def test_whom_a_plain_request_means(head: bytes, meant: tuple[str, int]) -> None:
    assert meant_by(read_head(head), PLAIN) == meant
