"""ClientHello: names and protocols, whole or in pieces, and nothing but NotTls on anything else."""

import contextlib
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.client_hello import ClientHello, NotTls, read_client_hello


def vector(size: int, content: bytes) -> bytes:
    return len(content).to_bytes(size) + content


def extension(kind: int, content: bytes) -> bytes:
    return kind.to_bytes(2) + vector(2, content)


def server_name(*names: bytes) -> bytes:
    return extension(0, vector(2, b"".join(b"\0" + vector(2, name) for name in names)))


def alpn(*protocols: bytes) -> bytes:
    return extension(16, vector(2, b"".join(vector(1, protocol) for protocol in protocols)))


def hello(*extensions: bytes, kind: int = 1) -> bytes:
    """A handshake message, without records."""
    content = b"\x03\x03" + bytes(32) + vector(1, b"") + vector(2, b"\x13\x01") + vector(1, b"\0")
    content += vector(2, b"".join(extensions))
    return bytes((kind,)) + vector(3, content)


def records(message: bytes, *sizes: int) -> bytes:
    """The message cut into records of these sizes, the rest in a last one."""
    pieces, at = [], 0
    for size in sizes:
        pieces.append(message[at : at + size])
        at += size
    pieces.append(message[at:])
    return b"".join(b"\x16\x03\x01" + vector(2, piece) for piece in pieces if piece)


def real_hello(name: str, *protocols: str) -> bytes:
    """What OpenSSL sends."""
    context = ssl.create_default_context()
    if protocols:
        context.set_alpn_protocols(list(protocols))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize(
    ("message", "read"),
    [
        pytest.param(hello(), ClientHello(), id="nothing-offered"),
        pytest.param(hello(server_name(b"a.example")), ClientHello("a.example"), id="name"),
        pytest.param(hello(server_name(b"A.Example.")), ClientHello("A.Example."), id="name-as-sent"),
        pytest.param(hello(alpn(b"h2", b"http/1.1")), ClientHello(alpn=("h2", "http/1.1")), id="protocols"),
        pytest.param(hello(alpn(b"\x0a\x0a", b"h2")), ClientHello(alpn=("\n\n", "h2")), id="grease-protocol"),
        pytest.param(
            hello(extension(0xFE0D, b"x"), server_name(b"o")), ClientHello("o", ech=True), id="encrypted-hello"
        ),
        pytest.param(hello(extension(21, bytes(20_000))), ClientHello(), id="longer-than-a-record"),
    ],
)
def test_hellos(message: bytes, read: ClientHello) -> None:
    assert read_client_hello(records(message, *([16_000] if len(message) > 16_000 else []))) == read


def test_what_openssl_sends() -> None:
    assert read_client_hello(real_hello("api.stripe.com", "h2", "http/1.1")) == ClientHello(
        "api.stripe.com", ("h2", "http/1.1")
    )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="http"),
        pytest.param(b"\x16\x02\x00\x00\x05hello", id="version-2"),
        pytest.param(b"\x16\x03\x01\x00\x00", id="empty-record"),
        pytest.param(b"\x16\x03\x01\xff\xff", id="record-too-long"),
        pytest.param(records(hello(kind=2)), id="server-hello"),
        pytest.param(records(b"\x01\xff\xff\xff"), id="message-too-long"),
        pytest.param(records(hello(server_name(b"a", b"b"))), id="two-names"),
        pytest.param(records(hello(server_name(b"a"), server_name(b"b"))), id="extension-twice"),
        pytest.param(records(hello(server_name(b"a\0b"))), id="nul-in-name"),
        pytest.param(records(hello(server_name(b""))), id="empty-name"),
        pytest.param(records(hello(server_name("ä".encode()))), id="name-not-ascii"),
        pytest.param(records(hello(extension(0, b"\0\xff\0"))), id="name-beyond-its-end"),
        pytest.param(records(b"\x01" + vector(3, b"\x03\x03")), id="cut-short"),
        pytest.param(records(hello(server_name(b"a")), 3)[:8] + b"\x15\x03\x01\0\x02\x01\0", id="alert-in-between"),
    ],
)
def test_what_is_no_hello(data: bytes) -> None:
    with pytest.raises(NotTls):
        read_client_hello(data)


MESSAGE = hello(server_name(b"api.example.com"), alpn(b"h2"))


@given(st.lists(st.integers(1, 40), max_size=20))
def test_records_may_cut_anywhere(sizes: list[int]) -> None:
    assert read_client_hello(records(MESSAGE, *sizes)) == ClientHello("api.example.com", ("h2",))


@given(st.integers(0, len(records(MESSAGE)) - 1))
def test_a_part_is_not_judged_before_it_is_whole(end: int) -> None:
    assert read_client_hello(records(MESSAGE)[:end]) is None


@given(at=st.integers(0, 60), noise=st.binary(max_size=8))
def test_no_bytes_raise_anything_else(at: int, noise: bytes) -> None:
    data = records(MESSAGE)
    with contextlib.suppress(NotTls):
        read_client_hello(data[:at] + noise + data[at + len(noise) :])
