"""SOCKS on the wire: every message by its octets, whole, in pieces and with the client's next words behind it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.socks_wire import (
    ADDRESS_UNSUPPORTED,
    GRANTED,
    LONGEST,
    Credentials,
    Methods,
    NotSocks,
    Request,
    read_credentials,
    read_opening,
    read_request,
    reply,
)

HTTPS = (443).to_bytes(2)
NAME = b"api.example.com"


def named(name: bytes, port: bytes = HTTPS) -> bytes:
    return b"\x05\x01\x00\x03" + bytes([len(name)]) + name + port


@pytest.mark.parametrize(
    ("octets", "command", "host", "port", "by_name"),
    [
        pytest.param(named(NAME), "connect", "api.example.com", 443, True, id="name"),
        pytest.param(named(b"api.example.com."), "connect", "api.example.com.", 443, True, id="name-with-its-dot"),
        pytest.param(named(b"_srv.Example.COM"), "connect", "_srv.Example.COM", 443, True, id="name-as-sent"),
        pytest.param(named(b"1.2.3.4"), "connect", "1.2.3.4", 443, False, id="address-as-a-name"),
        pytest.param(named(b"0x7f.1"), "connect", "0x7f.1", 443, True, id="odd-spelling-is-left-to-the-rules"),
        pytest.param(named(b"[2001:DB8::1]"), "connect", "2001:db8::1", 443, False, id="ipv6-as-a-name"),
        pytest.param(b"\x05\x01\x00\x01\x01\x02\x03\x04" + HTTPS, "connect", "1.2.3.4", 443, False, id="ipv4"),
        pytest.param(
            b"\x05\x01\x00\x04\x20\x01\x0d\xb8" + bytes(11) + b"\x09" + HTTPS,
            "connect",
            "2001:db8::9",
            443,
            False,
            id="ipv6",
        ),
        pytest.param(b"\x05\x02\x00\x01" + bytes(6), "bind", "0.0.0.0", 0, False, id="bind"),
        pytest.param(b"\x05\x03\x00\x01" + bytes(6), "associate", "0.0.0.0", 0, False, id="associate"),
        pytest.param(b"\x05\x09\x00\x01" + bytes(6), "other", "0.0.0.0", 0, False, id="unknown-command"),
    ],
)
def test_requests_of_version_5(octets: bytes, command: str, host: str, port: int, by_name: bool) -> None:
    for end in range(1, len(octets)):
        assert read_request(octets[:end]) is None
    request = read_request(octets + b"GET / HTTP/1.1")
    assert request is not None
    assert (request.version, request.command, request.host, request.port) == (5, command, host, port)
    assert (request.by_name, request.size) == (by_name, len(octets))


@pytest.mark.parametrize(
    ("octets", "host", "by_name", "user"),
    [
        pytest.param(b"\x04\x01\x01\xbb\x01\x02\x03\x04\0", "1.2.3.4", False, "", id="4"),
        pytest.param(b"\x04\x01\x01\xbb\x01\x02\x03\x04me\0", "1.2.3.4", False, "me", id="4-with-a-user"),
        pytest.param(b"\x04\x01\x01\xbb\0\0\0\x01\0" + NAME + b"\0", "api.example.com", True, "", id="4a"),
        pytest.param(b"\x04\x01\x01\xbb\0\0\0\x01ci:tok\0a.test\0", "a.test", True, "ci:tok", id="4a-with-a-run"),
        pytest.param(b"\x04\x01\x01\xbb\0\0\0\0\0", "0.0.0.0", False, "", id="4-to-nowhere"),
    ],
)
def test_requests_of_version_4(octets: bytes, host: str, by_name: bool, user: str) -> None:
    for end in range(1, len(octets)):
        assert read_opening(octets[:end]) is None
    request = read_opening(octets + b"\x16\x03\x01")
    assert isinstance(request, Request)
    assert (request.version, request.command, request.host, request.port) == (4, "connect", host, 443)
    assert (request.by_name, request.user, request.size) == (by_name, user, len(octets))


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        pytest.param(b"\0", 0, id="none"),
        pytest.param(b"\0\1\2", 2, id="credentials-first"),
        pytest.param(b"\2", 2, id="credentials-alone"),
        pytest.param(b"\1\x80", 0xFF, id="neither"),
        pytest.param(b"", 0xFF, id="nothing"),
    ],
)
def test_methods(offered: bytes, chosen: int) -> None:
    octets = b"\x05" + bytes([len(offered)]) + offered
    methods = read_opening(octets + b"\x01")
    assert isinstance(methods, Methods)
    assert (methods.chosen, methods.size) == (chosen, len(octets))


@pytest.mark.parametrize(
    ("octets", "user", "password"),
    [
        pytest.param(b"\x01\x04ci-1\x03tok", "ci-1", "tok", id="a-run"),
        pytest.param(b"\x01\x00\x00", "", "", id="empty"),
        pytest.param(b"\x01\x01\xff\x01x", "\ufffd", "x", id="no-utf-8"),
    ],
)
def test_credentials(octets: bytes, user: str, password: str) -> None:
    for end in range(1, len(octets)):
        assert read_credentials(octets[:end]) is None
    assert read_credentials(octets + b"\x05") == Credentials(user, password, len(octets))


@pytest.mark.parametrize(
    ("octets", "what"),
    [
        pytest.param(b"GET / HTTP/1.1\r\n", "bytes that are no SOCKS", id="http"),
        pytest.param(b"\x04\x01\x01\xbb\x01\x02\x03\x04" + b"x" * 300, "a word that does not end", id="endless-user"),
        pytest.param(b"\x04\x01\0\0\x01\x02\x03\x04\0", "port 0", id="no-port"),
        pytest.param(b"\x04\x01\x01\xbb\0\0\0\x01\0a b\0", "neither a name nor an address", id="no-name"),
        pytest.param(b"\x04\x01\x01\xbb\0\0\0\x01\0\0", "neither a name nor an address", id="empty-name"),
    ],
)
def test_what_is_no_opening(octets: bytes, what: str) -> None:
    with pytest.raises(NotSocks, match=what):
        read_opening(octets)


@pytest.mark.parametrize(
    ("octets", "what", "code"),
    [
        pytest.param(b"\x04\x01\x00\x01", "another version", 1, id="version"),
        pytest.param(b"\x05\x01\x00\x02\x00", "the unknown type 2", ADDRESS_UNSUPPORTED, id="address-type"),
        pytest.param(named(b""), "neither a name nor an address", 1, id="empty"),
        pytest.param(named(b"a" * 255), "neither a name nor an address", 1, id="too-long"),
        pytest.param(named(b"api.example.com:443"), "neither", 1, id="with-a-port"),
        pytest.param(named(b"user@example.com"), "neither", 1, id="with-a-user"),
        pytest.param(named(b"api.example.com\0.evil.test"), "neither", 1, id="nul"),
        pytest.param(named("b\u00fccher.example".encode()), "neither", 1, id="no-ascii"),
        pytest.param(named(b"fe80::1%eth0"), "neither", 1, id="zone"),
        pytest.param(named(NAME, bytes(2)), "port 0", 1, id="no-port"),
    ],
)
def test_what_is_no_request(octets: bytes, what: str, code: int) -> None:
    with pytest.raises(NotSocks, match=what) as refused:
        read_request(octets)
    assert refused.value.code == code


def test_version_4_has_no_udp() -> None:
    request = read_opening(b"\x04\x03\x00\x35\x01\x02\x03\x04\0")
    assert isinstance(request, Request)
    assert request.command == "other"


def test_replies() -> None:
    assert reply(5, GRANTED) == bytes.fromhex("05000001000000000000")
    assert reply(5, 7) == bytes.fromhex("05070001000000000000")
    assert reply(4, GRANTED) == bytes.fromhex("005a000000000000")
    assert reply(4, 7) == bytes.fromhex("005b000000000000")


READERS = [read_opening, read_credentials, read_request]


@given(st.binary(min_size=1, max_size=600), st.sampled_from(READERS))
@example(named(NAME), read_request)
def test_hostile_octets_are_read_refused_or_waited_for(octets: bytes, read: object) -> None:
    assert callable(read)
    try:
        message = read(octets)
    except NotSocks:
        return
    if message is None:
        assert len(octets) < LONGEST
        return
    assert 0 < message.size <= len(octets)
    # Nothing behind a message changes it, and nothing less than it is one.
    assert read(octets[: message.size]) == message
    assert read(octets[: message.size] + b"\x00\xffmore") == message


@given(st.binary(min_size=LONGEST, max_size=LONGEST), st.sampled_from(READERS))
def test_no_message_is_waited_for_beyond_the_limit(octets: bytes, read: object) -> None:
    assert callable(read)
    try:
        assert read(octets) is not None
    except NotSocks:
        return
