"""A DNS server on loopback that says what it is told to, and notes what it was asked."""

import asyncio
from collections.abc import Mapping, Sequence

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class Dns(asyncio.DatagramProtocol):
    """Answers from records by name, with its last dot, and type; of other names it says that there are none."""

    def __init__(self, records: Mapping[tuple[str, str], Sequence[str]]) -> None:
        self._records = records
        self.asked: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text(), question.rdtype.name
        self.asked.append(name)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if (name, kind) in self._records:
            answer.answer.append(dns.rrset.from_text(name, 5, "IN", kind, *self._records[name, kind]))
        elif not any(known == name for known, _ in self._records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(answer.to_wire(), addr)
