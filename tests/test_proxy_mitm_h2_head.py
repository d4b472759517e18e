"""HTTP/2 heads: what is read, as it was sent, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.connection import Connection
from proxy.head import MalformedHead
from proxy.mitm_h2_head import describe_h2, read_h2_head

GOOD = {b":method": b"GET", b":scheme": b"https", b":path": b"/a?b", b":authority": b"api.test"}
TLS = Connection("1", "127.0.0.1", 1, "explicit", (("connect", "api.test:443"), ("sni", "api.test")), 443, tls=True)


def block(*fields: tuple[bytes, bytes], **pseudo: bytes) -> list[tuple[bytes, bytes]]:
    return [*{**GOOD, **{f":{name}".encode(): value for name, value in pseudo.items()}}.items(), *fields]


def test_a_head_is_described_with_every_name_the_client_gave() -> None:
    credentials = (b"proxy-authorization", b"Basic Y2k6dG9r")
    request = describe_h2(read_h2_head(block((b"host", b"api.test"), (b"x-a", b" b "), credentials)), TLS)
    assert request.names == (*TLS.names, ("authority", "api.test"), ("host", "api.test"))
    assert request.headers == (("host", "api.test"), ("x-a", "b"))
    assert (request.method, request.scheme, request.target, request.protocol) == ("GET", "https", "/a?b", "h2")
    assert request.claim is not None
    assert (request.claim.run, request.claim.token) == ("ci", "tok")


def test_a_request_without_any_name_of_its_own_names_the_empty_one() -> None:
    fields = [field for field in block() if field[0] != b":authority"]
    assert describe_h2(read_h2_head(fields), TLS).names[-1] == ("authority", "")


@pytest.mark.parametrize("scheme", [b"https", b"https:", b"HTTPS"])
def test_schemes_that_real_clients_send(scheme: bytes) -> None:
    assert read_h2_head(block(scheme=scheme)).scheme == "https"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(block(path=b"/ x"), id="space-in-the-path"),
        pytest.param(block(path=b"/\r\nHost: x"), id="line-break-in-the-path"),
        pytest.param(block(path=b""), id="no-path"),
        pytest.param(block(path=b"x"), id="relative-path"),
        pytest.param(block(method=b"CONNECT"), id="connect"),
        pytest.param(block(method=b"GE T"), id="space-in-the-method"),
        pytest.param(block(scheme=b"ftp"), id="another-scheme"),
        pytest.param(block(authority=b"a\tb"), id="tab-in-the-authority"),
        pytest.param(block(protocol=b"websocket"), id="extended-connect"),
        pytest.param([*block(), (b":path", b"/again")], id="second-path"),
        pytest.param([(b"x", b"y"), *block()], id="pseudo-header-after-a-field"),
        pytest.param(block((b"Upper", b"x")), id="upper-case-name"),
        pytest.param(block((b"x", b"a\r\nb")), id="line-break-in-a-value"),
        pytest.param(block((b"x", b"a\0b")), id="nul-in-a-value"),
        pytest.param(block((b"transfer-encoding", b"chunked")), id="transfer-encoding"),
        pytest.param(block((b"upgrade", b"h2c")), id="upgrade"),
        pytest.param(block(*[(b"x", b"y")] * 300), id="too-many-fields"),
        pytest.param(block((b"x", b"y" * 70_000)), id="too-long"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(fields: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(MalformedHead):
        read_h2_head(fields)


def test_a_plain_scheme_inside_tls_is_refused() -> None:
    with pytest.raises(MalformedHead):
        describe_h2(read_h2_head(block(scheme=b"http")), TLS)


@given(st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), max_size=8))
def test_whatever_is_let_through_can_be_written_as_http1(fields: list[tuple[bytes, bytes]]) -> None:
    try:
        head = read_h2_head([*block(), *fields])
    except MalformedHead:
        return
    assert not any(byte in name + value for name, value in head.fields for byte in b"\r\n\0")
