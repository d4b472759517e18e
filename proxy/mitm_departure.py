"""Departure: an opted-in request turned to the destination its decision names, with one ticket to get there."""

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from policies.batch import ANYWHERE, is_batch
from policies.body import EMPTY, Body
from policies.copy_source import copy_sources, unplaced
from policies.effect import Effect
from policies.http_request import HttpRequest
from policies.override import METHODS
from policies.override_body import UnreadBody, method_asked_by_body
from proxy.head import LENGTH
from proxy.mitm_leaving import Leaving
from proxy.mitm_request import SeenRequest
from sinks.passage import Departure
from sinks.ticket import Ticket

_PORTS = {"http": 80, "https": 443}
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_OF_THE_CONNECTION = frozenset({"", "close", "keep-alive", "upgrade", "te"})


class CannotForward(Exception):
    """Its decision lets it leave, but it cannot be passed on just as it was sent. The sentence is for the client."""


def leaving_of(departure: Departure, request: SeenRequest, client: str, body: Body = EMPTY) -> Leaving:
    """Point the request at where it may go, and make the ticket for exactly that. Raises CannotForward."""
    _check(request, request.described)
    _check_length(request.described, body)
    _check_websocket(departure, request, body)
    described = replace(request.described, body=body)
    _check_form(departure, described)
    _check_batch(departure, described)
    _check_sources(departure, request.described)
    _check_answers(departure)
    decision, target = departure.decision, departure.effect.target
    if decision.expires is not None and decision.expires <= datetime.now(UTC):
        raise CannotForward(f"the opt-in {decision.rule} ended at {decision.expires.isoformat()}")
    scheme, host, port = target.scheme, target.host, target.port
    if decision.verdict == "divert":
        scheme, host, port = _diverted(request, decision.divert)
    request.data.scheme = scheme.encode("ascii")
    request.data.host, request.data.port = host, port
    ticket = Ticket(client, host, port, decision.addresses, decision.expires, departure.capture_id)
    return Leaving(departure, ticket)


def _check(request: SeenRequest, described: HttpRequest) -> None:
    if any(name == "upgrade" for name, _ in described.headers) and not request.wants_websocket:
        raise CannotForward("the request asks for an upgrade that is no WebSocket, which would be an unseen tunnel")
    _check_nominated(described)
    if request.too_long:
        raise CannotForward("the request's body is longer than Soundstage takes, so it cannot be passed on whole")
    if request.had_trailers:
        raise CannotForward("the request's body ends in trailer fields, which cannot be passed on as they were sent")


def _check_nominated(described: HttpRequest) -> None:
    """A proxy at the destination drops what Connection names (RFC 9110, 7.6.1): without its length a body is read as
    a request that nobody judged."""
    for name, value in described.headers:
        if name == "connection":
            named = {option.strip(" \t").lower() for option in value.split(",")} - _OF_THE_CONNECTION
            if named:
                raise CannotForward(f"its Connection field names {min(named)[:60]!a}, which a proxy would then drop")


def _check_length(described: HttpRequest, body: Body) -> None:
    """Over HTTP/2 a length may be said where there is no body: by HTTP/1.1 the next request would be taken for it."""
    for name, value in described.headers:
        if name == "content-length" and not (LENGTH.fullmatch(value) and int(value) == body.size):
            raise CannotForward(f"its Content-Length is {value[:40]!a}, and its body has {body.size} octets")


def _check_websocket(departure: Departure, request: SeenRequest, body: Body) -> None:
    """It begins with a GET, and what is said on it is neither read nor judged: it may be anything."""
    if not request.wants_websocket:
        return
    if body.size:
        raise CannotForward("it opens a WebSocket and has a body, which its destination may take for messages")
    effect = departure.effect
    says_anything = effect.model_copy(update={"intent": "write", "credential": "live"})
    if not _leaves_by_any_method(departure, says_anything):
        raise CannotForward(
            "it opens a WebSocket, on which anything may be said, and its opt-in lets out certain methods, reads or "
            "test credentials alone"
        )


def _check_form(departure: Departure, seen: HttpRequest) -> None:
    """What a body says of its method counts to many servers as a field of the head would."""
    try:
        asked = method_asked_by_body(seen)
    except UnreadBody as error:
        if not _leaves_by_any_method(departure, departure.effect):
            raise CannotForward(f"its body {error}; it may ask for a method that its opt-in does not name") from error
        return
    if asked is not None:
        raise CannotForward(f"its body asks for the method {asked[:60]}, and was judged as a {seen.method}")


def _leaves_by_any_method(departure: Departure, effect: Effect) -> bool:
    others = (effect.target.model_copy(update={"method": method}) for method in METHODS)
    return all(departure.would_leave(effect.model_copy(update={"target": target})) for target in others)


def _check_batch(departure: Departure, seen: HttpRequest) -> None:
    """Each request inside is one that would have been judged by its own method and path. So is, to a server that takes
    no body with a GET (RFC 9110, 9.3.1), the body of one."""
    if not (is_batch(seen) or (seen.body.size and seen.method in _BODILESS)):
        return
    effect = departure.effect
    targets = [effect.target.model_copy(update={"path": path}) for path in ANYWHERE]
    anywhere = [effect.model_copy(update={"intent": "write", "target": target}) for target in targets]
    if not all(_leaves_by_any_method(departure, other) for other in anywhere):
        raise CannotForward(
            "its body may be read as other requests, and its opt-in lets out certain methods, paths or reads alone"
        )


def _check_sources(departure: Departure, seen: HttpRequest) -> None:
    """What its server copies for it from elsewhere is read there, as if it had been asked for."""
    effect = departure.effect
    for said, place in copy_sources(seen, effect.target):
        if place is None:
            raise CannotForward(f"it has its server copy {said[:200]!a}, {unplaced(said)}")
        if not departure.would_leave(effect.model_copy(update={"target": place})):
            raise CannotForward(f"it has its server copy {said[:200]!a}, and its opt-in does not name both places")


def _check_answers(departure: Departure) -> None:
    """A bounce is a mail as well, to somebody whom the opt-in has to name."""
    for address in departure.answered:
        if not departure.would_reach(address):
            whom = ascii(address) if address else "somebody who cannot be told for certain"
            raise CannotForward(f"bounces or receipts of it would go to {whom}, whom its opt-in does not name")


def _diverted(request: SeenRequest, url: str | None) -> tuple[str, str, int]:
    """Where the same request goes instead. Host names the other target; the path is put after the target's own."""
    to = urlsplit(url or "")
    if to.scheme not in _PORTS or not to.hostname:
        raise CannotForward(f"the opt-in diverts to {url!r}, which is no http or https URL")
    named = to.netloc.rpartition("@")[2].encode("ascii")
    if to.path.rstrip("/"):
        request.data.path = to.path.rstrip("/").encode("ascii") + request.data.path
    if request.is_http2 and request.data.authority:
        request.data.authority = named
    if "host" in request.headers or not request.is_http2:
        request.headers["host"] = named.decode("ascii")
    return to.scheme, to.hostname, to.port or _PORTS[to.scheme]
