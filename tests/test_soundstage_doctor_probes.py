"""What the doctor's probes make of servers and of errors. Everything here stays on loopback."""

import errno
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from free_ports import nobody
from hypothesis import given
from hypothesis import strategies as st
from running import PATIENCE, Running, eventually

from soundstage.api import Api
from soundstage.doctor_attempt import Attempt, Outcome, Way
from soundstage.doctor_datagram import opening, read_answer
from soundstage.doctor_dns import answered_with, invented, question
from soundstage.doctor_errors import read_error
from soundstage.doctor_examination import examine, judged
from soundstage.doctor_http import read_answer as read_http
from soundstage.doctor_network import Surroundings
from soundstage.doctor_record import Recorded

CAPTURED = b"HTTP/1.1 403 Forbidden\r\nSoundstage-Capture: 0192-ab\r\nsoundstage-verdict: deny\r\n\r\n"
NEAR = ("10.77.0.1", "127.0.0.53")


def attempt(way: Way, port: int, host: str = "127.0.0.1", nonce: str = "sd9x1") -> Attempt:
    return Attempt(way, host, port, nonce)


def met(*attempts: Attempt, seconds: float = PATIENCE) -> list[Outcome]:
    return [one.outcome for one in examine(attempts, Surroundings(), seconds)]


@contextmanager
def server(answers: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server of one connection after the other, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    there, _ = listening.accept()
                except OSError:
                    return
                with there:
                    answers(there)

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def says(octets: bytes) -> Callable[[socket.socket], None]:
    def answer(there: socket.socket) -> None:
        there.settimeout(PATIENCE)
        there.recv(4096)
        there.sendall(octets)

    return answer


@pytest.mark.parametrize(
    ("octets", "outcome"),
    [
        (b"220 hi\r\n", Outcome("answered", "220 hi")),
        (b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\nSoundstage-Capture: 1", Outcome("answered", "HTTP/1.1 200 OK")),
        (CAPTURED, Outcome("ours", "HTTP/1.1 403 Forbidden", capture="0192-ab", verdict="deny")),
        (CAPTURED.replace(b"verdict", b"other"), Outcome("answered", "HTTP/1.1 403 Forbidden")),
        (b"\x1b[2J\r\n", Outcome("answered", "\\x1b[2J")),
        (b"", Outcome("connected", "it was closed without a word")),
    ],
    ids=["no-http", "headers-in-the-body", "ours", "half-ours", "control-characters", "nothing"],
)
def test_whose_an_answer_is(octets: bytes, outcome: Outcome) -> None:
    assert read_http(octets) == outcome


def test_servers_are_told_apart() -> None:
    with server(says(b"+PONG\r\n")) as other, server(says(CAPTURED)) as ours, server(lambda there: None) as mute:
        found = met(attempt("tcp", other), attempt("tls", other), attempt("host", ours), attempt("tcp", mute))
    assert [one.met for one in found] == ["answered", "answered", "ours", "connected"]
    assert found[1].detail.startswith("no TLS")


def test_mail_servers_are_told_apart() -> None:
    heard: list[bytes] = []

    def greets(banner: bytes) -> Callable[[socket.socket], None]:
        def answer(there: socket.socket) -> None:
            there.settimeout(PATIENCE)
            there.sendall(banner)
            heard.append(there.recv(100))
            there.sendall(b"250 ok\r\n")
            heard.append(there.recv(100))

        return answer

    with server(greets(b"220 x ESMTP Soundstage\r\n")) as ours, server(greets(b"220 mx ESMTP\r\n")) as other:
        found = met(attempt("smtp", ours)) + met(attempt("smtp", other))
    assert [one.met for one in found] == ["ours", "answered"]
    eventually(lambda: len(heard) == 4, "the server hears the last word")
    assert sorted(heard) == [b"EHLO soundstage-doctor.invalid\r\n"] * 2 + [b"QUIT\r\n"] * 2


def test_nobody_there_and_nobody_speaking() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, nobody() as gone:
        ports = [one.getsockname()[1] for one in (gone, silent)]
        found = met(*(attempt("tcp", port) for port in ports), seconds=0.3)
    assert [(one.met, one.by) for one in found] == [("turned_away", "neighbour"), ("connected", "somebody")]
    assert found[0].detail.startswith("ECONNREFUSED")


def test_a_datagram_that_nobody_takes_was_turned_away_here() -> None:
    with nobody(socket.SOCK_DGRAM) as gone:
        [found] = met(attempt("udp", gone.getsockname()[1]))
    assert (found.met, found.by) == ("turned_away", "here")


def test_a_name_without_an_address_reaches_nobody() -> None:
    [found] = met(attempt("smtp", 25, host="no such name"))
    assert found.met == "unresolved"


def dns_answer(asked: bytes, address: str = "", code: int = 0) -> bytes:
    records = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(address) if address else b""
    return asked[:2] + bytes([0x81, code, 0, 1, 0, bool(address), 0, 0, 0, 0]) + asked[12:] + records


@pytest.mark.parametrize(
    ("address", "code", "local", "wanted"),
    [
        pytest.param("198.18.0.9", 0, False, "ours", id="an-address-of-its-own"),
        pytest.param("10.77.0.1", 0, True, "ours", id="the-steered-address"),
        pytest.param("93.184.216.34", 0, False, "answered", id="a-public-address"),
        pytest.param("", 3, True, "answered", id="no-such-name-says-a-resolver-nearby"),
        pytest.param("", 2, True, "silent", id="a-resolver-nearby-that-cannot-ask"),
        pytest.param("", 2, False, "answered", id="a-server-far-away-that-cannot-ask"),
    ],
)
def test_whose_a_dns_answer_is(address: str, code: int, local: bool, wanted: str) -> None:
    asked = question("sd1x1.example.com")
    assert read_answer(dns_answer(asked, address, code), asked, local=local).met == wanted


@given(st.binary(max_size=200), st.booleans())
def test_no_octets_break_the_reading_of_an_answer(octets: bytes, echoed: bool) -> None:
    asked = question("sd1x1.example.com")
    read = answered_with(asked[:2] + b"\x80" + octets if echoed else octets, asked)
    assert read is None or invented(read) in (True, False)
    assert read_http(octets).met in ("answered", "connected", "ours")


def error(number: int, origin: int, sender: str) -> bytes:
    family = socket.AF_INET6 if ":" in sender else socket.AF_INET
    where = socket.inet_pton(family, sender) if sender else b"\0" * 4
    name = struct.pack("=HH", family if sender else 0, 0) + (b"\0" * 4 if ":" in sender else b"") + where + b"\0" * 8
    return struct.pack("=IBBBBII", number, origin, 3, 13, 0, 0, 0) + name


@pytest.mark.parametrize(
    ("data", "by"),
    [
        pytest.param(error(errno.EPERM, 1, ""), "here", id="of-the-kernel-itself"),
        pytest.param(error(errno.EHOSTUNREACH, 2, "127.0.0.1"), "here", id="of-loopback"),
        pytest.param(error(errno.EHOSTUNREACH, 3, "::1"), "here", id="of-loopback-over-ipv6"),
        pytest.param(error(errno.EHOSTUNREACH, 2, "10.77.0.1"), "neighbour", id="of-the-next-machine"),
        pytest.param(error(errno.ECONNREFUSED, 2, "192.0.2.1"), "beyond", id="of-the-target"),
        pytest.param(error(errno.ECONNREFUSED, 2, ""), "somebody", id="of-nobody-named"),
    ],
)
def test_who_turned_a_packet_away(data: bytes, by: str) -> None:
    assert read_error(data, lambda address: address in NEAR).by == by


def test_datagrams_are_what_their_servers_answer() -> None:
    quic, time = opening(attempt("udp", 443)), opening(attempt("udp", 123))
    assert (len(quic), quic[0], len(time), time[0]) == (1200, 0xC0, 48, 0x23)
    assert b"sd9x1" in opening(attempt("udp", 9999))


def test_the_record_has_the_last_word(gateway: Running, tmp_path: Path) -> None:
    """A proxy that is Soundstage's is captured and on record; a server nearby that is not is open."""
    api = Api(gateway.addresses["dashboard"], gateway.token)
    with api, server(says(b"220 somebody else\r\n")) as other, server(lambda there: None) as mute:
        record = Recorded(api)
        host, port = gateway.place("https")
        tried = (
            attempt("proxy", 0, host=f"http://{gateway.addresses['proxy']}", nonce="sd77x1"),
            attempt("tls", port, host=host, nonce="sd77x12"),
            attempt("tcp", other, nonce="sd77x3"),
            attempt("tcp", mute, nonce="sd77x4"),
            attempt("dns", gateway.place("dns")[1], nonce="sd77x5"),
        )
        found = judged(examine(tried, Surroundings(), PATIENCE), record)
        assert [one.verdict for one in found] == ["captured", "captured", "open", "open", "captured"], found
        for one, nonce in zip([*found[:2], found[4]], ("sd77x1.", "sd77x12.", "sd77x5."), strict=True):
            assert api.get(f"/api/captures/{one.capture}")["target"]["host"].startswith(nonce)


def test_no_client_of_the_doctor_trusts_or_sends_anything(tmp_path: Path) -> None:
    """What a server gets to see is a page that nobody has, of a client that says who it is."""
    heard: list[bytes] = []

    def hear(there: socket.socket) -> None:
        there.settimeout(PATIENCE)
        heard.append(there.recv(4096))

    with server(hear) as port:
        met(attempt("tcp", port))
    assert heard[0].split(b"\r\n")[:3] == [
        b"GET /soundstage-doctor-sd9x1 HTTP/1.1",
        f"Host: 127.0.0.1:{port}".encode(),
        b"User-Agent: soundstage-doctor",
    ]
