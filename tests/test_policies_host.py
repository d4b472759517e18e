"""The one spelling of a host that decisions are made on."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.host import BadName, as_address, canonical_host


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        pytest.param("api.stripe.com", "api.stripe.com", id="already-canonical"),
        pytest.param("API.Stripe.COM", "api.stripe.com", id="case"),
        pytest.param("api.stripe.com.", "api.stripe.com", id="trailing-dot"),
        pytest.param("bücher.example", "xn--bcher-kva.example", id="u-label"),
        pytest.param("xn--bcher-kva.example", "xn--bcher-kva.example", id="a-label"),
        pytest.param("straße.example", "xn--strae-oqa.example", id="idna-2008-keeps-sharp-s"),
        pytest.param("ＡＰＩ.stripe.com", "api.stripe.com", id="full-width"),
        pytest.param("api。stripe。com", "api.stripe.com", id="ideographic-dots"),
        pytest.param("аpi.stripe.com", "xn--pi-6kc.stripe.com", id="cyrillic-homoglyph-is-another-name"),
        pytest.param("my_bucket.s3.amazonaws.com", "my_bucket.s3.amazonaws.com", id="underscore"),
        pytest.param("r3---sn-x.example.com", "r3---sn-x.example.com", id="hyphens"),
        pytest.param("localhost", "localhost", id="single-label"),
        pytest.param("127.0.0.1", "127.0.0.1", id="ipv4"),
        pytest.param("2130706433", "127.0.0.1", id="one-number"),
        pytest.param("0177.0.0.1", "127.0.0.1", id="octal"),
        pytest.param("0x7f000001", "127.0.0.1", id="hexadecimal"),
        pytest.param("0X7F.1", "127.0.0.1", id="hexadecimal-in-capitals"),
        pytest.param("127.1", "127.0.0.1", id="two-parts"),
        pytest.param("127.0.0.1.", "127.0.0.1", id="address-with-trailing-dot"),
        pytest.param("１２７.0.0.1", "127.0.0.1", id="full-width-digits"),
        pytest.param("①②⑦.⓪.⓪.①", "127.0.0.1", id="circled-digits"),
        pytest.param("[::1]", "::1", id="bracketed"),
        pytest.param("[::ffff:127.0.0.1]", "127.0.0.1", id="mapped"),
        pytest.param("[::FFFF:7f00:1]", "127.0.0.1", id="mapped-in-hexadecimal"),
        pytest.param("[fe80::1%25eth0]", "fe80::1", id="zone-id-as-in-a-uri"),
        pytest.param("fe80::1%eth0", "fe80::1", id="zone-id"),
        pytest.param("2001:0DB8:0:0::1", "2001:db8::1", id="ipv6-compressed"),
    ],
)
def test_canonical_host(sent: str, canonical: str) -> None:
    assert canonical_host(sent) == canonical


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        pytest.param("", "'' is not a host name: it is empty", id="empty"),
        pytest.param("a..b", "'a..b' is not a host name: its label '' is empty", id="empty-label"),
        pytest.param(".", "'.' is not a host name: its label '' is empty", id="only-a-dot"),
        pytest.param(
            "a b.com",
            "'a b.com' is not a host name: its label 'a b' is not made of letters, digits, hyphens and underscores",
            id="space",
        ),
        pytest.param(
            "1.2.3.256",
            "'1.2.3.256' is not a host name: it ends in a number and is no IPv4 address",
            id="number-too-big",
        ),
        pytest.param(
            "08.0.0.1", "'08.0.0.1' is not a host name: it ends in a number and is no IPv4 address", id="bad-octal"
        ),
        pytest.param(
            "x.0x7f", "'x.0x7f' is not a host name: it ends in a number and is no IPv4 address", id="ends-in-hex"
        ),
    ],
)
def test_what_is_no_host_says_why(sent: str, why: str) -> None:
    with pytest.raises(BadName) as raised:
        canonical_host(sent)
    assert str(raised.value) == why


@pytest.mark.parametrize(
    "sent",
    [
        "a\x00.com", "a\r\n.com", "user@host.com", "a\\b.com", "a/b.com", "%61pi.stripe.com", "a:80", "*.example.com",
        "xn--a.com", "xn--.com", "a" * 64 + ".com", ".".join(["a" * 60] * 5), "a" * 2000, "[::1", "[1.2.3.4]",
        "4294967296", "1.2.3.4.5", "\u202eexample.com", "[::1%]", "[fe80::1%/]", "a.com..",
    ],
)  # fmt: skip
def test_refused(sent: str) -> None:
    with pytest.raises(BadName):
        canonical_host(sent)


@given(st.text(max_size=60))
def test_canonical_form_is_a_fixed_point_or_a_bad_name(text: str) -> None:
    try:
        once = canonical_host(text)
    except BadName:
        return
    assert canonical_host(once) == once
    assert once.isascii()
    assert once == once.lower()


@given(st.from_regex(r"\A(0[xX])?[0-9a-fA-F]{1,11}(\.(0[xX])?[0-9a-fA-F]{1,4}){0,3}\Z"))
def test_agrees_with_inet_aton(text: str) -> None:
    try:
        libc = IPv4Address(socket.inet_aton(text))
    except OSError:
        return
    assert as_address(text) == libc


@given(st.ip_addresses())
def test_addresses_come_back(ip: IPv4Address | IPv6Address) -> None:
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    assert as_address(str(ip)) == (mapped or ip)
    assert ip_address(canonical_host(str(ip))) == (mapped or ip)
