"""Dialler: the one place in the house that opens connections to the outside. No ticket, no dial.

Here live tickets, the judgement of resolved addresses, and the connect. What is said on a connection does not.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address

from policies.address import refusal
from sinks.hosts_file import HostsFile
from sinks.own_ends import OwnEnds
from sinks.resolver import NameNotFound, Resolver
from sinks.ticket import Ticket

Address = IPv4Address | IPv6Address
SockAddr = tuple[str, int]
"""An address by its number, and a port."""

TICKET_SECONDS = 60.0
"""A ticket nobody redeemed is void after this long: its decision may have been overtaken by another policy."""


class DialRefused(Exception):
    """This dial is not allowed. The message is the reason. Nothing was sent."""


class NoTicket(DialRefused):
    """Nobody issued a ticket for exactly this client, host and port, or it was used or has expired."""


class Misled(DialRefused):
    """A connection was made, and ended at another address than the one that was judged. It was closed unused."""


class CannotDial(Exception):
    """The dial was allowed and failed (no such name, connection refused, no answer). Nothing was sent."""


class Dialler:
    """Resolves once, judges every answer, connects to a judged one."""

    def __init__(
        self,
        resolver: Resolver,
        hosts_file: HostsFile | None = None,
        own_sockets: Callable[[], Iterable[SockAddr]] = tuple,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        seconds: float = 10.0,
    ) -> None:
        self._resolver = resolver
        self._hosts_file = hosts_file or HostsFile()
        self._own_sockets = own_sockets
        self._clock = clock
        self._seconds = seconds
        self.ends = OwnEnds()
        """Ours, of what is connected: nobody else's connection comes from there."""
        self._issued: dict[tuple[str, str, int], list[tuple[Ticket, datetime]]] = {}

    def issue(self, ticket: Ticket) -> None:
        """Leave one dial open. Only a recorded decision that lets something leave may call this."""
        key = _key(ticket)
        self._issued[key] = [*self._fresh(key), (ticket, self._clock())]

    def withdraw(self, ticket: Ticket) -> None:
        """Void a ticket that was not needed, because a connection was open already. Unknown tickets are no error."""
        held = self._issued.get(_key(ticket), [])
        left = [entry for entry in held if entry[0] is not ticket]
        if left:
            self._issued[_key(ticket)] = left
        else:
            self._issued.pop(_key(ticket), None)

    def withdraw_all(self, client: str) -> None:
        """Void every ticket of a client connection that has closed."""
        for key in [key for key in self._issued if key[0] == client]:
            del self._issued[key]

    def redeem(self, client: str, host: str, port: int) -> Ticket:
        """Use up the ticket for exactly this client, host and port. Raises NoTicket."""
        key = (client, host, port)
        held = self._fresh(key)
        self._issued.pop(key, None)
        if not held:
            raise NoTicket(f"nothing was let out to {host} port {port} for this client connection")
        if held[1:]:
            self._issued[key] = held[1:]
        ticket = held[0][0]
        self._check_expiry(ticket)
        return ticket

    async def resolve(self, ticket: Ticket) -> tuple[SockAddr, ...]:
        """Every address of the ticket's host, all of them judged.

        One bad answer refuses the whole name: a name that resolves to a public and a private address is being rebound.
        Raises DialRefused or CannotDial.
        """
        self._check_expiry(ticket)
        found = await self._look_up(ticket.host)
        own = tuple(self._own_sockets())
        for address in found:
            self._judge(ticket, address, own)
        return tuple((str(address), ticket.port) for address in found)

    async def judged(self, ticket: Ticket) -> SockAddr:
        """One judged address to connect to, for an engine that connects by itself. Raises DialRefused or CannotDial."""
        return (await self.resolve(ticket))[0]

    async def dial(self, ticket: Ticket) -> socket.socket:
        """Redeem the ticket and connect, trying each judged address in turn. Raises DialRefused or CannotDial."""
        ticket = self.redeem(ticket.client, ticket.host, ticket.port)
        last: OSError | None = None
        for address in await self.resolve(ticket):
            try:
                return await self._connect(address)
            except OSError as error:
                last = error
        where = f"{ticket.host} port {ticket.port}"
        raise CannotDial(f"no connection to {where}: {last or 'it has no address'}") from last

    async def open(
        self, ticket: Ticket, *, tls: ssl.SSLContext | None = None, limit: int = 65536
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """`dial` with streams, over TLS where a context is given, the certificate checked against the ticket's host."""
        sock = await self.dial(ticket)
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.open_connection(
                    sock=sock, ssl=tls, server_hostname=ticket.host if tls else None, limit=limit
                )
        except (OSError, TimeoutError) as error:
            sock.close()
            raise CannotDial(f"no TLS with {ticket.host} port {ticket.port}: {error or 'no answer'}") from error
        except BaseException:
            sock.close()
            raise

    def _fresh(self, key: tuple[str, str, int]) -> list[tuple[Ticket, datetime]]:
        now = self._clock()
        return [held for held in self._issued.get(key, ()) if (now - held[1]).total_seconds() <= TICKET_SECONDS]

    def _check_expiry(self, ticket: Ticket) -> None:
        if ticket.expires is not None and ticket.expires <= self._clock():
            raise NoTicket(f"the opt-in that let {ticket.host} be reached ended at {ticket.expires.isoformat()}")

    async def _look_up(self, host: str) -> tuple[Address, ...]:
        literal = _literal(host)
        if literal is not None:
            return (literal,)
        fixed = self._hosts_file.addresses(host)
        if fixed:
            return tuple(ip_address(address) for address in fixed)
        try:
            async with asyncio.timeout(self._seconds):
                answers = await self._resolver.addresses(host)
        except (NameNotFound, TimeoutError) as error:
            raise CannotDial(str(error) or f"the name {host} was not resolved in {self._seconds:g} s") from error
        if not answers:
            raise CannotDial(f"the name {host} has no address")
        return tuple(_answer(host, answer) for answer in answers)

    def _judge(self, ticket: Ticket, address: Address, own: tuple[SockAddr, ...]) -> None:
        reason = refusal(address, ticket.addresses)
        if reason is not None:
            raise DialRefused(f"{ticket.host} resolves to {address}, which must not be dialled: {reason}")
        for host, port in own:
            if port == ticket.port and _same_place(ip_address(host), address):
                raise DialRefused(f"{ticket.host} port {port} is Soundstage's own listening socket at {address}")

    async def _connect(self, address: SockAddr) -> socket.socket:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            async with asyncio.timeout(self._seconds):
                await self.ends.connect(sock, address)
            _check_peer(sock, address)
        except TimeoutError:
            sock.close()
            raise TimeoutError(f"no answer from {address[0]} in {self._seconds:g} s") from None
        except BaseException:
            sock.close()
            raise
        return sock


def _key(ticket: Ticket) -> tuple[str, str, int]:
    return ticket.client, ticket.host, ticket.port


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _answer(host: str, answer: str) -> Address:
    try:
        return ip_address(answer)
    except ValueError:
        raise DialRefused(f"the resolver answered {answer!r} for {host}, which is no address") from None


def _check_peer(sock: socket.socket, meant: SockAddr) -> None:
    """A kernel rule that redirects, or a port connected to itself, would make the judgement one of another address."""
    peer = sock.getpeername()
    if (ip_address(peer[0]), peer[1]) != (ip_address(meant[0]), meant[1]):
        raise Misled(f"the connection to {meant[0]} port {meant[1]} ended at {peer[0]} port {peer[1]}")
    if sock.getsockname()[:2] == peer[:2]:
        raise ConnectionRefusedError(f"{meant[0]} port {meant[1]} connected to itself")


def _same_place(own: Address, target: Address) -> bool:
    target = getattr(target, "ipv4_mapped", None) or target
    own = getattr(own, "ipv4_mapped", None) or own
    return own == target or (own.is_unspecified and _is_local(target))


def _is_local(address: Address) -> bool:
    """Whether the address is one of this machine's: a socket can be bound to it. Sends nothing."""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
        return True
