"""Answers to DNS questions: every name is here, and nothing malformed is answered as if it were not."""

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.dns_answer import TTL, NotAQuestion, Steering, read_question, refusal

BOTH = Steering(("192.0.2.1", "2001:db8::1"))


def asked(name: str, kind: str, steering: Steering = BOTH) -> dns.message.Message:
    query = dns.message.make_query(name, kind)
    response = dns.message.from_wire(steering.answer(read_question(query.to_wire())))
    assert response.id == query.id
    assert response.flags & dns.flags.QR
    return response


@pytest.mark.parametrize(
    ("kind", "steering", "addresses"),
    [
        pytest.param("A", BOTH, ["192.0.2.1"], id="version-4"),
        pytest.param("AAAA", BOTH, ["2001:db8::1"], id="version-6"),
        pytest.param("AAAA", Steering(("192.0.2.1",)), [], id="no-address-of-version-6"),
        pytest.param("A", Steering(("2001:db8::1",)), [], id="no-address-of-version-4"),
        pytest.param("A", Steering(("192.0.2.1", "192.0.2.2")), ["192.0.2.1", "192.0.2.2"], id="two-addresses"),
        *(
            pytest.param(kind, BOTH, [], id=kind)
            for kind in ("HTTPS", "SVCB", "MX", "TXT", "PTR", "SRV", "NS", "SOA", "CNAME", "ANY", "TYPE65280")
        ),
    ],
)
def test_a_name_is_here_and_nowhere_else(kind: str, steering: Steering, addresses: list[str]) -> None:
    response = asked("Api.Stripe.com", kind, steering)
    assert response.rcode() == dns.rcode.NOERROR
    assert sorted(item.to_text() for rrset in response.answer for item in rrset) == addresses
    assert all(rrset.ttl == TTL and rrset.name.to_text() == "Api.Stripe.com." for rrset in response.answer)


@pytest.mark.parametrize("kind", ["AXFR", "IXFR"])
def test_zones_are_not_handed_out(kind: str) -> None:
    assert asked("example.com", kind).rcode() == dns.rcode.REFUSED


def test_another_class_is_refused() -> None:
    query = dns.message.make_query("version.bind", "TXT", "CH")
    assert dns.message.from_wire(BOTH.answer(query)).rcode() == dns.rcode.REFUSED


def test_edns_is_answered_with_edns() -> None:
    query = dns.message.make_query("a.example", "A", use_edns=0, payload=4096)
    assert dns.message.from_wire(BOTH.answer(query)).edns == 0
    assert dns.message.from_wire(BOTH.answer(dns.message.make_query("a.example", "A"))).edns == -1


def test_a_refusal_says_its_code() -> None:
    query = dns.message.make_query("a.example", "A")
    assert dns.message.from_wire(refusal(query, dns.rcode.SERVFAIL)).rcode() == dns.rcode.SERVFAIL


GOOD = dns.message.make_query("a.example", "A").to_wire()


@pytest.mark.parametrize(
    ("wire", "rcode"),
    [
        pytest.param(GOOD[:20], dns.rcode.FORMERR, id="cut-short"),
        pytest.param(GOOD + b"x", dns.rcode.FORMERR, id="bytes-after-the-end"),
        pytest.param(GOOD[:4] + b"\0\0" + GOOD[6:12], dns.rcode.FORMERR, id="no-question"),
        pytest.param(GOOD[:4] + b"\0\2" + GOOD[6:] + GOOD[12:], dns.rcode.FORMERR, id="two-questions"),
        pytest.param(GOOD[:12] + b"\xc0\x0c\0\1\0\1", dns.rcode.FORMERR, id="name-that-points-at-itself"),
        pytest.param(GOOD[:2] + bytes((4 << 3, 0)) + GOOD[4:], dns.rcode.NOTIMP, id="notify"),
        pytest.param(GOOD[:2] + bytes((5 << 3, 0)) + GOOD[4:], dns.rcode.NOTIMP, id="update"),
        pytest.param(GOOD[:2] + bytes((0x80, 0)) + GOOD[4:], None, id="an-answer-is-not-answered"),
        pytest.param(b"short", None, id="no-header"),
    ],
)
def test_what_is_no_question(wire: bytes, rcode: dns.rcode.Rcode | None) -> None:
    with pytest.raises(NotAQuestion) as refused:
        read_question(wire)
    reply = refused.value.reply
    if rcode is None:
        assert reply is None
        return
    assert reply is not None
    assert reply[:2] == wire[:2]
    assert dns.message.from_wire(reply).rcode() == rcode


@given(st.binary(max_size=80))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    try:
        query = read_question(data)
    except NotAQuestion as refused:
        assert refused.reply is None or len(refused.reply) == 12  # noqa: PT017 - not what is raised, what it carries
    else:
        BOTH.answer(query)
