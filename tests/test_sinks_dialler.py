"""The dialler: no ticket, no dial; every address judged; a judged one dialled. Judged by what the destination saw."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from free_ports import nobody
from smtp_stage import server_context

from sinks.dialler import TICKET_SECONDS, CannotDial, Dialler, DialRefused, NoTicket
from sinks.hosts_file import HostsFile
from sinks.resolver import NameNotFound
from sinks.ticket import Ticket

LOOPBACK = ("127.0.0.0/8", "::1/128")
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


class Names:
    """A resolver the test controls."""

    def __init__(self, **names: tuple[str, ...]) -> None:
        self.names = {name.replace("_", "."): addresses for name, addresses in names.items()}
        self.asked: list[str] = []

    async def addresses(self, host: str) -> tuple[str, ...]:
        self.asked.append(host)
        try:
            return self.names[host]
        except KeyError:
            raise NameNotFound(f"the name {host} is not known") from None


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def trap(host: str = "127.0.0.1") -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that logs each connection. The log is whole once the block has been left."""
    seen: list[bytes] = []
    serving: list[asyncio.Event] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(over := asyncio.Event())
        octets = await reader.read()
        if octets != b"last":
            seen.append(octets)
        writer.close()
        over.set()

    server = await asyncio.start_server(serve, host, 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield port, seen
        # Connections are accepted in order: once this one is answered, any made before has been logged.
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"last")
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 60)
        writer.close()
        for over in serving:
            await asyncio.wait_for(over.wait(), 60)
    finally:
        server.close()


def ticket(port: int = 443, host: str = "relay.test", addresses: tuple[str, ...] = LOOPBACK) -> Ticket:
    return Ticket("client-1", host, port, addresses)


async def test_a_ticket_opens_one_connection() -> None:
    names = Names(relay_test=("127.0.0.1",))
    dialler = Dialler(names)
    async with trap() as (port, seen):
        dialler.issue(ticket(port))
        sock = await dialler.dial(ticket(port))
        assert sock.getpeername() == ("127.0.0.1", port)
        sock.sendall(b"hello")
        sock.close()
        with pytest.raises(NoTicket, match=f"nothing was let out to relay.test port {port} for this client connection"):
            await dialler.dial(ticket(port))
    assert names.asked == ["relay.test"]
    assert seen == [b"hello"]


@pytest.mark.parametrize(
    ("client", "host", "port"),
    [
        pytest.param("client-2", "relay.test", 443, id="another-client"),
        pytest.param("client-1", "evil.test", 443, id="another-host"),
        pytest.param("client-1", "RELAY.test", 443, id="another-spelling"),
        pytest.param("client-1", "relay.test", 80, id="another-port"),
    ],
)
def test_a_ticket_is_for_one_client_host_and_port(client: str, host: str, port: int) -> None:
    dialler = Dialler(Names())
    dialler.issue(ticket())
    with pytest.raises(NoTicket):
        dialler.redeem(client, host, port)
    assert dialler.redeem("client-1", "relay.test", 443) == ticket()


def test_two_tickets_are_two_dials() -> None:
    dialler = Dialler(Names())
    dialler.issue(ticket())
    dialler.issue(ticket())
    assert dialler.redeem("client-1", "relay.test", 443) == dialler.redeem("client-1", "relay.test", 443)
    with pytest.raises(NoTicket):
        dialler.redeem("client-1", "relay.test", 443)


def test_a_withdrawn_ticket_is_void() -> None:
    dialler = Dialler(Names())
    kept, gone = ticket(), ticket()
    dialler.issue(kept)
    dialler.issue(gone)
    dialler.withdraw(gone)
    dialler.withdraw(gone)
    assert dialler.redeem("client-1", "relay.test", 443) is kept
    dialler.issue(ticket())
    dialler.withdraw_all("client-1")
    with pytest.raises(NoTicket):
        dialler.redeem("client-1", "relay.test", 443)


def test_a_ticket_nobody_used_is_void_after_a_while() -> None:
    clock = Clock()
    dialler = Dialler(Names(), clock=clock)
    dialler.issue(ticket())
    clock.now += timedelta(seconds=TICKET_SECONDS + 1)
    with pytest.raises(NoTicket):
        dialler.redeem("client-1", "relay.test", 443)


async def test_an_expired_opt_in_dials_nothing() -> None:
    clock = Clock()
    async with trap() as (port, seen):
        dialler = Dialler(Names(relay_test=("127.0.0.1",)), clock=clock)
        late = Ticket("client-1", "relay.test", port, LOOPBACK, expires=NOW + timedelta(seconds=5))
        dialler.issue(late)
        redeemed = dialler.redeem("client-1", "relay.test", port)
        clock.now += timedelta(seconds=5)
        with pytest.raises(NoTicket, match="ended at 2026-11-22T10:00:05"):
            await dialler.resolve(redeemed)
        dialler.issue(late)
        with pytest.raises(NoTicket, match="ended at"):
            await dialler.dial(late)
    assert seen == []


@pytest.mark.parametrize(
    ("answers", "allowed"),
    [
        pytest.param(("127.0.0.1",), (), id="loopback-not-opted-in"),
        pytest.param(("10.0.0.1",), ("192.168.0.0/16",), id="private-elsewhere"),
        pytest.param(("203.0.113.9", "127.0.0.1"), (), id="rebinding"),
        pytest.param(("127.0.0.1", "169.254.169.254"), LOOPBACK, id="metadata-among-allowed"),
        pytest.param(("169.254.169.254",), ("0.0.0.0/0",), id="metadata-never"),
        pytest.param(("::ffff:127.0.0.1",), (), id="mapped"),
        pytest.param(("64:ff9b::7f00:1",), (), id="nat64"),
        pytest.param(("2002:7f00:1::",), (), id="6to4"),
        pytest.param(("0.0.0.0",), LOOPBACK, id="unspecified"),
        pytest.param(("fe80::1%1",), ("::/0",), id="link-local-with-zone"),
        pytest.param(("224.0.0.1",), ("0.0.0.0/0",), id="multicast"),
        pytest.param(("not an address",), LOOPBACK, id="nonsense"),
    ],
)
async def test_one_bad_answer_refuses_the_name(answers: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    async with trap() as (port, seen):
        dialler = Dialler(Names(relay_test=answers))
        dialler.issue(ticket(port, addresses=allowed))
        with pytest.raises(DialRefused, match=r"relay\.test"):
            await dialler.dial(ticket(port))
    assert seen == []


@pytest.mark.parametrize("host", ["2130706433", "0177.0.0.1", "0x7f000001", "127.1"])
async def test_numbers_in_odd_spellings_are_judged_by_what_they_reach(host: str) -> None:
    from sinks.resolver import SystemResolver

    async with trap() as (port, seen):
        dialler = Dialler(SystemResolver())
        dialler.issue(ticket(port, host, ()))
        with pytest.raises((DialRefused, CannotDial)):
            await dialler.dial(ticket(port, host, ()))
    assert seen == []


async def test_an_address_by_its_number_is_judged_and_not_resolved() -> None:
    names = Names()
    async with trap() as (port, _):
        dialler = Dialler(names)
        assert await dialler.judged(ticket(port, "127.0.0.1")) == ("127.0.0.1", port)
        with pytest.raises(DialRefused):
            await dialler.judged(ticket(port, "127.0.0.1", ()))
    assert names.asked == []


@pytest.mark.parametrize("own", ["127.0.0.1", "0.0.0.0", "::"], ids=["bound", "wildcard", "wildcard-6"])
async def test_soundstages_own_sockets_are_never_dialled(own: str) -> None:
    async with trap() as (port, seen):
        dialler = Dialler(Names(relay_test=("127.0.0.1",)), own_sockets=lambda: [(own, port)])
        dialler.issue(ticket(port))
        with pytest.raises(
            DialRefused, match=f"relay.test port {port} is Soundstage's own listening socket at 127.0.0.1"
        ):
            await dialler.dial(ticket(port))
    assert seen == []


async def test_another_port_or_address_is_not_our_own() -> None:
    dialler = Dialler(Names(relay_test=("127.0.0.9",)), own_sockets=lambda: [("127.0.0.1", 443), ("0.0.0.0", 80)])
    assert await dialler.judged(ticket()) == ("127.0.0.9", 443)


async def test_the_hosts_file_comes_before_the_resolver_and_is_judged_too() -> None:
    names = Names(relay_test=("203.0.113.1",))
    dialler = Dialler(names, HostsFile({"relay.test": ("127.0.0.2",), "bad.test": ("169.254.169.254",)}))
    assert await dialler.judged(ticket()) == ("127.0.0.2", 443)
    with pytest.raises(DialRefused):
        await dialler.judged(ticket(host="bad.test"))
    assert names.asked == []


async def test_the_name_is_resolved_once_and_the_judged_address_dialled() -> None:
    """A name that answers otherwise the second time cannot move the connection."""

    class Rebinding(Names):
        async def addresses(self, host: str) -> tuple[str, ...]:
            answer = await super().addresses(host)
            self.names[host] = ("169.254.169.254",)
            return answer

    names = Rebinding(relay_test=("127.0.0.1",))
    dialler = Dialler(names)
    async with trap() as (port, _):
        dialler.issue(ticket(port))
        (await dialler.dial(ticket(port))).close()
    assert names.asked == ["relay.test"]


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    async with trap("127.0.0.3") as (port, _):
        dialler = Dialler(Names(relay_test=("127.0.0.2", "127.0.0.3")))
        dialler.issue(ticket(port))
        sock = await dialler.dial(ticket(port))
        assert sock.getpeername()[0] == "127.0.0.3"
        sock.close()


async def test_a_dial_that_fails_says_so() -> None:
    dialler = Dialler(Names(relay_test=("127.0.0.1",), empty_test=()))
    with nobody() as refusing:
        port = refusing.getsockname()[1]
        dialler.issue(ticket(port))
        with pytest.raises(CannotDial, match=f"no connection to relay.test port {port}: "):
            await dialler.dial(ticket(port))
    for host, why in (("empty.test", "has no address"), ("gone.test", "is not known")):
        with pytest.raises(CannotDial, match=why):
            await dialler.judged(ticket(host=host))


async def test_tls_checks_the_certificate_against_the_name(tmp_path: Path) -> None:
    server, trusting = server_context(tmp_path, "relay.test")
    listening = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0, ssl=server)
    port = listening.sockets[0].getsockname()[1]
    dialler = Dialler(Names(relay_test=("127.0.0.1",), evil_test=("127.0.0.1",)))
    dialler.issue(ticket(port))
    _, writer = await dialler.open(ticket(port), tls=trusting)
    writer.transport.abort()
    dialler.issue(ticket(port, "evil.test"))
    with pytest.raises(CannotDial, match=r"no TLS with evil\.test"):
        await dialler.open(ticket(port, "evil.test"), tls=trusting)
    listening.close()
