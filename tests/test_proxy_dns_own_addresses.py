"""Answers where each name has an address of its own: of every type, and never anything true of the outside."""

from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.reversename
import pytest

from ledger.name_file import NameFile
from proxy.dns_answer import SMALLEST_DATAGRAM, Steering
from proxy.dns_own_addresses import OwnAddresses
from proxy.name_book import NameBook

NAME = "Api.Example.com"


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> NameBook:
    return NameBook(NameFile(tmp_path_factory.mktemp("names")), b"key", network6="fd53::/64")


def answered(steering: Steering, name: str, kind: str) -> dns.message.Message:
    query = dns.message.make_query(name, kind)
    return dns.message.from_wire(steering.answer(query, datagram=True))


def said(response: dns.message.Message) -> list[str]:
    return [item.to_text() for rrset in response.answer for item in rrset]


def test_each_name_has_its_own_address_of_both_families(names: NameBook) -> None:
    steering = OwnAddresses(names)
    four, six = (said(answered(steering, NAME, kind)) for kind in ("A", "AAAA"))
    assert four == [names.address_of(NAME)]
    assert six == [names.address_of(NAME, 6)]
    assert said(answered(steering, "other.example.com", "A")) != four


def test_the_letters_come_back_as_they_were_asked(names: NameBook) -> None:
    response = answered(OwnAddresses(names), "aPi.eXample.COM", "A")
    assert response.answer[0].name.to_text() == "aPi.eXample.COM."
    assert said(response) == [names.address_of("api.example.com")]


def test_without_an_ipv6_network_that_family_has_no_data(tmp_path: Path) -> None:
    steering = OwnAddresses(NameBook(NameFile(tmp_path), b"key"))
    response = answered(steering, NAME, "AAAA")
    assert (response.rcode(), said(response)) == (dns.rcode.NOERROR, [])


@pytest.mark.parametrize(
    "kind", ["MX", "TXT", "SRV", "CAA", "NAPTR", "DS", "DNSKEY", "HTTPS", "SVCB", "CNAME", "TLSA", "TYPE65280"]
)
def test_other_types_have_no_data(names: NameBook, kind: str) -> None:
    response = answered(OwnAddresses(names), NAME, kind)
    assert (response.rcode(), said(response), response.authority) == (dns.rcode.NOERROR, [], [])


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        pytest.param(NAME, "SOA", "ns.soundstage.invalid. hostmaster.soundstage.invalid. 1 3600 600 86400 2", id="soa"),
        pytest.param(".", "NS", "ns.soundstage.invalid.", id="ns-of-the-root"),
        pytest.param(NAME, "ANY", '"RFC8482" ""', id="any"),
        pytest.param("localhost", "A", "127.0.0.1", id="localhost"),
        pytest.param("db.localhost", "AAAA", "::1", id="below-localhost"),
        pytest.param("1.0.0.127.in-addr.arpa", "PTR", "localhost.", id="ptr-of-loopback"),
    ],
)
def test_what_is_always_said(names: NameBook, name: str, kind: str, text: str) -> None:
    assert said(answered(OwnAddresses(names), name, kind)) == [text]


@pytest.mark.parametrize("version", [4, 6])
def test_an_address_of_the_book_has_its_name(names: NameBook, version: int) -> None:
    reverse = dns.reversename.from_address(names.address_of("ptr.example.com", version)).to_text()
    assert said(answered(OwnAddresses(names), reverse, "PTR")) == ["ptr.example.com."]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param("8.8.8.8.in-addr.arpa", "PTR", id="ptr-of-another-address"),
        pytest.param("nonsense.in-addr.arpa", "PTR", id="ptr-of-no-address"),
        pytest.param("8.8.8.8.in-addr.arpa", "A", id="address-of-a-reverse-name"),
        pytest.param(".", "A", id="address-of-the-root"),
    ],
)
def test_names_that_get_no_address(names: NameBook, name: str, kind: str) -> None:
    before = len(names)
    response = answered(OwnAddresses(names), name, kind)
    assert (response.rcode(), said(response), len(names)) == (dns.rcode.NOERROR, [], before)


def test_another_version_of_edns_is_told_ours(names: NameBook) -> None:
    query = dns.message.make_query(NAME, "A", use_edns=0)
    query.use_edns(1)
    assert dns.message.from_wire(OwnAddresses(names).answer(query)).rcode() == dns.rcode.BADVERS


def test_what_a_datagram_cannot_hold_is_asked_again_over_tcp() -> None:
    many = Steering(tuple(f"192.0.2.{number}" for number in range(1, 60)))
    query = dns.message.make_query(NAME, "A")
    short, whole = many.answer(query, datagram=True), many.answer(query)
    assert len(short) <= SMALLEST_DATAGRAM
    assert dns.message.from_wire(short, ignore_trailing=True, raise_on_truncation=False).flags & dns.flags.TC
    assert not dns.message.from_wire(whole).flags & dns.flags.TC
    assert len(dns.message.from_wire(whole).answer[0]) == 59


def test_a_name_that_holds_a_key_has_no_data(tmp_path: Path) -> None:
    steering = OwnAddresses(NameBook(NameFile(tmp_path), b"key", holds_secret=lambda name: "sk_live" in name))
    response = answered(steering, "sk_live_x.evil.example", "A")
    assert (response.rcode(), said(response)) == (dns.rcode.NOERROR, [])
    assert list(tmp_path.iterdir()) == []
