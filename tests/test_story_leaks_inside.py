"""What a tunnel or a request may hold that is neither: mail handed over through the HTTP proxy, DNS over HTTPS.

The same stand-in, ways in and engines as in `test_story_leaks`. Nothing of this reaches anybody outside.
"""

import asyncio
import smtplib
import socket
import ssl
from collections.abc import AsyncIterator

import dns.message
import pytest
import pytest_asyncio
from leak_house import ENGINES, OPEN, SHUT, WAYS, Engine, LeakHouse, Way, head, leak_house

NAMES = {"mitm": OPEN, "door": SHUT}


@pytest_asyncio.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LeakHouse]:
    async with leak_house(tmp_path_factory.mktemp("leaks")) as house:
        house.usual_policy()
        yield house


@pytest_asyncio.fixture(autouse=True)
async def nothing_arrives(house: LeakHouse) -> AsyncIterator[None]:
    """Whatever a test here does, the stand-in is not reached."""
    before = len(house.stand_in.arrivals)
    yield
    assert await house.reached() == before


class _TunnelledMail(smtplib.SMTP):
    """A mail client that goes through the HTTP proxy, as some are told to."""

    def __init__(self, house: LeakHouse, port: int) -> None:
        self._proxy = house.ways["explicit-https"]
        self._trusting = ssl.create_default_context(cafile=str(house.doors.ca.path))
        super().__init__("mx.customer.example", port, timeout=60)
        if port == 587:
            self.starttls(context=self._trusting)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock = socket.create_connection(self._proxy, timeout=timeout)
        sock.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        answered = b""
        while not answered.endswith(b"\r\n\r\n"):
            answered += sock.recv(1)
        return self._trusting.wrap_socket(sock, server_hostname=host) if port == 465 else sock


def _mailed(house: LeakHouse, port: int) -> None:
    with _TunnelledMail(house, port) as session:
        session.sendmail("shop@example.com", ["someone@customer.example"], "Subject: Your order\r\n\r\nhello\r\n")


@pytest.mark.parametrize("port", [25, 465, 587])
async def test_mail_in_a_tunnel_is_captured_as_mail(house: LeakHouse, port: int) -> None:
    since = house.reader.last_seq()
    await asyncio.to_thread(_mailed, house, port)
    (capture,) = await house.recorded(since)
    assert (capture.effect.channel, capture.decision.verdict) == ("email", "capture")
    assert (capture.facts["to"], capture.facts["server"]) == (
        ["someone@customer.example"],
        f"mx.customer.example:{port}",
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("way", WAYS)
async def test_a_question_over_https_is_recorded_by_its_name_and_leaves_nowhere(
    house: LeakHouse, way: Way, engine: Engine
) -> None:
    """The host of the resolver is opted in, where it is `mitm` that serves it."""
    scheme, target = ("https", house.secure) if way.endswith("https") else ("http", house.plain)
    name = f"{NAMES[engine]}:{target.port}"
    question = dns.message.make_query("secrets.evil.example", "A", id=0).to_wire()
    async with house.visit(way, engine) as visit:
        streams = await visit.begin(name, NAMES[engine])
        assert streams is not None
        reader, writer = streams
        at = f"{scheme}://{name}/allowed/x" if way == "explicit-http" else "/allowed/x"
        asked = f"POST {at} HTTP/1.1\r\nHost: {name}\r\nContent-Type: application/dns-message\r\n"
        writer.write(f"{asked}Content-Length: {len(question)}\r\n\r\n".encode() + question)
        assert (await head(reader)).startswith(b"HTTP/1.1 200")
        (capture,) = await visit.captures()
    assert (capture.effect.channel, capture.effect.protocol) == ("dns", "doh")
    assert (capture.effect.target.host, capture.left) == ("secrets.evil.example", False)
