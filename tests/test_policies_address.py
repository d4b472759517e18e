"""What kind an address is, and which may be dialled."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.address import OPENED_BY_ADDRESSES, classify, refusal


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("8.8.8.8", "public"),
        ("1.1.1.1", "public"),
        ("10.1.2.3", "private"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("172.32.0.1", "public"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "shared"),
        ("100.127.255.255", "shared"),
        ("100.128.0.1", "public"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("169.254.1.1", "link_local"),
        ("169.254.169.254", "metadata"),
        ("169.254.170.2", "metadata"),
        ("168.63.129.16", "metadata"),
        ("192.0.0.192", "metadata"),
        ("100.100.100.200", "metadata"),
        ("192.0.0.1", "reserved"),
        ("192.0.2.1", "documentation"),
        ("198.51.100.7", "documentation"),
        ("203.0.113.7", "documentation"),
        ("198.18.0.1", "benchmarking"),
        ("198.19.255.255", "benchmarking"),
        ("198.20.0.1", "public"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.255", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("2606:4700:4700::1111", "public"),
        ("fe80::1", "link_local"),
        ("fe80::a9fe:a9fe", "metadata"),
        ("fec0::1", "private"),
        ("fc00::1", "private"),
        ("fd12:3456::1", "private"),
        ("fd00:ec2::254", "metadata"),
        ("fd20:ce::254", "metadata"),
        ("ff02::1", "multicast"),
        ("2001:db8::1", "documentation"),
        ("3fff::1", "documentation"),
        ("2001:2::1", "benchmarking"),
        ("2001:10::1", "reserved"),
        ("100::1", "reserved"),
        ("4000::1", "reserved"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:8.8.8.8", "public"),
        ("::ffff:169.254.169.254", "metadata"),
        ("::ffff:0:10.0.0.1", "private"),
        ("::127.0.0.1", "loopback"),
        ("::8.8.8.8", "private"),
        ("64:ff9b::7f00:1", "loopback"),
        ("64:ff9b::8.8.8.8", "public"),
        ("64:ff9b::a9fe:a9fe", "metadata"),
        ("64:ff9b:1::10.0.0.1", "private"),
        ("64:ff9b:1::8.8.8.8", "private"),
        ("64:ff9b:1::169.254.169.254", "metadata"),
        ("2002:7f00:1::", "loopback"),
        ("2002:0808:0808::1", "public"),
        ("2002:a9fe:a9fe::", "metadata"),
        ("2001:0:808:808::f7f7:f7f7", "public"),
        ("2001:0:808:808::80ff:fffe", "loopback"),
        ("2001:0:7f00:1::f7f7:f7f7", "loopback"),
        ("2606:4700::5efe:10.0.0.1", "private"),
        ("2606:4700::200:5efe:127.0.0.1", "loopback"),
        ("fe80::5efe:10.0.0.1", "link_local"),
        ("fd00::5efe:8.8.8.8", "private"),
    ],
)
def test_kind(text: str, kind: str) -> None:
    assert classify(ip_address(text)) == kind


@pytest.mark.parametrize(
    ("text", "allowed", "sentence"),
    [
        pytest.param("8.8.8.8", (), None, id="public-needs-nothing"),
        pytest.param("8.8.8.8", ("10.0.0.0/8",), None, id="public-beside-private-networks"),
        pytest.param(
            "10.0.0.1",
            (),
            "10.0.0.1 is a private address, and no `addresses` of the opt-in contain it",
            id="private-unopened",
        ),
        pytest.param("10.0.0.1", ("10.0.0.0/8",), None, id="private-opened"),
        pytest.param(
            "10.0.0.1",
            ("192.168.0.0/16",),
            "10.0.0.1 is a private address, and no `addresses` of the opt-in contain it",
            id="private-opened-elsewhere",
        ),
        pytest.param("127.0.0.2", ("127.0.0.0/8",), None, id="loopback-opened"),
        pytest.param("::1", ("::1/128",), None, id="loopback-6-opened"),
        pytest.param("::ffff:127.0.0.1", ("127.0.0.0/8",), None, id="mapped-is-the-ipv4-address"),
        pytest.param(
            "64:ff9b::7f00:1",
            ("127.0.0.0/8",),
            "64:ff9b::7f00:1 is a loopback address (it carries 127.0.0.1), and no `addresses` of the opt-in contain it",
            id="translated-needs-both",
        ),
        pytest.param("64:ff9b::a00:1", ("64:ff9b::/96", "10.0.0.0/8"), None, id="translated-with-both"),
        pytest.param("64:ff9b:1::808:808", ("64:ff9b:1::/48",), None, id="local-translation-of-a-public-address"),
        pytest.param(
            "169.254.169.254",
            ("0.0.0.0/0",),
            "169.254.169.254 is a cloud metadata address, which nothing may ever reach",
            id="metadata-never",
        ),
        pytest.param(
            "fe80::1%eth0",
            ("fe80::/10",),
            "fe80::1 is a link-local address, which nothing may ever reach",
            id="link-local-never",
        ),
        pytest.param(
            "64:ff9b::a9fe:a9fe",
            ("::/0", "0.0.0.0/0"),
            "64:ff9b::a9fe:a9fe is a cloud metadata address (it carries 169.254.169.254), which nothing may ever reach",
            id="metadata-translated-never",
        ),
        pytest.param(
            "0.0.0.0",
            ("0.0.0.0/0",),
            "0.0.0.0 is an unspecified address, which nothing may ever reach",
            id="unspecified-never",
        ),
        pytest.param("nonsense", (), "'nonsense' is not an IP address", id="no-address"),
    ],
)
def test_refusal(text: str, allowed: tuple[str, ...], sentence: str | None) -> None:
    assert refusal(text, allowed) == sentence


@given(st.ip_addresses())
def test_nothing_but_public_passes_unopened(ip: IPv4Address | IPv6Address) -> None:
    assert (refusal(ip, ()) is None) == (classify(ip) == "public")


@given(st.ip_addresses())
def test_everything_opened_still_keeps_the_never_kinds_shut(ip: IPv4Address | IPv6Address) -> None:
    shut = classify(ip) not in {*OPENED_BY_ADDRESSES, "public"}
    assert (refusal(ip, ("0.0.0.0/0", "::/0")) is not None) == shut


@given(st.ip_addresses(v=4))
def test_no_wrapping_makes_an_address_public(ip: IPv4Address) -> None:
    if classify(ip) == "public":
        return
    low = int(ip)
    wrapped = [
        0xFFFF << 32 | low,
        0xFFFF << 48 | low,
        max(1, low),
        0x64FF9B << 96 | low,
        0x2002 << 112 | low << 80,
        0x20010000 << 96 | 0x08080808 << 64 | low ^ 0xFFFFFFFF,
        0x26064700 << 96 | 0x5EFE << 32 | low,
    ]
    for value in wrapped:
        assert classify(IPv6Address(value)) != "public"
