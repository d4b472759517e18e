"""The world of the small internet: answers at every address, and logs each IP packet that reaches it.

Its sockets are made inside the world's network namespace and belong to it wherever they are read.
"""

import ipaddress
import os
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

ETH_P_ALL = 3
IPV6_FREEBIND = 78
"""linux/in6.h."""
OUTGOING = 4
IP_PKTINFO = 8
"""linux/in.h; the interpreter has no name for it before 3.14."""
OWN_BUSINESS = range(130, 144)
"""ICMPv6 types that any interface sends by itself (RFC 4861, RFC 3810)."""
TCP_PORTS = (22, 25, 53, 80, 443, 465, 587, 853, 5432, 9999)
UDP_PORTS = (53, 443, 9999)
MARK_PORT = 9


@dataclass(frozen=True, slots=True)
class Packet:
    """One IP packet that arrived. `port` is 0 where the protocol has none."""

    source: str
    target: str
    protocol: str
    port: int


def inside[T](namespace: str, make: Callable[[], T]) -> T:
    """What `make` makes in that network namespace. A thread of its own enters it, and ends."""
    made: list[T] = []
    failed: list[BaseException] = []

    def enter() -> None:
        try:
            with open(f"/run/netns/{namespace}") as place:  # noqa: PTH123 - a descriptor is what setns takes
                os.setns(place.fileno(), os.CLONE_NEWNET)
            made.append(make())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made[0]


class World:
    """Open while the small internet stands. `interface` is its end of the link to the gateway."""

    def __init__(self, namespace: str, interface: str, mark: Callable[[int], None]) -> None:
        self._mark = mark
        self._marks = 0
        self._lock = threading.Condition()
        self._packets: list[Packet] = []
        self._marked: set[int] = set()
        self._selector = selectors.DefaultSelector()
        self._stop, self._stopped = socket.socketpair()
        self._selector.register(self._stopped, selectors.EVENT_READ, lambda _: None)
        inside(namespace, lambda: self._open(interface))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def packets(self) -> list[Packet]:
        """All that arrived up to now since the last reset: a packet sent after them has been seen to arrive."""
        self._marks += 1
        mark, deadline = self._marks, time.monotonic() + 60
        with self._lock:
            while mark not in self._marked:
                assert time.monotonic() < deadline, "the world does not see what is sent to it"
                self._mark(mark)
                self._lock.wait(0.2)
            return list(self._packets)

    def reset(self) -> None:
        """Forget what arrived up to now."""
        self.packets()
        with self._lock:
            self._packets.clear()

    def close(self) -> None:
        """End it."""
        self._stop.send(b"x")
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()
        self._stop.close()

    def _open(self, interface: str) -> None:
        sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        sniffer.bind((interface, ETH_P_ALL))
        self._selector.register(sniffer, selectors.EVENT_READ, self._sniffed)
        for port in TCP_PORTS:
            # The same port may be that of a real server at one address.
            listening = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, reuse_port=True)
            self._selector.register(listening, selectors.EVENT_READ, _greet)
        for port in UDP_PORTS:
            for family, every in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
                asked = socket.socket(family, socket.SOCK_DGRAM)
                if family == socket.AF_INET6:
                    asked.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    asked.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
                    # Else an answer from an address that is the world's by its route alone is an invalid argument.
                    asked.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
                else:
                    asked.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
                asked.bind((every, port))
                self._selector.register(asked, selectors.EVENT_READ, _echo)

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._stopped:
                    return
                key.data(key.fileobj)

    def _sniffed(self, sniffer: socket.socket) -> None:
        data, (_, ethertype, direction, *_) = sniffer.recvfrom(65535)
        if direction == OUTGOING:
            return
        packet, payload = read(ethertype, data)
        if packet is None:
            return
        with self._lock:
            if packet.protocol == "udp" and packet.port == MARK_PORT and payload.startswith(b"mark "):
                self._marked.add(int(payload[5:]))
                self._lock.notify_all()
            else:
                self._packets.append(packet)


def _greet(listening: socket.socket) -> None:
    """Every server of the world says the same: a way out that is answered cannot be overlooked."""
    there, _ = listening.accept()
    with there:
        there.sendall(b"220 the world\r\n")


def _echo(asked: socket.socket) -> None:
    """From the address that was asked, which the socket, bound to every one, would not choose."""
    data, told, _, there = asked.recvmsg(65535, 256)
    asked.sendmsg([data], told, 0, there)


def read(ethertype: int, data: bytes) -> tuple[Packet | None, bytes]:
    """The packet, and what it carries; None where it is no IP, or an interface's own business."""
    if ethertype == 0x0800:
        head = (data[0] & 15) * 4
        source, target, number = data[12:16], data[16:20], data[9]
    elif ethertype == 0x86DD:
        head = 40 if data[6] else 48
        source, target, number = data[8:24], data[24:40], data[6] or data[40]
        if number == 58 and data[head] in OWN_BUSINESS:
            return None, b""
    else:
        return None, b""
    protocol = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp"}.get(number, str(number))
    port = struct.unpack_from("!H", data, head + 2)[0] if protocol in ("tcp", "udp") else 0
    packet = Packet(str(ipaddress.ip_address(source)), str(ipaddress.ip_address(target)), protocol, port)
    return packet, data[head + 8 :]
