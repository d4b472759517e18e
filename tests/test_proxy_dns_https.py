"""DNS over HTTPS: recorded by name, answered by us, whichever way it is put and whoever came how."""

import base64
import json

import dns.message
import dns.rcode
import pytest
from door_stage import RememberingGate

from ledger.trouble import LedgerUnavailable
from policies.body import EMPTY, Body
from policies.dns_question import DnsQuestion
from policies.http_request import HttpRequest, NameSource, RunClaim
from proxy.dns_answer import Steering
from proxy.dns_https import JSON, MESSAGE, DnsOverHttps, question_in
from proxy.dns_name import InternalZones
from sinks.passage import Answer

QUERY = dns.message.make_query("tracker.example.com", "A", id=0)
WIRE = QUERY.to_wire()
CODED = base64.urlsafe_b64encode(WIRE).rstrip(b"=").decode()
CLAIM = RunClaim("ci-1", "token")


def request(
    target: str = "/dns-query",
    *,
    method: str = "GET",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    came: NameSource = "sni",
) -> HttpRequest:
    names: tuple[tuple[NameSource, str], ...] = ((came, "dns.example:443"), ("host", "dns.example"))
    return HttpRequest(
        method, "https", names, target, headers, "10.0.0.7", Body.of(body) if body else EMPTY, port=443, claim=CLAIM
    )


POST = request(method="POST", headers=(("content-type", MESSAGE),), body=WIRE)
GET = request(f"/dns-query?dns={CODED}", headers=(("accept", MESSAGE),))
AS_JSON = request("/dns-query?name=tracker.example.com&type=A", headers=(("accept", JSON),))
GOOGLE = request("/resolve?name=tracker.example.com")


def doh(gate: RememberingGate) -> DnsOverHttps:
    return DnsOverHttps(gate, steered=Steering(("192.0.2.1",)), own=Steering(("198.18.0.9",)))


async def answered(gate: RememberingGate, seen: HttpRequest) -> Answer:
    outcome = await doh(gate).take(seen)
    assert isinstance(outcome, Answer)
    return outcome


@pytest.mark.parametrize(
    "seen",
    [pytest.param(POST, id="post"), pytest.param(GET, id="get"), pytest.param(AS_JSON, id="json"),
     pytest.param(GOOGLE, id="google")],
)  # fmt: skip
async def test_a_question_is_recorded_by_its_name_and_answered(seen: HttpRequest) -> None:
    gate = RememberingGate()
    answer = await answered(gate, seen)
    [question] = gate.taken
    assert isinstance(question, DnsQuestion)
    assert (question.name, question.kind, question.protocol) == ("tracker.example.com", "A", "doh")
    assert (question.source, question.claim, question.server) == ("10.0.0.7", CLAIM, "dns.example:443")
    assert question.flags == ("encrypted_dns",)
    assert (answer.capture_id, answer.reply.status) == ("capture-1", 200)
    if "name=" in seen.target:
        told = json.loads(answer.reply.body)
        assert (told["Status"], told["Answer"][0]["data"]) == (0, "192.0.2.1")
        assert told["Question"] == [{"name": "tracker.example.com.", "type": 1}]
    else:
        assert dns.message.from_wire(answer.reply.body).answer[0][0].to_text() == "192.0.2.1"


@pytest.mark.parametrize("came", ["connect", "socks", "address", "dns"])
async def test_who_looks_up_by_address_too_is_told_a_name_s_own(came: NameSource) -> None:
    seen = request(method="POST", headers=(("content-type", MESSAGE),), body=WIRE, came=came)
    answer = await answered(RememberingGate(), seen)
    assert dns.message.from_wire(answer.reply.body).answer[0][0].to_text() == "198.18.0.9"


async def test_what_may_leave_by_name_does_not_leave_as_a_question() -> None:
    gate = RememberingGate()
    gate.departs = True
    assert (await answered(gate, POST)).reply.status == 200
    assert gate.settled == [False]


async def test_what_cannot_be_recorded_is_not_answered() -> None:
    gate = RememberingGate()
    gate.trouble = LedgerUnavailable("the disk is full")
    with pytest.raises(LedgerUnavailable):
        await doh(gate).take(POST)


async def test_an_internal_name_is_asked_of_its_resolver() -> None:
    async def forward(wire: bytes, resolver: tuple[str, int], protocol: str) -> bytes:
        assert (wire, resolver, protocol) == (WIRE, ("10.0.0.53", 53), "dns")
        raise OSError("it is not there")

    gate = RememberingGate()
    zones = InternalZones({"example.com": ("10.0.0.53", 53)})
    nowhere = Steering(())
    outcome = await DnsOverHttps(gate, steered=nowhere, own=nowhere, zones=zones, forward=forward).take(POST)
    assert isinstance(outcome, Answer)
    assert dns.message.from_wire(outcome.reply.body).rcode() == dns.rcode.SERVFAIL
    [question] = gate.taken
    assert isinstance(question, DnsQuestion)
    assert question.flags == ("encrypted_dns", "internal")


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(request(method="POST", headers=(("content-type", "application/json"),), body=WIRE), id="no-type"),
        pytest.param(request(method="POST", headers=(("content-type", MESSAGE),), body=b"x" * 40), id="no-message"),
        pytest.param(
            request(method="POST", headers=(("content-type", MESSAGE),), body=WIRE[:4] + b"\0\1" + b"y"), id="cut-off"
        ),
        pytest.param(request("/dns-query?dns=%%%"), id="no-base64"),
        pytest.param(request("/dns-query?dns=AAAA"), id="too-short"),
        pytest.param(request(f"/search?dns={CODED}"), id="another-dns-parameter"),
        pytest.param(request("/people?name=ann"), id="another-name"),
        pytest.param(request("/resolve?name=ann&type=NOSUCH"), id="no-such-type"),
        pytest.param(request("/resolve?name=ann&ticket=7"), id="another-apis-path"),
        pytest.param(request("/dns-query"), id="nothing-asked"),
    ],
)
async def test_what_is_no_question_is_the_http_it_is(seen: HttpRequest) -> None:
    gate = RememberingGate()
    await doh(gate).take(seen)
    assert gate.taken == [seen]


def test_a_body_that_is_not_held_is_no_question() -> None:
    seen = HttpRequest("POST", "https", (("host", "x"),), "/dns-query", (("content-type", MESSAGE),), "10.0.0.7",
                       Body(None, 1 << 30, ""))  # fmt: skip
    assert question_in(seen) is None
