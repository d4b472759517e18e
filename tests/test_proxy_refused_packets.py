"""Refused packets on their way to the ledger: each through the gate, repeats counted, and no number lost."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from door_stage import RememberingGate

from ledger.refused import FLAG, RefusedAccount
from ledger.trouble import LedgerUnavailable
from proxy import refused_packets
from proxy.refused_packets import RefusedPackets
from proxy.refused_packets_head import PacketHead
from sinks.gate import NotReady

QUIC = PacketHead("10.0.0.7", "8.8.8.8", "udp", 443, None, b"hello")
PING = PacketHead("10.0.0.7", "2001:db8::8", "icmp6", 0, 128)


@dataclass
class Stage:
    """A log, counters and a gate, all of which do as they are told."""

    folder: Path
    gate: RememberingGate = field(default_factory=RememberingGate)
    logged: list[PacketHead] = field(default_factory=list)
    counted: dict[str, int] | None = field(default_factory=dict)
    repeats: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.packets = self.again()

    def again(self) -> RefusedPackets:
        """As after a restart."""
        return RefusedPackets(
            self,
            gate=self.gate,
            counters=self.counters,
            account=RefusedAccount(self.folder),
            count=self.count,
            name_of=self.names.get,
            every=0.01,
        )

    def take(self) -> list[PacketHead]:
        taken, self.logged = self.logged, []
        return taken

    def counters(self) -> dict[str, int] | None:
        return self.counted

    async def count(self, capture_id: str, times: int) -> None:
        self.repeats[capture_id] = self.repeats.get(capture_id, 0) + times


@pytest.fixture
def on(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


async def test_a_packet_is_a_raw_connection(on: Stage) -> None:
    on.logged, on.counted = [QUIC, PING], {"udp": 1, "icmp": 1}
    await on.packets.add_up()
    quic, ping = on.gate.raw
    assert (quic.source, quic.names, quic.port, quic.protocol) == ("10.0.0.7", (("address", "8.8.8.8"),), 443, "udp")
    assert (quic.opening.data, quic.flags) == (b"hello", (FLAG,))
    assert ping.names == (("address", "[2001:db8::8]"),)
    assert ping.what == "a ping (ICMP echo request)"


async def test_an_address_given_out_for_a_name_has_that_name(on: Stage) -> None:
    on.names["8.8.8.8"] = "api.example.com"
    on.logged = [QUIC]
    await on.packets.add_up()
    assert on.gate.raw[0].names == (("dns", "api.example.com"),)


async def test_repeats_are_one_capture_with_their_number(on: Stage) -> None:
    on.logged, on.counted = [QUIC] * 5 + [replace(QUIC, port=444)], {"udp": 6}
    await on.packets.add_up()
    await on.packets.stop()
    assert [seen.port for seen in on.gate.raw] == [443, 444]
    assert on.repeats == {"capture-1": 4}


async def test_what_the_log_lost_is_told_by_its_number(on: Stage) -> None:
    on.logged, on.counted = [QUIC], {"udp": 1000, "icmp": 1}
    await on.packets.add_up()
    seen, lost_udp, lost_icmp = on.gate.raw
    assert seen.port == 443
    assert (lost_udp.protocol, lost_udp.what, lost_udp.flags) == ("udp", refused_packets.UNREAD, (FLAG, "unread"))
    assert lost_icmp.protocol == "icmp"
    assert on.repeats == {"capture-2": 998}
    assert on.packets.unread == 1000


async def test_what_was_told_is_not_told_again(on: Stage) -> None:
    on.logged, on.counted = [QUIC], {"udp": 3}
    await on.packets.add_up()
    await on.packets.add_up()
    on.packets = on.again()
    await on.packets.add_up()
    assert len(on.gate.taken) == 2


async def test_what_was_refused_while_the_gateway_was_down_is_told(on: Stage) -> None:
    on.counted = {"udp": 3}
    await on.packets.add_up()
    on.packets, on.counted = on.again(), {"udp": 10}
    await on.packets.add_up()
    assert on.repeats == {"capture-1": 2, "capture-2": 6}


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(LedgerUnavailable("this cannot be recorded"), id="full-disk"),
        pytest.param(NotReady("Soundstage is starting"), id="at-start"),
        pytest.param(RuntimeError("a bug"), id="bug"),
    ],
)
async def test_what_could_not_be_recorded_is_told_later(on: Stage, trouble: Exception) -> None:
    on.gate.trouble = trouble
    on.logged, on.counted = [QUIC], {"udp": 1}
    with pytest.raises(type(trouble)):
        await on.packets.add_up()
    on.gate.trouble = None
    await on.packets.add_up()
    assert [seen.what for seen in on.gate.raw][-1] == refused_packets.UNREAD


async def test_a_scan_of_every_port_is_not_as_many_captures(on: Stage) -> None:
    on.logged = [replace(QUIC, port=port) for port in range(1, refused_packets.DISTINCT + 101)]
    await on.packets.add_up()
    assert len(on.gate.raw) == refused_packets.DISTINCT + 1
    assert on.gate.raw[-1].what == refused_packets.MANY
    await on.packets.stop()
    assert list(on.repeats.values()) == [99]


async def test_a_flood_waits_in_bounded_memory(on: Stage) -> None:
    on.logged = [QUIC] * (refused_packets.WAITING + 100)
    on.counted = {"udp": refused_packets.WAITING + 100}
    await on.packets.add_up()
    assert on.packets.unread == 100


async def test_a_policy_that_would_let_it_go_lets_nothing_go(on: Stage) -> None:
    on.gate.departs = True
    on.logged = [QUIC]
    await on.packets.add_up()
    assert on.gate.settled == [False]


async def test_without_rules_nothing_is_counted(on: Stage) -> None:
    on.counted = None
    await on.packets.add_up()
    assert (on.gate.taken, on.packets.counted) == ([], {})


async def test_while_started_it_reads_by_itself_and_says_what_keeps_it(on: Stage) -> None:
    on.packets.start()
    on.logged = [QUIC]
    on.packets.arrived()
    await on.gate.asked(1)
    on.gate.trouble, on.counted = LedgerUnavailable("the disk is full"), {"udp": 9}
    await until(lambda: on.packets.trouble == "refused packets cannot be counted: the disk is full")
    on.gate.trouble = None
    await until(lambda: on.packets.trouble is None and on.packets.unread == 8)
    await on.packets.stop()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - the condition is of the code under test, which has no event for it
            await asyncio.sleep(0.005)
