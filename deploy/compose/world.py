"""The stand-in for what lies outside: takes TCP connections and DNS questions on every address, and logs all it sees.

`world.py LOG PORT...` listens on those TCP ports and on UDP 53 (`--questions-at ADDRESS`). `--packets INTERFACE` also
logs every IP packet that comes in there, answered or not. One line of the log is one sighting, in the order of arrival.
"""

import argparse
import asyncio
import ipaddress
import socket
from pathlib import Path
from typing import TextIO

ETH_P_ALL, OUTGOING = 3, 4
ROUTER_AND_NEIGHBOUR = range(130, 144)
"""ICMPv6 types that any interface sends by itself (RFC 4861, RFC 3810)."""


class World(asyncio.DatagramProtocol):
    """Answers whoever comes, because a way out that is answered is one that a probe cannot overlook."""

    def __init__(self, log: TextIO) -> None:
        self._log = log

    def say(self, what: str) -> None:
        """One sighting."""
        self._log.write(f"{what}\n")
        self._log.flush()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket for questions is open."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A DNS question is answered with its own header, marked as an answer without records (RFC 1035, 4.1.1)."""
        self.say(f"question from {addr[0]}")
        if isinstance(self._transport, asyncio.DatagramTransport):
            self._transport.sendto(data[:2] + b"\x81\x80" + data[4:], addr)

    async def conversation(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection is taken and closed."""
        here, there = writer.get_extra_info("sockname"), writer.get_extra_info("peername")
        self.say(f"connection from {there[0]} to {here[0]} port {here[1]}")
        writer.close()

    def packet(self, sniffer: socket.socket) -> None:
        """Log one packet of the interface unless it is one that this side sends."""
        data, (_, protocol, direction, *_) = sniffer.recvfrom(65535)
        if direction != OUTGOING and (told := _addresses(protocol, data)):
            self.say(f"packet {told}")


def _addresses(protocol: int, data: bytes) -> str:
    if protocol == 0x0800:
        return f"{ipaddress.ip_address(data[12:16])} to {ipaddress.ip_address(data[16:20])} protocol {data[9]}"
    if protocol != 0x86DD or _own_business(data):
        return ""
    return f"{ipaddress.ip_address(data[8:24])} to {ipaddress.ip_address(data[24:40])} protocol {data[6]}"


def _own_business(data: bytes) -> bool:
    """Whether it is an IPv6 packet that any interface sends by itself; MLD stands behind 8 octets of options."""
    first, kind = (data[6], data[40]) if data[6] else (data[40], data[48])
    return first == 58 and kind in ROUTER_AND_NEIGHBOUR


async def serve(log: TextIO, ports: list[int], answering: str, interface: str | None) -> None:
    """Listen until the process is ended; "ready" is the first line of the log."""
    world, loop = World(log), asyncio.get_running_loop()
    if interface:
        sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        sniffer.bind((interface, ETH_P_ALL))
        loop.add_reader(sniffer, world.packet, sniffer)
    for port in ports:
        await asyncio.start_server(world.conversation, None, port)
    await loop.create_datagram_endpoint(lambda: world, (answering, 53))
    world.say("ready")
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log")
    parser.add_argument("ports", type=int, nargs="+")
    # A socket on every address would answer from another one than it was asked at.
    parser.add_argument("--questions-at", metavar="ADDRESS", default="0.0.0.0")
    parser.add_argument("--packets", metavar="INTERFACE")
    arguments = parser.parse_args()
    with Path(arguments.log).open("a") as log:
        asyncio.run(serve(log, arguments.ports, arguments.questions_at, arguments.packets))
