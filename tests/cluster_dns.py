"""A cluster's DNS server, as a pod of it: it knows the cluster's names, and asks the world about all others."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable, Mapping

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rrset

FORWARDER = ("9.9.9.9", 53)
ZONE = "cluster.local."


class ClusterDns:
    """Serves from when it is made until it is closed. `inside`: makes a socket in its pod; `names`: absolute, to IPv4.

    What it asks the world is not waited for: the answer is NXDOMAIN, and the world's log has the question.
    """

    def __init__(
        self, inside: Callable[[Callable[[], socket.socket]], socket.socket], names: Mapping[str, str]
    ) -> None:
        self._names = names
        self._asked = inside(lambda: _bound(53))
        self._forward = inside(lambda: _bound(0))
        self._tcp = inside(lambda: socket.create_server(("0.0.0.0", 53)))
        self._stop, stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, args=(stopped,))
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._stop.close()
        self._thread.join()
        for one in (self._asked, self._forward, self._tcp):
            one.close()

    def _serve(self, stopped: socket.socket) -> None:
        with selectors.DefaultSelector() as selector, stopped:
            selector.register(stopped, selectors.EVENT_READ)
            selector.register(self._asked, selectors.EVENT_READ)
            while all(key.fileobj is not stopped for key, _ in selector.select()):
                data, there = self._asked.recvfrom(4096)
                with contextlib.suppress(dns.exception.DNSException):
                    self._asked.sendto(self._answered(dns.message.from_wire(data)), there)

    def _answered(self, asked: dns.message.Message) -> bytes:
        answer = dns.message.make_response(asked)
        [question] = asked.question
        name = str(question.name).lower()
        if name in self._names and question.rdtype == dns.rdatatype.A:
            answer.answer.append(dns.rrset.from_text(question.name, 5, "IN", "A", self._names[name]))
        elif name not in self._names:
            answer.set_rcode(dns.rcode.NXDOMAIN)
            if not name.endswith(ZONE):
                self._forward.sendto(asked.to_wire(), FORWARDER)
        return answer.to_wire()


def _bound(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("0.0.0.0", port))
    return made
