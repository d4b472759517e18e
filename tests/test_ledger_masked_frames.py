"""MaskedFrames: a key in a message of gRPC is found, be the message compressed or in base64."""

import base64
import gzip
import zlib

import pytest
from masking_stage import MASKER, SECRET, request_of
from secret_search import unpacked

NOTE = b"\x0a\x04note\x12\x1csk_live_" + SECRET.encode()


def frame(message: bytes, flags: int = 0) -> bytes:
    return bytes([flags]) + len(message).to_bytes(4, "big") + message


def kept_of(body: bytes, kind: str = "application/grpc", **codings: str) -> bytes | None:
    headers = tuple((name.replace("_", "-"), value) for name, value in codings.items())
    return MASKER.request(request_of(body, kind, headers=headers), (), exact_body=False, message=False).body.data


@pytest.mark.parametrize(
    ("body", "kind", "codings"),
    [
        pytest.param(frame(NOTE), "application/grpc", {}, id="plain"),
        pytest.param(frame(b"\x0a\x00") + frame(NOTE), "application/grpc+proto", {}, id="second"),
        pytest.param(frame(gzip.compress(NOTE), 1), "application/grpc", {"grpc_encoding": "gzip"}, id="gzip"),
        pytest.param(frame(zlib.compress(NOTE), 1), "application/grpc", {"grpc_encoding": "deflate"}, id="deflate"),
        pytest.param(
            frame(gzip.compress(b'{"password":"' + SECRET.encode() + b'"}'), 1),
            "application/connect+json",
            {"connect_content_encoding": "gzip"},
            id="connect",
        ),
        pytest.param(base64.b64encode(frame(NOTE)), "application/grpc-web-text", {}, id="text"),
        pytest.param(frame(NOTE)[:-1] + b"...", "application/grpc", {}, id="longer-than-it-says"),
        pytest.param(frame(NOTE + b"more")[:-4], "application/grpc", {}, id="cut-off"),
    ],
)
def test_no_key_is_left_in_a_message(body: bytes, kind: str, codings: dict[str, str]) -> None:
    kept = kept_of(body, kind, **codings)
    assert kept
    plain = base64.b64decode(kept) if kind.endswith("text") else kept
    at, texts = 0, [plain]
    while at + 5 <= len(plain):
        length = int.from_bytes(plain[at + 1 : at + 5], "big")
        texts += unpacked(plain[at + 5 : at + 5 + length])
        at += 5 + length
    assert not [text for text in texts if SECRET.encode() in text]
    assert any(b"[removed:" in text for text in texts)


def test_what_holds_no_key_stays_octet_for_octet() -> None:
    for body in (frame(b"\x0a\x04note"), frame(gzip.compress(b"\x0a\x04note"), 1), b"\0\0", b""):
        assert (kept_of(body, grpc_encoding="gzip") or b"") == body


@pytest.mark.parametrize(
    ("body", "kind", "coding"),
    [
        pytest.param(frame(NOTE, 1), "application/grpc", "snappy", id="coding-nobody-knows"),
        pytest.param(frame(NOTE, 1), "application/grpc", "gzip", id="not-as-it-says"),
        pytest.param(b"!", "application/grpc-web-text", "identity", id="no-base64"),
    ],
)
def test_what_nobody_can_read_is_not_kept(body: bytes, kind: str, coding: str) -> None:
    assert kept_of(body, kind, grpc_encoding=coding) is None
