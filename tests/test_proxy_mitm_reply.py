"""Replies on mitmproxy's wires: framing, marks, gRPC, and nothing that writes fields of its own."""

import json

import pytest

from ledger.reply import Reply
from policies.http_request import HttpRequest
from proxy.connection import Connection
from proxy.head import read_head
from proxy.http1_reply import UnwritableReply
from proxy.mitm_grpc import as_grpc, is_grpc
from proxy.mitm_h2_head import read_h2_head
from proxy.mitm_layers import speaks
from proxy.mitm_reply import armed, response_of
from proxy.mitm_request import SeenRequest, of_http1, of_http2

PLAIN = Connection("1", "127.0.0.1", 1, "explicit")


def http1(method: str = "GET") -> SeenRequest:
    raw = f"{method} http://a.test/ HTTP/1.1\r\nHost: a.test\r\nX-Case: y\r\nProxy-Connection: k\r\n\r\n".encode()
    return of_http1(read_head(raw), raw, PLAIN)


def http2(*fields: tuple[bytes, bytes]) -> SeenRequest:
    pseudo = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/s/M"), (b":authority", b"a.test")]
    return of_http2(read_h2_head([*pseudo, *fields]), PLAIN)


GRPC = (b"content-type", b"application/grpc+proto")


def test_a_request_has_no_destination_until_one_is_given() -> None:
    for request in (http1(), http2()):
        assert (request.data.host, request.data.port) == ("", 0)


def test_a_request_is_forwarded_in_origin_form_with_its_own_spelling() -> None:
    request = http1()
    assert request.data.authority == b""
    assert request.data.headers.fields == ((b"Host", b"a.test"), (b"X-Case", b"y"))


@pytest.mark.parametrize("status", [200, 204, 304, 403, 599])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_bodies_and_lengths_are_framed_by_status_and_method(status: int, method: str) -> None:
    reply = Reply("generic", status, (("Content-Length", "99"), ("Transfer-Encoding", "chunked")), b"body")
    response = response_of(reply, http1(method))
    bodiless = status in (204, 304)
    assert response.raw_content == (b"" if bodiless or method == "HEAD" else b"body")
    assert response.headers.get("content-length") == (None if bodiless else "4")
    assert "transfer-encoding" not in response.headers


def test_marks_are_added_where_the_reply_has_none_of_its_own() -> None:
    reply = Reply("generic", 200, (("soundstage-capture", "its-own"),))
    response = response_of(reply, http1(), (("Soundstage-Capture", "c"), ("Soundstage-Verdict", "capture")))
    assert response.headers.get_all("soundstage-capture") == ["its-own"]
    assert response.headers["soundstage-verdict"] == "capture"


@pytest.mark.parametrize("field", [("a b", "x"), ("x", "a\r\nset-cookie: b"), ("x", "a\0"), ("", "x")])
def test_a_field_that_would_write_others_is_not_written(field: tuple[str, str]) -> None:
    with pytest.raises(UnwritableReply):
        response_of(Reply("generic", 200, (field,)), http1())


def test_the_armed_refusal_is_a_refusal_on_every_wire() -> None:
    for request in (http1(), http1("HEAD"), http2()):
        assert armed(request).status_code == 503
    assert armed(http2(GRPC)).headers["grpc-status"] == "14"


@pytest.mark.parametrize(
    ("content_type", "yes"),
    [("application/grpc", True), ("application/grpc+proto", True), ("application/grpc-web", False), ("text/x", False)],
)
def test_what_is_grpc(content_type: str, yes: bool) -> None:
    assert is_grpc(http2((b"content-type", content_type.encode())).described) is yes
    assert not is_grpc(HttpRequest("POST", "https", (), "/", (("content-type", content_type),), "127.0.0.1"))


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        pytest.param(Reply("refused", 403, (), json.dumps({"detail": "no"}).encode()), "7", id="denied"),
        pytest.param(Reply("refused", 503, (), b""), "14", id="not-ready"),
        pytest.param(Reply("refused", 200, (), b"odd"), "7", id="a-refusal-with-a-success-status"),
        pytest.param(Reply("shaped", 402, (), b"{}"), "7", id="a-provider-error"),
    ],
)
def test_refusals_of_grpc_are_trailers_only(reply: Reply, status: str) -> None:
    told = as_grpc(reply)
    assert (told.status, told.body, told.trailers) == (200, b"", ())
    assert dict(told.headers)["grpc-status"] == status


def test_what_a_pack_made_grpc_already_stays_as_it_is() -> None:
    reply = Reply("shaped", 200, (("Content-Type", "application/grpc"),), b"\0\0\0\0\0", (("grpc-status", "0"),))
    assert as_grpc(reply) is reply


@pytest.mark.parametrize(
    ("first", "alpn", "spoken"),
    [
        pytest.param(b"GET / HTTP/1.1", None, "http/1.1", id="http1"),
        pytest.param(b"G", None, "http/1.1", id="a-first-letter"),
        pytest.param(b"P", None, "unknown", id="post-or-the-preface"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", None, "h2", id="preface-without-alpn"),
        pytest.param(b"PRI * HTTP/2.0\r\n", None, "unknown", id="half-a-preface"),
        pytest.param(b"anything", b"h2", "h2", id="by-alpn"),
        pytest.param(b"\x16\x03\x01", None, "other", id="tls-in-tls"),
        pytest.param(b"\x00", None, "other", id="binary"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", None, "other", id="ssh"),
        pytest.param(b"\r\n", None, "unknown", id="an-empty-line-first"),
    ],
)
def test_what_a_client_speaks_is_told_by_its_first_bytes(first: bytes, alpn: bytes | None, spoken: str) -> None:
    assert speaks(first, alpn) == spoken
