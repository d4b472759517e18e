"""Evidence: enough to see what it was, and no credential."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.door_evidence import KEPT, evidence


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        pytest.param(b"", b"", id="nothing"),
        pytest.param(b"SSH-2.0-x\r\n", b"SSH-2.0-x\r\n", id="a-banner"),
        pytest.param(b"GET /?a=SECRET HTTP/1.1\r\n", b"GET /?[removed:credential] HTTP/1.1\r\n", id="query"),
        pytest.param(b"GET http://u:SECRET@h/ X", b"GET http://[removed:credential]@h/ X", id="user-info"),
        pytest.param(b"CONNECT u:SECRET HTTP/1.1", b"CONNECT u:[removed:credential] HTTP/1.1", id="no-port"),
        pytest.param(b"CONNECT u:37SECRET HTTP/1.1", b"CONNECT u:[removed:credential] HTTP/1.1", id="digits-first"),
        pytest.param(b"CONNECT u:371337 HTTP/1.1", b"CONNECT u:[removed:credential] HTTP/1.1", id="more-than-a-port"),
        pytest.param(b"CONNECT h:443 HTTP/1.1", b"CONNECT h:443 HTTP/1.1", id="port"),
        pytest.param(b"x-api-key : SECRET\r\na: b", b"x-api-key : [removed:credential]\r\na: b", id="key-field"),
        pytest.param(b"Cookie: SECRET", b"Cookie: [removed:credential]", id="cookie"),
        pytest.param(b"proxy-authorization: SECRET", b"proxy-authorization: [removed:credential]", id="authorization"),
        pytest.param(b"USER x\r\nPASS SECRET\r\n", b"USER x\r\nPASS [removed:credential]", id="line-protocol"),
        pytest.param(b'a1 LOGIN x "SECRET"\r\n', b"a1 LOGIN [removed:credential]", id="line-protocol-with-tags"),
        pytest.param(
            b"a: b\r\nCookie: x\r\n SECRET\r\nc: d", b"a: b\r\nCookie: [removed:credential]\r\nc: d", id="folded"
        ),
        pytest.param(b"POST / X\na: b\n\nSECRET", b"POST / X\na: b", id="body-after-bare-line-feeds"),
        pytest.param(b"\x10\x2f\0\x04MQTT" + b"\xc2" * 8 + b"SECRET", b"\x10\x2f\0\x04MQTT" + b"\xc2" * 8, id="binary"),
        pytest.param(b"POST / X\r\n\r\nSECRET", b"POST / X", id="body"),
    ],
)
def test_evidence(seen: bytes, kept: bytes) -> None:
    assert evidence(seen).data == kept


@given(st.binary(max_size=200), st.sampled_from([b"Authorization", b"X-Auth-Token", b"api_key", b"Set-Cookie"]))
def test_a_credential_field_never_stays(before: bytes, name: bytes) -> None:
    assert b"SECRET" not in (evidence(before + b"\n" + name + b": SECRET\r\n").data or b"")


def test_only_the_beginning_is_kept() -> None:
    assert evidence(b"x" * 100_000).size == KEPT
