"""Resolvers, against a DNS server on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from sinks.resolver import DnsResolver, NameNotFound, Resolver, SystemResolver, ZoneResolver

RECORDS = {
    ("api.test.", "A"): ["192.0.2.1", "192.0.2.2"],
    ("api.test.", "AAAA"): ["2001:db8::1"],
    ("v4.test.", "A"): ["192.0.2.3"],
}


class Dns(asyncio.DatagramProtocol):
    def __init__(self) -> None:
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
        if (name, kind) in RECORDS:
            answer.answer.append(dns.rrset.from_text(name, 5, "IN", kind, *RECORDS[name, kind]))
        elif not any(known == name for known, _ in RECORDS):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(answer.to_wire(), addr)


@asynccontextmanager
async def dns_server() -> AsyncIterator[tuple[Dns, int]]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(Dns, ("127.0.0.1", 0))
    try:
        yield protocol, transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


async def test_every_address_of_a_name_is_given() -> None:
    async with dns_server() as (server, port):
        resolver = DnsResolver("127.0.0.1", port, seconds=60)
        assert set(await resolver.addresses("api.test")) == {"192.0.2.1", "192.0.2.2", "2001:db8::1"}
        assert await resolver.addresses("v4.test") == ("192.0.2.3",)
        assert set(server.asked) == {"api.test.", "v4.test."}


async def test_an_unknown_name_is_named() -> None:
    async with dns_server() as (_, port):
        with pytest.raises(NameNotFound, match=r"the name no\.test cannot be resolved by the DNS server 127\.0\.0\.1"):
            await DnsResolver("127.0.0.1", port, seconds=60).addresses("no.test")


async def test_a_silent_server_is_given_up() -> None:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0))
    with pytest.raises(NameNotFound):
        await DnsResolver("127.0.0.1", transport.get_extra_info("sockname")[1], seconds=0.2).addresses("api.test")
    transport.close()


async def test_the_machine_knows_itself() -> None:
    assert "127.0.0.1" in await SystemResolver().addresses("127.0.0.1")


async def test_a_name_that_is_none_is_not_asked() -> None:
    with pytest.raises(NameNotFound, match="cannot be resolved"):
        await SystemResolver().addresses("a" * 64 + ".test")


class Fixed:
    def __init__(self, address: str) -> None:
        self._address = address

    async def addresses(self, host: str) -> tuple[str, ...]:
        return (self._address,)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        pytest.param("a.svc.cluster.local", "10.0.0.1", id="zone"),
        pytest.param("A.SVC.cluster.local.", "10.0.0.1", id="case-and-dot"),
        pytest.param("x.special.svc.cluster.local", "10.0.0.2", id="most-specific-zone"),
        pytest.param("notsvc.cluster.local", "10.0.0.3", id="outside"),
        pytest.param("evilsvc.cluster.local", "10.0.0.3", id="label-boundary"),
    ],
)
async def test_zones(host: str, address: str) -> None:
    zones: dict[str, Resolver] = {
        "svc.cluster.local": Fixed("10.0.0.1"),
        "special.svc.cluster.local": Fixed("10.0.0.2"),
    }
    assert await ZoneResolver(zones, Fixed("10.0.0.3")).addresses(host) == (address,)
