"""Tickets of one client connection, and what is known of a dial that did not end well."""

import asyncio
import contextlib
import socket

import pytest

from policies.decision import Decision
from policies.effect import Effect, Target
from proxy.mitm_leaving import Leaving
from proxy.mitm_tickets import Tickets
from sinks.dialler import CannotDial, DialRefused, Misled, NoTicket
from sinks.passage import Departure
from sinks.ticket import Ticket


class Dials:
    """A dialler whose dial ends as it is told to, or never."""

    def __init__(self, ends: Exception | None) -> None:
        self._ends = ends
        self.dialling = asyncio.Event()

    def issue(self, ticket: Ticket) -> None:
        return

    def withdraw(self, ticket: Ticket) -> None:
        return

    def withdraw_all(self, client: str) -> None:
        return

    async def dial(self, ticket: Ticket) -> socket.socket:
        self.dialling.set()
        if self._ends is not None:
            raise self._ends
        await asyncio.Event().wait()
        raise AssertionError("nobody ends this wait but a cancellation")


def leaving() -> Leaving:
    async def settle(left: bool, reply: object) -> None:
        return

    target = Target(scheme="https", host="a.test", port=443)
    effect = Effect(channel="web", intent="read", protocol="http/1.1", target=target, source="127.0.0.1")
    decision = Decision(verdict="allow", rule="o", reason="it may")
    return Leaving(Departure("c", effect, decision, settle), Ticket("client-1", "a.test", 443))


@pytest.mark.parametrize(
    ("ends", "left"),
    [
        pytest.param(CannotDial("no answer"), False, id="no-connection"),
        pytest.param(DialRefused("a private address"), False, id="refused-before"),
        pytest.param(ConnectionRefusedError(), False, id="refused-there"),
        pytest.param(Misled("it ended elsewhere"), True, id="a-connection-to-somebody-else"),
    ],
)
async def test_a_failed_dial_left_where_a_connection_was_made(ends: Exception, left: bool) -> None:
    tickets, one = Tickets(Dials(ends), "client-1"), leaving()
    tickets.grant(one)
    with pytest.raises(type(ends)):
        await tickets.dial("a.test", 443)
    assert one.left is left


async def test_a_dial_that_its_client_gave_up_may_have_left() -> None:
    """From its beginning on: what became of it may be settled before its cancellation has come through."""
    dials, one = Dials(None), leaving()
    tickets = Tickets(dials, "client-1")
    tickets.grant(one)
    dialling = asyncio.ensure_future(tickets.dial("a.test", 443))
    await dials.dialling.wait()
    assert one.left
    dialling.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await dialling
    assert one.left


async def test_nothing_is_granted_once_the_client_has_gone() -> None:
    tickets = Tickets(Dials(None), "client-1")
    tickets.void()
    with pytest.raises(NoTicket, match="the client has closed"):
        tickets.grant(leaving())
