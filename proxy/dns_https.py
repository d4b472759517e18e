"""DNS over HTTPS: questions in HTTP requests are questions, recorded by their names and answered like all others.

Both forms of RFC 8484, and the JSON that Google and Cloudflare answer. Nothing here leaves, whatever is opted in for
the resolver's host: a question carries what it likes past every rule for hosts and paths.
"""

import base64
import binascii
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dns.exception
import dns.message
import dns.rcode

from ledger.reply import Reply
from ledger.trouble import LedgerUnavailable
from policies.dns_question import DnsQuestion
from policies.http_request import HttpRequest
from proxy.dns_answer import TTL, NotAQuestion, Steering, read_question, refusal
from proxy.dns_name import InternalZones, Resolver, asked, carries_data
from proxy.door_ask import Gate
from proxy.head_target import split_port
from proxy.name_book import NamesUsedUp
from proxy.transparent_destination import shown
from sinks.passage import Answer, Departure, Outcome, Seen

_log = logging.getLogger(__name__)
Forward = Callable[[bytes, Resolver, str], Awaitable[bytes]]
MESSAGE, JSON = "application/dns-message", "application/dns-json"
LONGEST = 65_535
_ONE_QUESTION = b"\0\1"
"""What nearly no other body says in its octets 4 and 5 (RFC 1035, 4.1.1)."""
_ASKED = frozenset(("name", "type", "cd", "ct", "do", "edns_client_subnet", "random_padding"))
"""What a question in a query may say (https://developers.google.com/speed/public-dns/docs/doh/json)."""
_BY_ADDRESS = frozenset(("connect", "socks", "address", "dns"))
"""Names of connections whose destinations are looked up by address too: each name has an address of its own there."""


class DnsOverHttps:
    """The gate, for engines that serve HTTP: what is a question in disguise goes through it as a question."""

    def __init__(
        self,
        gate: Gate,
        *,
        steered: Steering,
        own: Steering,
        zones: InternalZones | None = None,
        forward: Forward | None = None,
    ) -> None:
        """`steered` answers whoever came by name alone, `own` everybody else. `forward`: as of a `DnsResponder`."""
        self._gate = gate
        self._steered = steered
        self._own = own
        self._zones = zones or InternalZones({})
        self._forward = forward

    def keeps_body(self, head: HttpRequest) -> bool:
        """As the gate says."""
        return self._gate.keeps_body(head)

    def take(self, seen: Seen) -> Coroutine[Any, Any, Outcome]:
        """As the gate; what is no well-formed question is judged as the HTTP it is.

        No coroutine of its own: nearly every request goes straight on to the gate's.
        """
        if not isinstance(seen, HttpRequest):
            return self._gate.take(seen)
        if seen.method == "POST" and ((data := seen.body.data) is None or data[4:6] != _ONE_QUESTION):
            return self._gate.take(seen)
        wire = question_in(seen)
        if wire is None:
            return self._gate.take(seen)
        try:
            query = read_question(wire)
        except NotAQuestion:
            return self._gate.take(seen)
        return self._answered(seen, wire, query)

    async def _answered(self, request: HttpRequest, wire: bytes, query: dns.message.Message) -> Answer:
        name, kind = asked(query)
        resolver = self._zones.resolver_of(query.question[0].name)
        flags: tuple[str, ...] = ("encrypted_dns",)
        if resolver is not None:
            flags = (*flags, "internal")
        if carries_data(name, kind):
            flags = (*flags, "tunnelling")
        question = DnsQuestion(name, kind, request.source, "doh", wire, flags, request.claim, _server(request))
        outcome = await self._gate.take(question)
        if isinstance(outcome, Departure):
            # A name that may leave is answered like any other: its connection comes here first, and leaves from here.
            await outcome.settle(False, None)
        reply = _reply(request, await self._answer(request, wire, query, resolver))
        return Answer(outcome.capture_id, outcome.effect, outcome.decision, reply)

    async def _answer(
        self, request: HttpRequest, wire: bytes, query: dns.message.Message, resolver: Resolver | None
    ) -> bytes:
        try:
            if resolver is not None:
                return await self._forward(wire, resolver, "dns") if self._forward is not None else _failed(query)
            by_address = any(source in _BY_ADDRESS for source, _ in request.names)
            return (self._own if by_address else self._steered).answer(query)
        except (LedgerUnavailable, NamesUsedUp, OSError) as error:
            _log.warning("a DNS question over HTTPS was answered SERVFAIL: %s", error)
            return _failed(query)


def question_in(request: HttpRequest) -> bytes | None:
    """The DNS message that a request holds, or None for any other request. Cheap for those."""
    if request.method == "POST":
        data = request.body.data
        if data is None or data[4:6] != _ONE_QUESTION or len(data) > LONGEST:
            return None
        return data if _is(request, "content-type", MESSAGE) else None
    if request.method != "GET" or "?" not in request.target:
        return None
    return _in_query(request)


def _in_query(request: HttpRequest) -> bytes | None:
    path, _, query = request.target.partition("?")
    if "dns=" in query and (path.endswith("/dns-query") or _is(request, "accept", MESSAGE)):
        coded = parse_qs(query).get("dns", [""])[0]
        try:
            return base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4))[:LONGEST]
        except (binascii.Error, ValueError):
            return None
    if "name=" in query and (_is(request, "accept", JSON) or path == "/resolve"):
        fields = parse_qs(query)
        if not fields.keys() <= _ASKED and not _is(request, "accept", JSON):
            return None  # another API's path of that name
        try:
            made = dns.message.make_query(fields["name"][0], fields.get("type", ["A"])[0], id=0)
        except (KeyError, ValueError, dns.exception.DNSException):
            return None
        return made.to_wire()
    return None


def _is(request: HttpRequest, field: str, kind: str) -> bool:
    return kind in (request.header(field) or "").lower()


def _server(request: HttpRequest) -> str:
    default = request.port or (443 if request.scheme == "https" else 80)
    return shown(*split_port(request.names[-1][1], default)) if request.names else ""


def _failed(query: dns.message.Message) -> bytes:
    return refusal(query, dns.rcode.SERVFAIL)


def _reply(request: HttpRequest, answer: bytes) -> Reply:
    kept = ("Cache-Control", f"max-age={TTL}")
    if request.method == "GET" and "name" in parse_qs(urlsplit(request.target).query):
        return Reply("shaped", 200, (("Content-Type", JSON), kept), json.dumps(_as_json(answer)).encode())
    return Reply("shaped", 200, (("Content-Type", MESSAGE), kept), answer)


def _as_json(answer: bytes) -> dict[str, object]:
    """As https://developers.google.com/speed/public-dns/docs/doh/json has it, flags as of a resolver."""
    told = dns.message.from_wire(answer)
    records = [
        {"name": each.name.to_text(), "type": int(each.rdtype), "TTL": each.ttl, "data": record.to_text()}
        for each in told.answer
        for record in each
    ]
    question = [{"name": each.name.to_text(), "type": int(each.rdtype)} for each in told.question]
    flags = {"TC": False, "RD": True, "RA": True, "AD": False, "CD": False}
    return {"Status": int(told.rcode()), **flags, "Question": question, **({"Answer": records} if records else {})}
