"""MaskedFrames: the messages of a gRPC or Connect body, each within a frame of its own and perhaps compressed.

Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, and PROTOCOL-WEB.md for `-text`.
"""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping

Look = Callable[[bytes, str], bytes | None]
"""From a message and its coding (empty: none) the same without secrets; None where nobody can tell what is in it."""

_HEAD = 5
"""Octets ahead of a message: its flags, of which the lowest says that it is compressed, and its length."""


def coding_of(headers: Mapping[str, str]) -> str:
    """The coding of messages that say they are compressed."""
    named = headers.get("grpc-encoding") or headers.get("connect-content-encoding") or "identity"
    return named.strip().lower()


def is_framed(content_type: str) -> bool:
    """Whether a body of this type is messages in frames."""
    kind = content_type[:20].lower()
    return kind.startswith(("application/grpc", "application/connect+"))


def masked_frames(data: bytes, content_type: str, coding: str, look: Look) -> bytes | None:
    """The body with each message as `look` gives it; the same octets where none changed."""
    text = content_type.lower().startswith("application/grpc-web-text")
    try:
        plain = base64.b64decode(data, validate=True) if text else data
    except binascii.Error:
        return None
    pieces: list[bytes] = []
    for head, message in _frames(plain):
        compressed = head[:1] in (b"\x01", b"\x03", b"\x81") and coding != "identity"
        masked = look(message, coding if compressed else "")
        if masked is None:
            return None
        same = masked == message
        pieces += (head if same or not head else head[:1] + len(masked).to_bytes(4, "big"), masked)
    made = b"".join(pieces)
    if made == plain:
        return data
    return base64.b64encode(made) if text else made


def _frames(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Head and message of each; what is no whole frame is a message without a head."""
    at = 0
    while at < len(data):
        end = at + _HEAD + int.from_bytes(data[at + 1 : at + _HEAD], "big")
        if len(data) < at + _HEAD or end > len(data):
            yield b"", data[at:]
            return
        yield data[at : at + _HEAD], data[at + _HEAD : end]
        at = end
