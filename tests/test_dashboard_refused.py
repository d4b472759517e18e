"""Refused packets on the page Now: counted, by destination, and not there where nothing was refused."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from dashboard_stage import Stage, capture, staged
from running import PATIENCE

from dashboard.refused import Refused, refused
from ledger.record import Record
from ledger.refused import FLAG


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as running:
        yield running


def packet(host: str, port: int = 443, protocol: str = "udp", count: int = 1, ago: float = 0) -> Record:
    return capture(
        channel="socket",
        intent="connect",
        verdict="deny",
        host=host,
        port=port,
        scheme=protocol,
        facts={"what": "a packet", **({"count": count} if count > 1 else {})},
        flags=(FLAG,),
        ago=ago,
    )


async def test_by_protocol_and_destination_the_latest_first(stage: Stage) -> None:
    await stage.add(packet("8.8.8.8", count=3, ago=90), packet("1.1.1.1", 0, "icmp", ago=60), packet("8.8.8.8", ago=30))
    await stage.add(capture(host="mail"))
    told = refused(stage.reader, {"soundstage_refused_packets_udp": 9.0, "soundstage_refused_packets_unread": 5.0})
    assert told is not None
    assert [(one.protocol, one.host, one.port, one.count) for one in told.sums] == [
        ("udp", "8.8.8.8", 443, 4),
        ("icmp", "1.1.1.1", 0, 1),
    ]
    assert (told.counted, told.unread) == ({"udp": 9}, 5)


async def test_where_nothing_was_refused_there_is_nothing_to_show(stage: Stage) -> None:
    await stage.add(capture(host="mail"))
    assert refused(stage.reader, {"soundstage_refused_packets_udp": 0.0}) is None


async def test_counted_without_a_record_is_shown(stage: Stage) -> None:
    assert refused(stage.reader, {"soundstage_refused_packets_icmp": 2.0}) == Refused({"icmp": 2}, 0, [])


@pytest.mark.parametrize(
    ("packets", "there"),
    [pytest.param([packet("8.8.8.8", count=1204)], True, id="some"), pytest.param([], False, id="none")],
)
async def test_the_page(stage: Stage, packets: list[Record], there: bool) -> None:
    await stage.add(capture(host="mail"), *packets)
    async with httpx.AsyncClient(
        base_url=stage.url, follow_redirects=True, headers=stage.bearer, timeout=PATIENCE
    ) as client:
        page = (await client.get("/")).text
    assert ("Refused packets" in page, "1,204" in page, "flag=refused_packet&amp;host=8.8.8.8" in page) == (there,) * 3
