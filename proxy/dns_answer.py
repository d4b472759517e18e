"""Answers to DNS questions: every name is here. Pure; dnspython reads and writes the wire (RFC 1035, RFC 6891)."""

import ipaddress

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

TTL = 2
"""Seconds. Short: a name that is opted in or taken back must not linger in a client's cache."""
UDP_PAYLOAD = 1232
"""Octets an answer over UDP may have without being cut up on its way (DNS Flag Day 2020)."""
SMALLEST_DATAGRAM = 512
"""Octets any client takes that says nothing of it (RFC 1035, 4.2.1)."""
HEADER = 12
_TRANSFERS = frozenset((dns.rdatatype.AXFR, dns.rdatatype.IXFR))


class NotAQuestion(Exception):
    """The bytes are no question to us. `reply` is what the sender is told; None: nothing, lest two servers talk on."""

    def __init__(self, why: str, reply: bytes | None) -> None:
        super().__init__(why)
        self.reply = reply


def read_question(wire: bytes) -> dns.message.Message:
    """A query with exactly one question. Raises NotAQuestion."""
    if len(wire) < HEADER or wire[2] & 0x80:
        raise NotAQuestion("the bytes are no DNS query", None)
    opcode = dns.opcode.from_flags(int.from_bytes(wire[2:4]))
    if opcode != dns.opcode.QUERY:
        raise NotAQuestion(f"the DNS opcode {dns.opcode.to_text(opcode)} is not QUERY", _bare(wire, dns.rcode.NOTIMP))
    try:
        query = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError) as error:
        raise NotAQuestion(f"the DNS query cannot be read: {error}", _bare(wire, dns.rcode.FORMERR)) from error
    if len(query.question) != 1:
        raise NotAQuestion(f"a DNS query with {len(query.question)} questions", _bare(wire, dns.rcode.FORMERR))
    return query


def _bare(wire: bytes, rcode: dns.rcode.Rcode) -> bytes:
    """A header alone: the query's id, opcode and RD, and the refusal."""
    return wire[:2] + bytes((0x80 | (wire[2] & 0x79), 0x80 | rcode)) + bytes(8)


class Steering:
    """The addresses that every name is answered with."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        found = [ipaddress.ip_address(address) for address in addresses]
        self._addresses = {
            dns.rdatatype.A: [str(address) for address in found if address.version == 4],
            dns.rdatatype.AAAA: [str(address) for address in found if address.version == 6],
        }

    def answer(self, query: dns.message.Message, *, datagram: bool = False) -> bytes:
        """The records there are, or no data; never NXDOMAIN, by which applications learn where they are.

        Of what a `datagram` cannot hold, what fits, with TC set: the client asks again over TCP.
        """
        question = query.question[0]
        if query.edns > 0:
            return refusal(query, dns.rcode.BADVERS)
        if question.rdclass != dns.rdataclass.IN or question.rdtype in _TRANSFERS:
            return refusal(query, dns.rcode.REFUSED)
        response = _response(query)
        response.answer.extend(self.records(question))
        size = min(max(query.payload, SMALLEST_DATAGRAM), UDP_PAYLOAD) if datagram else 0
        return response.to_wire(max_size=size, prefer_truncation=True)

    def records(self, question: dns.rrset.RRset) -> list[dns.rrset.RRset]:
        """A and AAAA: the gateway, or none where it has no address of the family. Anything else: none."""
        addresses = self._addresses.get(question.rdtype)
        return [record_set(question, question.rdtype, *addresses)] if addresses else []


def record_set(question: dns.rrset.RRset, kind: dns.rdatatype.RdataType, *texts: str) -> dns.rrset.RRset:
    """Records of the very name that was asked, its letters' case and all (which some resolvers check)."""
    return dns.rrset.from_text_list(question.name, TTL, "IN", kind, texts)


def refusal(query: dns.message.Message, rcode: dns.rcode.Rcode) -> bytes:
    """An answer with nothing but a code: SERVFAIL where it cannot be recorded."""
    response = _response(query)
    response.set_rcode(rcode)
    return response.to_wire()


def _response(query: dns.message.Message) -> dns.message.Message:
    response = dns.message.make_response(query, recursion_available=True, our_payload=UDP_PAYLOAD)
    response.flags &= ~dns.flags.CD
    return response
