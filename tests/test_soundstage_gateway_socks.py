"""Real clients of the SOCKS entrance, before the gateway's own rooms and a stand-in outside.

Whether something leaked is read from the stand-in's log; whether it was recorded, from the ledger.
"""

import asyncio
import contextlib
import shutil
import smtplib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from leak_house import ADDRESS, OPEN, SHUT, LeakHouse, leak_house
from running import PATIENCE

from ledger.capture import Capture
from sinks.canary import HOST

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="not installed: curl")


@dataclass
class Here:
    """The gateway's rooms, and where the SOCKS entrance is."""

    house: LeakHouse
    since: int = 0

    @property
    def place(self) -> tuple[str, int]:
        return self.house.doors.bound["socks"]

    async def curl(self, option: str, url: str, *more: str, who: str = "") -> str:
        """What curl prints: status, HTTP's version and our verdict; `000` and its exit code for no answer."""
        host, port = self.place
        words = [
            "--silent", "--max-time", f"{PATIENCE:g}", "--noproxy", "", "--output", "/dev/null", "--cacert",
            str(self.house.doors.ca.path), "--write-out", "%{http_code} %{http_version} %header{soundstage-verdict}",
            option, f"{who}{host}:{port}", *more, url,
        ]  # fmt: skip
        process = await asyncio.create_subprocess_exec("curl", *words, stdout=asyncio.subprocess.PIPE)
        told, _ = await asyncio.wait_for(process.communicate(), 2 * PATIENCE)
        return told.decode().strip()

    async def captures(self, count: int = 1) -> list[Capture]:
        """What was recorded since the test began, once that is at least so many."""
        return await self.house.recorded(self.since, count)


@pytest.fixture(scope="module")
async def standing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Here]:
    async with leak_house(tmp_path_factory.mktemp("socks")) as house:
        yield Here(house)


@pytest.fixture
def here(standing: Here) -> Here:
    standing.since = standing.house.forgotten()
    return standing


def url(here: Here, name: str, scheme: str = "https") -> str:
    port = here.house.secure.port if scheme == "https" else here.house.plain.port
    return f"{scheme}://{name}:{port}/allowed/x"


@pytest.mark.parametrize("option", ["--socks5-hostname", "--socks4a"])
@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_a_name_is_judged_as_everywhere(here: Here, option: str, scheme: str) -> None:
    assert await here.curl(option, url(here, SHUT, scheme)) == "403 1.1 deny"
    [capture] = await here.captures()
    assert (capture.effect.target.host, capture.left) == (SHUT, False)
    assert await here.house.reached() == 0
    assert (await here.curl(option, url(here, OPEN, scheme)))[:3] == "200"
    assert await here.house.reached() == 1


@pytest.mark.parametrize("option", ["--socks5", "--socks4"])
async def test_a_client_that_resolves_by_itself_is_known_by_sni(here: Here, option: str) -> None:
    resolved = ("--resolve", f"{SHUT}:{here.house.secure.port}:203.0.113.9")
    assert await here.curl(option, url(here, SHUT), *resolved) == "403 1.1 deny"
    [capture] = await here.captures()
    assert (capture.effect.target.host, capture.facts["address"]) == (SHUT, "203.0.113.9")
    resolved = ("--resolve", f"{OPEN}:{here.house.secure.port}:203.0.113.9")
    assert (await here.curl(option, url(here, OPEN), *resolved))[:3] == "200"
    [arrival] = here.house.secure.arrivals
    assert arrival.address == ADDRESS  # dialled by its name, never by the address the client used


async def test_a_name_that_is_opted_in_carries_no_other(here: Here) -> None:
    told = await here.curl("--socks5-hostname", url(here, SHUT), "--connect-to", f"{SHUT}::{OPEN}:")
    assert told == "403 2 deny"
    [capture] = await here.captures()
    assert capture.decision.rule == "never:names-disagree"
    assert await here.house.reached() == 0


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        pytest.param("http://169.254.169.254/latest/", "never:metadata", id="metadata"),
        pytest.param("http://metadata.google.internal/", "never:metadata", id="metadata-by-name"),
        pytest.param("http://0x7f000001:{own}/", "never:own-socket", id="soundstage-itself"),
    ],
)
async def test_what_nothing_may_reach_is_refused_in_its_own_shape(here: Here, target: str, rule: str) -> None:
    target = target.format(own=here.place[1])
    assert await here.curl("--socks5-hostname", target) == "403 1.1 deny"
    [capture] = await here.captures()
    assert (capture.decision.rule, capture.left) == (rule, False)


async def test_credentials_say_whose_it_is(here: Here) -> None:
    runs = here.house.ground.runs
    runs.open("ci-socks", "ci-socks", datetime.now(UTC))
    token = runs.keys.token("ci-socks")
    await here.curl("--socks5-hostname", url(here, SHUT), who=f"ci-socks:{token}@")
    await here.curl("--socks4a", url(here, SHUT), who=f"ci-socks%3A{token}@")
    await here.curl("--socks5-hostname", url(here, SHUT), who="ci-socks:wrong@")
    await here.curl("--socks5-hostname", url(here, SHUT))
    captures = await here.captures(4)
    assert [capture.effect.run for capture in captures] == ["ci-socks", "ci-socks", "unattributed", "unattributed"]
    assert "wrong_run_token" in captures[2].flags
    assert token not in str(captures)


async def test_a_canary_arrives_by_socks_too(here: Here) -> None:
    runs = here.house.ground.runs
    runs.open("ci-canary", "ci-canary", datetime.now(UTC), canaries=True)
    who = f"ci-canary:{runs.keys.token('ci-canary')}@"
    canary = f"http://{HOST}/ci-canary/begin"
    assert await here.curl("--socks5-hostname", canary, who=who) == "200 1.1 capture"
    assert await here.curl("--socks5-hostname", canary) == "403 1.1 deny"
    [stray] = await here.captures()
    assert (stray.effect.target.host, stray.effect.run) == (HOST, "unattributed")
    held = runs.held("ci-canary")
    assert held is not None
    assert held.run.canaries is not None
    assert held.run.canaries["begin"]["http"]


def _granted(place: tuple[str, int], name: bytes, port: int) -> socket.socket:
    """A raw client's connection, once it is granted."""
    client = socket.create_connection(place, timeout=PATIENCE)
    with contextlib.ExitStack() as opened:
        opened.callback(client.close)
        client.sendall(b"\x05\x01\x00\x05\x01\x00\x03" + bytes([len(name)]) + name + port.to_bytes(2))
        answered = b""
        while len(answered) < 12:
            answered += client.recv(12 - len(answered))
        assert answered[:4] == b"\x05\x00\x05\x00"
        opened.pop_all()
    return client


class _Smtp(smtplib.SMTP):
    """As a mail client behind PySocks: the connection is made by SOCKS."""

    def __init__(self, place: tuple[str, int]) -> None:
        self._place = place
        super().__init__("mx.customer.example", 25, timeout=PATIENCE)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _granted(self._place, host.encode(), port)


def _send(place: tuple[str, int]) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.com", "someone@customer.example", "Your order"
    mail.set_content("It is on its way.")
    with _Smtp(place) as server:
        server.send_message(mail)


async def test_mail_is_captured_with_the_server_it_was_meant_for(here: Here) -> None:
    await asyncio.to_thread(_send, here.place)
    [capture] = await here.captures()
    assert (capture.effect.channel, capture.decision.verdict) == ("email", "capture")
    assert capture.facts["to"] == ["someone@customer.example"]
    assert capture.facts["server"] == "mx.customer.example:25"


def _database(place: tuple[str, int]) -> bytes:
    with _granted(place, b"db.example.com", 5432) as client:
        client.sendall(b"\0\0\0\x16\0\3\0\0user\0postgres\0\0")
        with contextlib.suppress(ConnectionResetError):
            return client.recv(100)
    return b"reset"


async def test_a_database_is_refused_and_recorded_by_its_name(here: Here) -> None:
    assert await asyncio.to_thread(_database, here.place) == b"reset"
    [capture] = await here.captures()
    assert (capture.effect.channel, capture.effect.protocol) == ("socket", "postgresql")
    assert (capture.effect.target.host, capture.decision.verdict) == ("db.example.com", "deny")


@pytest.mark.parametrize("command", [pytest.param(2, id="bind"), pytest.param(3, id="udp-associate")])
async def test_what_is_no_connection_is_on_record(here: Here, command: int) -> None:
    reader, writer = await asyncio.open_connection(*here.place)
    writer.write(b"\x05\x01\x00\x05" + bytes([command]) + b"\x00\x01\x08\x08\x08\x08\x00\x35")
    assert await asyncio.wait_for(reader.read(), PATIENCE) == b"\x05\x00\x05\x07\x00\x01" + bytes(6)
    writer.close()
    [capture] = await here.captures()
    assert (capture.effect.target.host, capture.effect.target.port) == ("8.8.8.8", 53)
    assert (capture.effect.protocol, capture.decision.verdict, capture.left) == ("socks", "deny", False)


async def test_an_associate_to_nowhere_is_on_record_too(here: Here) -> None:
    reader, writer = await asyncio.open_connection(*here.place)
    writer.write(b"\x05\x01\x00\x05\x03\x00\x01" + bytes(6))
    assert (await asyncio.wait_for(reader.read(), PATIENCE))[2:4] == b"\x05\x07"
    writer.close()
    [capture] = await here.captures()
    assert "UDP ASSOCIATE" in capture.facts["what"]
