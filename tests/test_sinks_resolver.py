"""Resolvers, against a DNS server on loopback."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sinks_dns import Dns
from steered_network import can_steer, steered_network

from sinks.resolver import DnsResolver, NameNotFound, Resolver, SystemResolver, ZoneResolver

RECORDS = {
    ("api.test.", "A"): ["192.0.2.1", "192.0.2.2"],
    ("api.test.", "AAAA"): ["2001:db8::1"],
    ("v4.test.", "A"): ["192.0.2.3"],
}


@asynccontextmanager
async def dns_server() -> AsyncIterator[tuple[Dns, int]]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Dns(RECORDS), ("127.0.0.1", 0)
    )
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


@pytest.mark.skipif(not can_steer(), reason="a network of its own needs root, unshare and ip")
def test_a_name_that_is_not_there_is_not_looked_for_within_a_search_domain(tmp_path: Path) -> None:
    with steered_network(tmp_path) as within:
        (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\nsearch corp.test\n")
        program = [sys.executable, str(Path(__file__).with_name("searched_names.py"))]
        asked = ("here.open.test", "gone.open.test", "GONE.open.test.", "relay", "localhost")
        told = subprocess.run([*within, *program, *asked], check=True, stdout=subprocess.PIPE, text=True).stdout
    found = {name: addresses for name, *addresses in map(str.split, told.splitlines())}
    assert found.pop("localhost")
    # One without a dot is meant within the domains that are searched: nobody else could have been meant.
    assert found == {
        "here.open.test": ["203.0.113.7"], "gone.open.test": [], "GONE.open.test.": [], "relay": ["203.0.113.10"],
    }  # fmt: skip
