"""The doctor's datagrams: UDP, DNS and pings."""

import select
import socket
import struct

from soundstage.doctor_attempt import Attempt, Outcome
from soundstage.doctor_connect import Patience, connected, family_of, place, resolved
from soundstage.doctor_dns import answered_with, invented, question, rcode
from soundstage.doctor_errors import Near, keep_errors, said, turned_away

FAILED = {2: "SERVFAIL", 5: "REFUSED"}


def datagram(attempt: Attempt, patience: Patience, near: Near) -> Outcome:
    """`udp`: what a server of that port answers, and does nothing else about."""
    address = resolved(attempt.host, attempt.port)
    answer = _exchanged(socket.SOCK_DGRAM, 0, address, attempt.port, opening(attempt), patience, near)
    return answer if isinstance(answer, Outcome) else Outcome("answered", f"{len(answer)} octets over UDP")


def asked(attempt: Attempt, patience: Patience, near: Near) -> Outcome:
    """`dns`."""
    sent = question(attempt.name)
    address = resolved(attempt.host, attempt.port)
    answer = _exchanged(socket.SOCK_DGRAM, 0, address, attempt.port, sent, patience, near)
    return answer if isinstance(answer, Outcome) else read_answer(answer, sent, local=near(address))


def asked_over_tcp(attempt: Attempt, patience: Patience, near: Near) -> Outcome:
    """`dns-tcp`: the same, with its length before it."""
    sent = question(attempt.name)
    address = resolved(attempt.host, attempt.port)
    with connected(address, attempt.port, patience) as sock:
        try:
            sock.sendall(struct.pack("!H", len(sent)) + sent)
            answer = sock.recv(2048)
        except TimeoutError:
            return Outcome("connected", "nobody said anything")
        except OSError as trouble:
            return Outcome("connected", f"it was cut: {trouble.strerror or trouble}")
    if not answer:
        return Outcome("connected", "it was closed without a word")
    return read_answer(answer[2:], sent, local=near(address))


def ping(attempt: Attempt, patience: Patience, near: Near) -> Outcome:
    """`icmp`: by a ping socket (icmp(7)), else by a raw one; who may make neither sends none."""
    address = resolved(attempt.host, 0)
    version_6 = family_of(address) == socket.AF_INET6
    number = socket.IPPROTO_ICMPV6 if version_6 else socket.IPPROTO_ICMP
    echo = struct.pack("!BBHHH", 128 if version_6 else 8, 0, 0, 0x50D, 1) + attempt.nonce.encode()
    if not version_6:
        echo = echo[:2] + struct.pack("!H", _sum(echo)) + echo[4:]
    met = _exchanged(socket.SOCK_DGRAM, number, address, 0, echo, patience, near)
    if isinstance(met, Outcome) and met.met == "kept":
        raw = _exchanged(socket.SOCK_RAW, number, address, 0, echo, patience, near)
        met = met if isinstance(raw, Outcome) and raw.met == "kept" else raw
    return met if isinstance(met, Outcome) else Outcome("answered", "an echo reply")


def opening(attempt: Attempt) -> bytes:
    """By port: QUIC of a version that does not exist, which a server only says so of (RFC 9000, 6); a question for the
    time (RFC 5905); else the nonce."""
    if attempt.port == 443:
        first = b"\xc0\x5a\x5a\x5a\x5a" + b"\x08" + attempt.nonce.encode()[:8].ljust(8, b"x") + b"\0"
        return first.ljust(1200, b"\0")
    if attempt.port == 123:
        return b"\x23".ljust(48, b"\0")
    return f"soundstage-doctor-{attempt.nonce}".encode()


def read_answer(octets: bytes, sent: bytes, *, local: bool) -> Outcome:
    """Soundstage gives the name an address of its own; anybody else who answers does not know it.

    A resolver nearby that says it cannot answer may have asked further, or not: that is silence, not an answer.
    """
    address = answered_with(octets, sent)
    if invented(address):
        return Outcome("ours", f"the name is {address} there", verdict="deny")
    if address is None and local and rcode(octets) in FAILED:
        return Outcome("silent", FAILED[rcode(octets)])
    said_no = f"an answer of {len(octets)} octets, code {rcode(octets)}"
    return Outcome("answered", f"the name is {address} there" if address else said_no)


def _exchanged(
    kind: int, protocol: int, address: str, port: int, octets: bytes, patience: Patience, near: Near
) -> bytes | Outcome:
    try:
        sock = socket.socket(family_of(address), kind, protocol)
    except OSError as trouble:
        return Outcome("kept", f"there may be no such socket: {said(trouble.errno or 0)}", "here")
    patience.begin()
    with sock:
        keep_errors(sock)
        try:
            sock.connect(place(address, port))
            sock.send(octets)
        except OSError as trouble:
            # What is refused on its way out comes back within the call; so may an error from nearby.
            return turned_away(sock, near) or Outcome("kept", said(trouble.errno or 0), "here")
        return _waited(sock, octets, patience, near)


def _waited(sock: socket.socket, sent: bytes, patience: Patience, near: Near) -> bytes | Outcome:
    waiting = select.poll()
    waiting.register(sock, select.POLLIN | select.POLLERR)
    while waiting.poll(patience.left * 1000):
        away = turned_away(sock, near)
        if away is not None:
            return away
        try:
            answer = sock.recv(4096, socket.MSG_DONTWAIT)
        except BlockingIOError:
            continue
        except OSError as trouble:
            return Outcome("turned_away", said(trouble.errno or 0))
        if sock.type != socket.SOCK_RAW or _is_reply(answer, sent):
            return answer
    return Outcome("silent")


def _is_reply(answer: bytes, sent: bytes) -> bool:
    """A raw socket sees every machine's packets."""
    return sent[8:] in answer and answer[-len(sent) :][:1] in (b"\0", b"\x81")


def _sum(octets: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = octets + b"\0" * (len(octets) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
