"""FlowHooks: what happens to one HTTP request at mitmproxy's hooks, from its head to what became of it.

The refusal is armed in the first line of each; a recorded departure alone lifts it, in the last.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from mitmproxy.http import Headers, HTTPFlow

from ledger.trouble import CANNOT_RECORD, LedgerUnavailable
from policies.body import EMPTY, Body
from policies.decision import Decision
from policies.effect import Effect
from policies.http_request import HttpRequest
from policies.raw_connection import RawConnection
from proxy.connection import Connection
from proxy.door_evidence import evidence
from proxy.door_request import Names
from proxy.http1_reply import problem
from proxy.mitm_connection import HeldConnection
from proxy.mitm_departure import CannotForward, leaving_of
from proxy.mitm_leaving import Leaving
from proxy.mitm_reply import armed, reply_of, response_of
from proxy.mitm_request import SeenRequest
from proxy.mitm_signals import ControlFrame
from proxy.mitm_stream import BODY, LEAVING
from proxy.mitm_websocket import record_control, record_message
from sinks.dialler import NoTicket
from sinks.gate import NotReady
from sinks.passage import Answer, Departure, Outcome, Seen

_log = logging.getLogger(__name__)
REFUSED = "soundstage.refused"
"""On a flow whose hook failed: nothing later may lift the refusal."""


class Passes(Protocol):
    """The gate."""

    async def take(self, seen: Seen) -> Outcome: ...


class InjectedFault(Exception):
    """Raised in a hook on purpose, by the self-test at start."""


class Fault:
    """Failures of a hook on demand: the self-test shows by them that a failing hook lets nothing out."""

    HEADER = "soundstage-self-test"

    def __init__(self) -> None:
        self._armed: set[str] = set()

    def arm(self, secret: str) -> None:
        """The next request with this secret in its header fails, once."""
        self._armed.add(secret)

    def strike(self, request: HttpRequest) -> None:
        """Raises InjectedFault for a request it was armed for."""
        if self._armed and (secret := request.header(self.HEADER)) in self._armed:
            self._armed.discard(secret or "")
            raise InjectedFault("a hook fails, as the self-test asked")


class FlowHooks:
    """The hooks of one client connection's requests."""

    def __init__(self, gate: Passes, connection: Connection, fault: Fault) -> None:
        self._gate = gate
        self._connection = connection
        self._fault = fault
        self._leaving: set[Leaving] = set()
        self._last: Departure | None = None
        """What a WebSocket goes on by, long after its handshake was answered."""
        self.rules: Callable[[Effect], Decision] | None = None
        """Put in force by the last reload: what was judged by others meanwhile is held to them."""
        self.asked = False
        """Something has been asked on this connection, or put before the gate."""

    async def requestheaders(self, held: HeldConnection, flow: HTTPFlow) -> None:
        """The head is here."""
        flow.response = armed(flow.request)
        self.asked = True
        if isinstance(flow.request, SeenRequest):
            self._fault.strike(flow.request.described)

    async def request(self, held: HeldConnection, flow: HTTPFlow) -> None:
        """The whole request is here: judged, recorded, answered or let go."""
        flow.response = armed(flow.request)
        request = flow.request
        if flow.metadata.get(REFUSED) or not isinstance(request, SeenRequest):
            return
        body = flow.metadata[BODY]
        try:
            outcome = await self._gate.take(_seen(request, body))
        except (NotReady, LedgerUnavailable) as error:
            _forget(body)
            _log.warning("a request was refused: %s", error)
            told = str(error) if isinstance(error, NotReady) else CANNOT_RECORD
            flow.response = response_of(problem(503, "Not now", told), request, close=True)
            return
        if isinstance(outcome, Answer):
            marks: tuple[tuple[str, str], ...] = (("Soundstage-Verdict", outcome.decision.verdict),)
            if outcome.capture_id:  # a canary has none
                marks = (*marks, ("Soundstage-Capture", outcome.capture_id))
            flow.response = response_of(outcome.reply, request, marks)
            return
        await self._depart(held, flow, request, outcome)

    async def _depart(self, held: HeldConnection, flow: HTTPFlow, request: SeenRequest, departure: Departure) -> None:
        try:
            self._check_rules(departure)
            leaving = leaving_of(departure, request, self._connection.id, flow.metadata[BODY])
            flow.metadata[LEAVING] = leaving
            self._leaving.add(leaving)
            held.tickets.grant(leaving)
        except (CannotForward, NoTicket) as error:
            reply = problem(403, "Refused", str(error), departure.capture_id)
            await departure.settle(False, reply)
            flow.response = response_of(reply, request)
            return
        except Exception:
            await departure.settle(False, None)
            raise
        held.expire_at(departure.decision.expires)
        self._last = departure
        flow.response = None

    def _check_rules(self, departure: Departure) -> None:
        """The policy may have been reloaded while the departure was being recorded. Raises CannotForward."""
        if self.rules is not None and not _as_before(self.rules(departure.effect), departure.decision):
            raise CannotForward(f"the opt-in {departure.decision.rule} was taken back or changed at this moment")

    async def failed(self, held: HeldConnection, flow: HTTPFlow) -> None:
        """A hook before the destination is turned to has raised: refuse, for good."""
        flow.metadata[REFUSED] = True
        flow.response = armed(flow.request)
        leaving = flow.metadata.pop(LEAVING, None)
        if isinstance(leaving, Leaving):
            held.tickets.withdraw(leaving)
            await leaving.settle_quietly(None)

    async def responseheaders(self, held: HeldConnection, flow: HTTPFlow) -> None:
        """The head of an answer, ours or a destination's."""
        leaving = _real(flow)
        if leaving is None or flow.response is None:
            return
        _without_other_ways(flow.response.headers)
        request = flow.request
        if flow.response.status_code == 101:
            if not (isinstance(request, SeenRequest) and request.wants_websocket):
                raise CannotForward("the destination switched protocols, which nobody asked for")
            return
        flow.response.stream = leaving.tap

    async def response(self, held: HeldConnection, flow: HTTPFlow) -> None:
        """The whole answer has come, and its last octets wait for this."""
        leaving = _real(flow)
        if leaving is None or flow.response is None:
            return
        held.tickets.withdraw(leaving)
        self._leaving.discard(leaving)
        if flow.response.trailers:
            _without_other_ways(flow.response.trailers)
        body, flags = leaving.answer
        await leaving.settle_quietly(reply_of(flow.response, body, flags=flags))

    async def error(self, held: HeldConnection, flow: HTTPFlow) -> None:
        """The request ended without an answer, or before it was whole."""
        leaving = flow.metadata.get(LEAVING)
        why = flow.error.msg if flow.error is not None else "it broke off"
        if not isinstance(leaving, Leaving):
            if BODY not in flow.metadata and not getattr(flow.request, "recorded", False):
                await self.raw(f"a request that never became whole: {why}", ("truncated",))
            return
        held.tickets.withdraw(leaving)
        self._leaving.discard(leaving)
        if leaving.sent:
            body, flags = leaving.answer
            partial = problem(502, "Not answered", f"it left, but its answer broke off: {why[:200]}")
            if flow.response is not None:
                partial = reply_of(flow.response, body, flags=(*flags, "broken_off"))
            await leaving.settle_quietly(partial)
            return
        status, title = (403, "Refused") if leaving.refused else (502, "Not reached")
        told = f"{leaving.ticket.host} was opted in, but {leaving.failure or why}"
        reply = problem(status, title, told, leaving.departure.capture_id)
        await leaving.settle_quietly(reply)
        if isinstance(flow.request, SeenRequest):
            flow.response = response_of(reply, flow.request, close=True)

    async def websocket_message(self, held: HeldConnection, flow: HTTPFlow) -> None:
        """A message is recorded before it is passed on; what raises here ends the connection with it undelivered."""
        leaving = _real(flow)
        if leaving is None:
            raise CannotForward("a message came on a WebSocket that nothing let out")
        await record_message(flow, leaving)

    async def websocket_control(self, held: HeldConnection, frame: ControlFrame) -> None:
        """A ping, pong or close, likewise."""
        leaving = _real(frame.flow)
        if leaving is None:
            raise CannotForward("a frame came on a WebSocket that nothing let out")
        await record_control(frame, leaving)

    def overtaken(self, rules: Callable[[Effect], Decision]) -> bool:
        """Whether the rules now in force would keep in, or send elsewhere, what is leaving or left here last."""
        self.rules = rules
        departures = [leaving.departure for leaving in self._leaving]
        if self._last is not None:
            departures.append(self._last)
        return any(not _as_before(rules(departure.effect), departure.decision) for departure in departures)

    async def over(self) -> None:
        """The connection has ended: what nobody has said the end of is said now, by what is known."""
        for leaving in tuple(self._leaving):
            await leaving.settle_quietly(None)

    async def raw(
        self, what: str, flags: tuple[str, ...], opening: bytes = b"", meant: tuple[Names, int] | None = None
    ) -> None:
        """Record what is no request. It is refused whether that works or not."""
        self.asked = True
        at = self._connection
        protocol = "tls" if at.tls else "tcp"
        names, port = (at.names, at.port or 0) if meant is None else meant
        seen = RawConnection(at.source, names, port, evidence(opening), protocol, what, flags, at.claim)
        try:
            outcome = await self._gate.take(seen)
        except (NotReady, LedgerUnavailable) as error:
            _log.warning("%s from %s could not be recorded, and was refused: %s", what, at.source, error)
            return
        if isinstance(outcome, Departure):
            await outcome.settle(False, None)


def _seen(request: SeenRequest, body: Body) -> HttpRequest:
    flags = request.described.flags
    if request.had_trailers:
        flags = (*flags, "trailers")
    if request.too_long:
        flags = (*flags, "too_long")
    return replace(request.described, body=body if body.size else EMPTY, flags=flags)


def _as_before(now: Decision, then: Decision) -> bool:
    """An opt-in that ends sooner than it did is another one: the connection's end has been set by the old one."""
    sooner = now.expires is None or (then.expires is not None and now.expires < then.expires)
    return (now.verdict, now.divert, now.addresses) == (then.verdict, then.divert, then.addresses) and not sooner


def _real(flow: HTTPFlow) -> Leaving | None:
    """The departure whose destination is answering; None where the answer is ours."""
    leaving = flow.metadata.get(LEAVING)
    return leaving if isinstance(leaving, Leaving) and leaving.sent else None


def _without_other_ways(fields: Headers) -> None:
    """It would send the client to the destination by QUIC, past everything here."""
    fields.pop("alt-svc", None)


def _forget(body: Body) -> None:
    if body.path is not None:
        body.path.unlink(missing_ok=True)
