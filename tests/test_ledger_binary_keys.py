"""Keys in binary messages, a length right before them; keys in base64, in blocks of YAML, and escaped twice."""

import base64
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from masking_stage import FORM, JSON, masked

from ledger.binary_keys import is_binary

STRIPE = "sk_live_" + "aB3dE5fG7h" * 10
SENDGRID = "SG.a1b2c3d4e5f6g7h8." + "z" * 43
AWS = "AKIAABCDEFGH12345678"


def field(number: int, text: str) -> bytes:
    """Of Protocol Buffers."""
    return bytes([number << 3 | 2, len(text)]) + text.encode()


@pytest.mark.parametrize(
    "key",
    [pytest.param(STRIPE[:107], id="k-before-it"), pytest.param(SENDGRID, id="a-letter"), pytest.param(AWS, id="aws")],
)
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda key: field(1, key), id="protobuf"),
        pytest.param(lambda key: b"\x08\x01" + field(6, key) + field(8, "hello"), id="protobuf-between-others"),
        pytest.param(lambda key: b"\x81\xa3key\xd9" + bytes([len(key)]) + key.encode(), id="messagepack"),
        pytest.param(lambda key: b"\xa1\x63key\x78" + bytes([len(key)]) + key.encode() + b"x", id="cbor"),
    ],
)
def test_a_key_in_a_binary_message_is_removed(key: str, make: Callable[[str], bytes]) -> None:
    sent = make(key)
    kept = masked(sent, "application/octet-stream")
    assert key[8:].encode() not in kept
    assert b"[removed:" in kept


def test_all_else_of_a_binary_message_stays() -> None:
    sent = field(1, "task-0123456789-0123456789-0123456789") + field(2, "order 4711")
    assert masked(sent, "application/x-protobuf") == sent


@given(st.text())
def test_text_that_begins_with_a_letter_is_not_binary(text: str) -> None:
    assert not is_binary(f"a{text}".encode())
    assert not is_binary(b"")


@pytest.mark.parametrize("key", [STRIPE, SENDGRID, AWS, "ghp_" + "a1" * 18])
@pytest.mark.parametrize("wrapped", ['{"data":{"it":"%s"}}', "it=%s", "data:\n  it: %s\n"])
def test_base64_of_a_key_alone_is_removed(key: str, wrapped: str) -> None:
    packed = base64.b64encode(key.encode()).decode()
    kept = masked(wrapped % packed, JSON if wrapped[0] == "{" else FORM)
    assert packed[12:30].encode() not in kept


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        pytest.param("password: |\n  one\n  two\nuser: a\n", "password: [removed]\nuser: a\n", id="block"),
        pytest.param("password: >-\n  one\n\n  two\n", "password: [removed]\n", id="folded"),
        pytest.param("a:\n  password: |2\n    one\n  user: a\n", "a:\n  password: [removed]\n  user: a\n", id="within"),
        pytest.param(
            "- api_key: |+\r\n    one\r\n  b: |\r\n    c\r\n", "- api_key: [removed]\r\n  b: |\r\n    c\r\n", id="item"
        ),
        pytest.param('{"f": "password: |\\n  one\\nuser: a"}', '{"f": "password: [removed]\\nuser: a"}', id="in-json"),
        pytest.param("text: |\n  one\n", "text: |\n  one\n", id="no-secret"),
    ],
)
def test_a_block_of_yaml_is_removed_whole(sent: str, kept: str) -> None:
    told = masked(sent, JSON if sent[0] == "{" else "application/yaml").decode()
    assert re.sub(r"\[removed:\w+:[0-9a-f]{6}\]", "[removed]", told) == kept


def test_a_key_that_is_escaped_twice_is_removed_to_its_end() -> None:
    assert b"qrst" not in masked('{"u": "whsec_abcdefghijklmnop%252Bqrst"}')
