"""The responder on real sockets: both transports, on record before it is answered, nothing resolved."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import dns.asyncquery
import dns.message
import dns.rcode
import pytest
from door_stage import RememberingGate

from ledger.name_file import NameFile
from ledger.trouble import LedgerUnavailable
from policies.dns_question import DnsQuestion
from policies.http_request import RunClaim
from proxy.accept import Peer, listening_socket
from proxy.dns_name import InternalZones, Resolver
from proxy.dns_repeats import Repeats
from proxy.dns_responder import DnsResponder
from proxy.dns_spread import MANY
from proxy.listener import PortInUse
from proxy.name_book import NameBook
from sinks.gate import NotReady

CLAIM = RunClaim("ci-1", "token")


class Running:
    """A responder, and what it asked others."""

    def __init__(self) -> None:
        self.gate = RememberingGate()
        self.forwarded: list[tuple[bytes, Resolver, str]] = []
        self.counts: list[tuple[str, int]] = []
        self.trouble: OSError | None = None
        self.responder = DnsResponder(
            gate=self.gate,
            steer_to=("127.0.0.1",),
            zones=InternalZones({"internal.example": ("10.0.0.53", 53)}),
            forward=self._forward,
            repeats=Repeats(self._count),
        )
        self.address = ("", 0)

    async def _forward(self, query: bytes, resolver: Resolver, protocol: str) -> bytes:
        self.forwarded.append((query, resolver, protocol))
        if self.trouble is not None:
            raise self.trouble
        return dns.message.make_response(dns.message.from_wire(query)).to_wire()

    async def _count(self, capture_id: str, times: int) -> None:
        self.counts.append((capture_id, times))

    async def ask(self, name: str, kind: str = "A", *, tcp: bool = False) -> dns.message.Message:
        send = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
        query = dns.message.make_query(name, kind, use_edns=0)
        return await send(query, self.address[0], timeout=60, port=self.address[1])

    @property
    def questions(self) -> list[DnsQuestion]:
        return [seen for seen in self.gate.taken if isinstance(seen, DnsQuestion)]


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    made = Running()
    made.address = await made.responder.start("127.0.0.1", 0)
    yield made
    await made.responder.stop()


@pytest.mark.parametrize("tcp", [pytest.param(False, id="udp"), pytest.param(True, id="tcp")])
async def test_a_question_is_answered_and_on_record(running: Running, tcp: bool) -> None:
    response = await running.ask("Api.Stripe.com", tcp=tcp)
    assert [item.to_text() for item in response.answer[0]] == ["127.0.0.1"]
    [question] = running.questions
    assert (question.name, question.kind, question.source) == ("Api.Stripe.com", "A", "127.0.0.1")
    assert question.protocol == ("dns-tcp" if tcp else "dns")
    assert dns.message.from_wire(question.wire).question == response.question


async def test_several_questions_come_over_one_connection(running: Running) -> None:
    reader, writer = await asyncio.open_connection(*running.address)
    queries = [dns.message.make_query(f"{n}.example", "A") for n in range(5)]
    for query in queries:
        wire = query.to_wire()
        writer.write(len(wire).to_bytes(2) + wire)
    for query in queries:
        size = int.from_bytes(await asyncio.wait_for(reader.readexactly(2), 60))
        assert dns.message.from_wire(await reader.readexactly(size)).id == query.id
    writer.close()
    await writer.wait_closed()
    assert [question.name for question in running.questions] == [f"{n}.example" for n in range(5)]


async def test_repeats_are_counted_on_one_capture(running: Running) -> None:
    for _ in range(4):
        await running.ask("a.example")
    await running.ask("A.Example")
    await running.ask("a.example", "AAAA")
    assert len(running.questions) == 2
    await running.responder.stop()
    assert running.counts == [("capture-1", 4)]


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(NotReady("starting"), id="not-ready"),
        pytest.param(LedgerUnavailable("disk full"), id="cannot-record"),
        pytest.param(RuntimeError("a bug"), id="bug"),
    ],
)
async def test_what_cannot_be_recorded_is_not_answered(running: Running, trouble: Exception) -> None:
    running.gate.trouble = trouble
    response = await running.ask("a.example")
    assert (response.rcode(), response.answer) == (dns.rcode.SERVFAIL, [])
    running.gate.trouble = None
    assert (await running.ask("a.example")).rcode() == dns.rcode.NOERROR


async def test_a_name_that_may_leave_is_still_answered_with_the_gateway(running: Running) -> None:
    running.gate.departs = True
    assert [item.to_text() for item in (await running.ask("a.example")).answer[0]] == ["127.0.0.1"]
    assert running.gate.settled == [False]
    assert running.forwarded == []


async def test_an_internal_zone_is_asked_of_its_resolver_and_recorded(running: Running) -> None:
    assert (await running.ask("db.internal.example")).rcode() == dns.rcode.NOERROR
    assert [(resolver, protocol) for _, resolver, protocol in running.forwarded] == [(("10.0.0.53", 53), "dns")]
    assert running.questions[0].flags == ("internal",)
    running.trouble = OSError("no answer")
    assert (await running.ask("db2.internal.example")).rcode() == dns.rcode.SERVFAIL


async def test_an_internal_zone_is_not_asked_before_it_is_on_record(running: Running) -> None:
    running.gate.trouble = LedgerUnavailable("disk full")
    assert (await running.ask("db.internal.example")).rcode() == dns.rcode.SERVFAIL
    assert running.forwarded == []


async def test_a_tunnel_is_flagged(running: Running) -> None:
    await running.ask("d41d8cd98f00b204e9800998ecf8427e.evil.example")
    assert running.questions[0].flags == ("tunnelling",)


async def test_malformed_bytes_are_refused_and_the_responder_lives(running: Running) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(running.address)
        for wire in (b"", b"\0", b"\xff" * 12, b"\x12\x34\x01\x00" + b"\xff" * 30):
            await loop.sock_sendall(sock, wire)
        answer = await asyncio.wait_for(loop.sock_recv(sock, 512), 60)
    assert (answer[:2], answer[3] & 0x0F) == (b"\x12\x34", dns.rcode.FORMERR)
    assert [raw.protocol for raw in running.gate.raw] == ["dns", "dns"]  # one for each way of being no question
    assert all(raw.flags == ("malformed",) for raw in running.gate.raw)
    assert (await running.ask("a.example")).rcode() == dns.rcode.NOERROR


async def test_a_port_in_use_is_said(running: Running) -> None:
    with pytest.raises(PortInUse, match=str(running.address[1])):
        await DnsResponder(gate=running.gate, steer_to=("127.0.0.1",)).start(*running.address)


async def test_many_names_below_one_domain_are_flagged(running: Running) -> None:
    for number in range(MANY + 1):
        await running.responder.respond(
            dns.message.make_query(f"{number:x}.evil.example", "A").to_wire(), "10.0.0.9", "dns"
        )
    assert [bool(question.flags) for question in running.questions] == [False] * (MANY - 1) + [True, True]


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Running]:
    """A responder with addresses of their own for names, for one run, on sockets that somebody else made."""
    made = Running()
    names = NameBook(NameFile(tmp_path), b"key", network="198.18.0.0/28")
    made.responder = DnsResponder(gate=made.gate, steer_to=(), names=names, claim=CLAIM)
    stream = listening_socket("127.0.0.1", 0)
    datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagram.bind(stream.getsockname())
    made.address = datagram.getsockname()
    await made.responder.start_on(stream, datagram)
    yield made
    await made.responder.stop()


async def test_each_name_has_an_address_of_its_own(own: Running) -> None:
    one, again = await own.ask("a.example"), await own.ask("A.example", tcp=True)
    other = await own.ask("b.example")
    assert one.answer[0][0].to_text() == again.answer[0][0].to_text() != other.answer[0][0].to_text()
    assert all(question.claim == CLAIM for question in own.questions)


async def test_no_address_left_is_said_with_servfail_and_on_record(
    own: Running, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(14):
        assert (await own.ask(f"n{number}.d{number}.example")).rcode() == dns.rcode.NOERROR
    with caplog.at_level("WARNING"):
        assert (await own.ask("one-more.example")).rcode() == dns.rcode.SERVFAIL
    assert "all 14 addresses" in caplog.text
    assert own.questions[-1].name == "one-more.example"
    assert (await own.ask("n0.d0.example")).rcode() == dns.rcode.NOERROR


async def test_a_connection_that_others_accepted_is_answered(own: Running) -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    task = asyncio.ensure_future(own.responder.serve(ours, Peer("1", "10.0.0.9", 1), meant="8.8.8.8:53"))
    reader, writer = await asyncio.open_connection(sock=theirs)
    wire = dns.message.make_query("a.example", "A").to_wire()
    writer.write(len(wire).to_bytes(2) + wire)
    size = int.from_bytes(await asyncio.wait_for(reader.readexactly(2), 60))
    assert dns.message.from_wire(await reader.readexactly(size)).answer
    writer.close()
    await asyncio.wait_for(task, 60)
    ours.close()
    assert [(question.source, question.server) for question in own.questions] == [("10.0.0.9", "8.8.8.8:53")]
