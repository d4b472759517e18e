"""Real clients in a network where everything is redirected, before the gateway's own rooms and a stand-in outside.

Whether something leaked is read from the stand-in's log; whether it was recorded, from the ledger.
"""

import asyncio
import contextlib
import shutil
import smtplib
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from email.message import EmailMessage

import dns.message
import dns.query
import pytest
from http2_client import Http2Client
from leak_house import OPEN, SHUT, LeakHouse, leak_house
from redirecting_namespace import RedirectingNamespace, redirecting
from running import PATIENCE

from ledger.capture import Capture
from proxy.listener import Listener
from soundstage.gateway_transparent import transparent_entrance

__all__ = ["redirecting"]
SOMEWHERE, SOMEWHERE_V6 = "203.0.113.9", "2001:db8::9"


@dataclass
class Redirected:
    """The gateway's rooms, and a network that has no way but to them."""

    house: LeakHouse
    network: RedirectingNamespace
    since: int = 0

    async def inside[T](self, what: Callable[[], T]) -> T:
        """What a function gives that is called inside."""
        return await asyncio.to_thread(self.network.inside, what)

    async def curl(self, name: str, address: str, path: str, *more: str, port: int = 0, scheme: str = "https") -> str:
        """What curl prints: the status and the version of HTTP, and the answer's verdict; or `000` for none."""
        port = port or (self.house.secure.port if scheme == "https" else self.house.plain.port)
        shown = f"[{address}]" if ":" in address else address
        words = [
            "curl", "--silent", "--max-time", f"{PATIENCE:g}", "--noproxy", "*", "--output", "/dev/null",
            "--cacert", str(self.house.doors.ca.path), "--resolve", f"{name}:{port}:{shown}",
            "--write-out", "%{http_code} %{http_version} %header{soundstage-verdict}",
            *more, f"{scheme}://{name}:{port}{path}",
        ]  # fmt: skip
        done = await self.inside(
            lambda: subprocess.run(words, capture_output=True, text=True, timeout=2 * PATIENCE, check=False)
        )
        return done.stdout.strip()

    async def captures(self, count: int = 1) -> list[Capture]:
        """What was recorded since the test began, once that is at least so many."""
        return await self.house.recorded(self.since, count)


@pytest.fixture(scope="module")
async def standing(
    tmp_path_factory: pytest.TempPathFactory, redirecting: RedirectingNamespace
) -> AsyncIterator[Redirected]:
    if shutil.which("curl") is None:
        pytest.skip("not installed: curl")
    async with leak_house(tmp_path_factory.mktemp("redirected")) as house:
        listener = Listener(transparent_entrance(house.doors, house.judging))
        listener.start_on(redirecting.listening("::"))
        yield Redirected(house, redirecting)
        await listener.stop()


@pytest.fixture
def here(standing: Redirected) -> Redirected:
    standing.since = standing.house.forgotten()
    return standing


@pytest.mark.parametrize("address", [pytest.param(SOMEWHERE, id="ipv4"), pytest.param(SOMEWHERE_V6, id="ipv6")])
async def test_what_nobody_opted_in_stays_here(here: Redirected, address: str) -> None:
    assert await here.curl(SHUT, address, "/allowed/x", "--http2") == "403 1.1 deny"  # the door's choice of the two
    [capture] = await here.captures()
    assert (capture.effect.target.host, capture.effect.target.port) == (SHUT, here.house.secure.port)
    assert capture.facts["address"] == address
    assert not capture.left
    assert await here.house.reached() == 0


async def test_http2_alone_stays_here_too(here: Redirected) -> None:
    client = here.network.client()
    loop = asyncio.get_running_loop()
    await asyncio.wait_for(loop.sock_connect(client, (SOMEWHERE, here.house.secure.port)), PATIENCE)
    trusting = ssl.create_default_context(cafile=str(here.house.doors.ca.path))
    trusting.set_alpn_protocols(["h2"])
    http2 = Http2Client(*await asyncio.open_connection(sock=client, ssl=trusting, server_hostname=SHUT))
    stream = http2.send(f"{SHUT}:{here.house.secure.port}", "/allowed/x")
    await http2.until(stream)
    http2.writer.close()
    assert stream.headers[":status"] == "403"
    [capture] = await here.captures()
    assert (capture.effect.protocol, capture.effect.target.host, capture.left) == ("h2", SHUT, False)
    assert await here.house.reached() == 0


@pytest.mark.parametrize(
    ("option", "version"), [pytest.param("--http1.1", "1.1", id="http1"), pytest.param("--http2", "2", id="http2")]
)
async def test_what_was_opted_in_is_dialled_by_its_name(here: Redirected, option: str, version: str) -> None:
    assert await here.curl(OPEN, SOMEWHERE, "/allowed/x", option) == f"200 {version}"
    assert len(here.house.secure.requests) == 1
    [capture] = await here.captures()
    assert (capture.decision.verdict, capture.left, capture.facts["address"]) == ("allow", True, SOMEWHERE)


async def test_http_in_the_clear_is_judged_alike(here: Redirected) -> None:
    assert (await here.curl(OPEN, SOMEWHERE, "/allowed/x", scheme="http"))[:3] == "200"
    assert await here.curl(SHUT, SOMEWHERE, "/allowed/x", scheme="http") == "403 1.1 deny"
    assert len(here.house.plain.requests) == 1
    assert [capture.left for capture in await here.captures(2)] == [True, False]


async def test_http2_in_the_clear_is_judged_alike(here: Redirected) -> None:
    told = await here.curl(SHUT, SOMEWHERE, "/x", "--http2-prior-knowledge", scheme="http")
    assert told == "403 2 deny"
    [capture] = await here.captures()
    assert (capture.effect.protocol, capture.effect.target.host) == ("h2", SHUT)


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        pytest.param("169.254.169.254", "never:metadata", id="metadata"),
        pytest.param("169.254.1.1", "never:link-local", id="link-local"),
        pytest.param("fd00:ec2::254", "never:metadata", id="metadata-ipv6"),
    ],
)
async def test_an_opted_in_name_opens_no_address(here: Redirected, address: str, rule: str) -> None:
    assert (await here.curl(OPEN, address, "/allowed/x"))[:3] == "403"
    [capture] = await here.captures()
    assert (capture.decision.rule, capture.left) == (rule, False)
    assert await here.house.reached() == 0


async def test_the_address_of_a_name_is_that_name_and_no_other(here: Redirected) -> None:
    names = here.house.doors.names
    assert (await here.curl(OPEN, names.address_of(OPEN), "/allowed/x"))[:3] == "200"
    assert (await here.curl(OPEN, names.address_of(f"{OPEN}.svc.cluster.local"), "/allowed/x"))[:3] == "200"
    assert len(here.house.secure.requests) == 2
    assert (await here.curl(OPEN, names.address_of(SHUT), "/allowed/x"))[:3] == "403"
    assert len(here.house.secure.requests) == 2
    refused = (await here.captures(3))[2]
    assert refused.decision.rule == "never:names-disagree"
    assert f"the DNS answer it went by is {SHUT}, but SNI names {OPEN}" in refused.decision.reason


def _raw(network: RedirectingNamespace, address: str, port: int, said: bytes) -> bytes:
    with contextlib.closing(network.client()) as client:
        client.settimeout(PATIENCE)
        client.connect((address, port))
        client.sendall(said)
        with contextlib.suppress(ConnectionResetError):
            return client.recv(100)
    return b"reset"


async def test_a_database_is_refused_and_recorded_by_its_name(here: Redirected) -> None:
    address = here.house.doors.names.address_of("db.example.com")
    startup = b"\0\0\0\x16\0\3\0\0user\0postgres\0\0"
    assert await asyncio.to_thread(_raw, here.network, address, 5432, startup) == b"reset"
    [capture] = await here.captures()
    assert (capture.effect.channel, capture.effect.protocol) == ("socket", "postgresql")
    assert (capture.effect.target.host, capture.effect.target.port) == ("db.example.com", 5432)
    assert (capture.decision.verdict, capture.facts["what"]) == ("deny", "PostgreSQL")


def _send(address: str, port: int) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.com", "someone@customer.example", "Your order"
    mail.set_content("It is on its way.")
    with smtplib.SMTP(address, port, timeout=PATIENCE) as server:
        server.send_message(mail)


@pytest.mark.parametrize("port", [25, 587])
async def test_mail_to_any_server_is_captured_with_the_server_it_was_meant_for(here: Redirected, port: int) -> None:
    address = here.house.doors.names.address_of("mx1.customer.example")
    await here.inside(lambda: _send(address, port))
    [capture] = await here.captures()
    assert (capture.effect.channel, capture.decision.verdict) == ("email", "capture")
    assert capture.facts["to"] == ["someone@customer.example"]
    assert capture.facts["server"] == f"mx1.customer.example:{port}"


def _asked(address: str) -> None:
    with smtplib.SMTP(address, 25, timeout=PATIENCE) as server:
        server.ehlo()


async def test_a_mail_session_without_a_mail_is_an_attempt_too(here: Redirected) -> None:
    await here.inside(lambda: _asked(SOMEWHERE))
    [capture] = await here.captures()
    assert (capture.effect.protocol, capture.effect.target.host) == ("smtp", SOMEWHERE)
    assert "no mail was handed over" in capture.facts["what"]


def _question(network: RedirectingNamespace) -> dns.message.Message:
    client = network.client()
    client.settimeout(PATIENCE)
    client.connect(("8.8.8.8", 53))
    query = dns.message.make_query("api.example.com", "A")
    with client:
        return dns.query.tcp(query, "8.8.8.8", timeout=PATIENCE, sock=client)


async def test_dns_over_tcp_to_any_resolver_is_answered_here(here: Redirected) -> None:
    response = await asyncio.to_thread(_question, here.network)
    assert [item.to_text() for item in response.answer[0]] == ["127.0.0.1"]
    [capture] = await here.captures()
    assert (capture.effect.channel, capture.facts["server"]) == ("dns", "8.8.8.8:53")
