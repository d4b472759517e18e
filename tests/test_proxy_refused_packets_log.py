"""The packet log and the counters on a real kernel, in a network of the test's own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_internet import SmallInternet, cannot
from small_internet_world import inside

from proxy.refused_packets_head import PacketHead
from proxy.refused_packets_log import PacketLog, PacketLogClosed, read_counters

pytestmark = pytest.mark.skipif(cannot() is not None, reason=str(cannot()))
GROUP = 7
RULES = f"""
table inet soundstage {{
    counter refused_udp {{ }}
    counter refused_tcp {{ }}
    counter another {{ }}
    chain out {{
        type filter hook output priority 0; policy accept;
        udp dport 443 counter name refused_udp log group {GROUP} snaplen 128 queue-threshold 1 drop
    }}
}}
table inet neighbour {{
    counter refused_udp {{ packets 99 bytes 99 }}
}}
"""


@pytest.fixture
def net() -> Iterator[SmallInternet]:
    with SmallInternet() as made:
        yield made


@pytest.fixture
def log(net: SmallInternet) -> Iterator[PacketLog]:
    net.within("gateway", "nft", "--file", "-", given=RULES)
    made = inside(net.names["gateway"], lambda: PacketLog(GROUP))
    yield made
    made.close()


def sent(net: SmallInternet, times: int) -> None:
    script = "import contextlib, socket\ns = socket.socket(2, 2)\n"
    script += f"for _ in range({times}):\n    with contextlib.suppress(OSError): s.sendto(b'hello', ('8.8.8.8', 443))\n"
    net.within("gateway", "python3", "-c", script)


def taken(log: PacketLog) -> list[PacketHead]:
    deadline = time.monotonic() + 60
    while not (found := log.take()):
        assert time.monotonic() < deadline, "no packet was logged"
    return found


def test_a_packet_is_read_as_soon_as_it_is_refused(net: SmallInternet, log: PacketLog) -> None:
    assert log.take() == []
    sent(net, 1)
    [head] = taken(log)
    assert (head.target, head.protocol, head.port, head.opening) == ("8.8.8.8", "udp", 443, b"hello")


def test_counters_are_those_of_our_table_alone(net: SmallInternet, log: PacketLog) -> None:
    sent(net, 3)
    assert inside(net.names["gateway"], read_counters) == {"udp": 3, "tcp": 0}


def test_without_rules_there_are_no_counters(net: SmallInternet) -> None:
    assert inside(net.names["gateway"], read_counters) is None


def test_more_than_the_buffer_holds_is_told_as_such(net: SmallInternet, log: PacketLog) -> None:
    """ENOBUFS is no end of reading; how much was lost, the counters know."""
    log.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sent(net, 300)
    read = 0
    while heads := log.take():
        read += len(heads)
    assert log.overflows
    assert 0 < read < 300
    assert inside(net.names["gateway"], read_counters) == {"udp": 300, "tcp": 0}
    sent(net, 1)
    assert taken(log)


def test_a_group_has_one_reader(net: SmallInternet, log: PacketLog) -> None:
    with pytest.raises(PacketLogClosed, match=r"log group 7: .* a group that no other program reads"):
        inside(net.names["gateway"], lambda: PacketLog(GROUP))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be without a power it had")
def test_without_the_power_it_says_which(net: SmallInternet) -> None:
    script = "from proxy.refused_packets_log import PacketLog\nPacketLog(7)"
    words = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", sys.executable, "-c", script]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent, timeout=60
    )
    assert "refused packets cannot be read from log group 7: it needs CAP_NET_ADMIN" in done.stderr
