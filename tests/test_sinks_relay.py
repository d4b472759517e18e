"""Opted-in mail through the whole listener to a relay, judged by what the relay received."""

import asyncio
import contextlib
import io
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from free_ports import nobody
from relay_server import RelayServer, relay_server
from smtp_stage import MemoryIntake, RawClient, StageGate, connected, effect_of, server_context, stage

from ledger.trouble import LedgerUnavailable
from policies.body import Body
from policies.decision import Decision
from policies.mail import Mail
from sinks.dialler import Dialler
from sinks.hosts_file import HostsFile
from sinks.passage import Departure
from sinks.relay import Relay
from sinks.resolver import SystemResolver

MESSAGE = b"Subject: hi\r\n\r\n.leading dot\r\nh\xc3\xa9llo\r\n"


def opted_in(via: str, *, addresses: tuple[str, ...] = ("127.0.0.0/8",), expires: datetime | None = None) -> Decision:
    return Decision(verdict="allow", rule="qa", reason="qa mailboxes", via=via, addresses=addresses, expires=expires)


def a_relay(trusting: ssl.SSLContext | None = None, **options: object) -> Relay:
    dialler = Dialler(SystemResolver(), HostsFile({"relay.test": ("127.0.0.1",), "dead.test": ("127.0.0.1",)}))
    context = (lambda: trusting) if trusting is not None else ssl.create_default_context
    return Relay(dialler, "stage.test", tls_context=context, **options)  # type: ignore[arg-type]  # passed on as they are


@asynccontextmanager
async def conversation(gate: StageGate, relay: Relay | None) -> AsyncIterator[RawClient]:
    async with stage(gate, relay=relay) as port, connected(port) as client:
        await client.say(b"EHLO shop.test\r\n")
        yield client


async def send(client: RawClient, recipients: tuple[bytes, ...] = (b"b@qa.test",), message: bytes = MESSAGE) -> str:
    """The reply to the end of the message."""
    await client.say(b"MAIL FROM:<a@shop.test> RET=HDRS\r\n")
    for recipient in recipients:
        await client.say(b"RCPT TO:<" + recipient + b">\r\n")
    await client.say(b"DATA\r\n")
    return await client.say((b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n")


async def test_an_opted_in_mail_reaches_the_relay_as_it_was_sent() -> None:
    async with relay_server(RelayServer()) as server:
        gate = StageGate(opted_in(f"smtp://relay.test:{server.port}"), reached=("a@shop.test",))
        async with conversation(gate, a_relay()) as client:
            assert await send(client, (b"b@qa.test", b"c@qa.test")) == "250 2.0.0 taken as 77\r\n"
    assert server.lines == [
        "EHLO stage.test",
        f"MAIL FROM:<a@shop.test> SIZE={len(MESSAGE)} BODY=8BITMIME",
        "RCPT TO:<b@qa.test> NOTIFY=NEVER",
        "RCPT TO:<c@qa.test> NOTIFY=NEVER",
        "DATA",
        "QUIT",
    ]
    assert server.data == MESSAGE.replace(b"\r\n.", b"\r\n..") + b".\r\n"
    ((left, reply),) = gate.settled
    assert left
    assert reply is not None
    assert (reply.fidelity, reply.status, reply.body) == ("real", 250, b"2.0.0 taken as 77")
    assert reply.facts["relayed_from"] == "a@shop.test"


async def test_nobody_who_is_not_opted_in_gets_a_bounce() -> None:
    async with relay_server(RelayServer(offers=())) as server:
        gate = StageGate(opted_in(f"smtp://relay.test:{server.port}"), reached=("b@qa.test",))
        async with conversation(gate, a_relay()) as client:
            assert await send(client, message=b"From: a@shop.test\r\n\r\nhello\r\n") == "250 2.0.0 taken as 77\r\n"
    assert server.lines[1] == "MAIL FROM:<>"
    assert server.data == b"From: a@shop.test\r\n\r\nhello\r\n.\r\n"
    assert [reply.facts for _, reply in gate.settled if reply is not None] == [{"relayed_from": "<>"}]


@pytest.mark.parametrize(
    ("replies", "told", "left"),
    [
        pytest.param({"greeting": "554 no service"}, "554 no service\r\n", False, id="at-greeting"),
        pytest.param({"EHLO": "500 what", "HELO": "550 go away"}, "550 go away\r\n", False, id="at-hello"),
        pytest.param({"MAIL": "550 5.1.8 sender?"}, "550 5.1.8 sender?\r\n", True, id="at-mail"),
        pytest.param(
            {"RCPT TO:<c@qa.test> NOTIFY=NEVER": "550 5.1.1 who?"},
            "550 (of 2 recipients c@qa.test; nothing was sent to any) 5.1.1 who?\r\n",
            True,
            id="one-of-two-recipients",
        ),
        pytest.param({"DATA": "451 4.3.0 later"}, "451 4.3.0 later\r\n", True, id="at-data"),
        pytest.param({"DATA": "250 what"}, "451 what\r\n", True, id="data-answered-nonsense"),
        pytest.param({"message": "554 5.6.0 spam"}, "554 5.6.0 spam\r\n", True, id="after-the-message"),
        pytest.param(
            {"message": "552-5.2.2 full\r\n552 really"}, "552-5.2.2 full\r\n552 really\r\n", True, id="two-lines"
        ),
        pytest.param({"message": "421 4.3.2 bye"}, "451 4.3.2 bye\r\n", True, id="421-becomes-451"),
        pytest.param({"message": None}, "451 4.4.2 The relay smtp://", True, id="no-answer-to-the-message"),
        pytest.param({"greeting": None}, "451 4.4.2 The relay smtp://", False, id="closed-at-once"),
        pytest.param({"RCPT": None}, "451 4.4.2 The relay smtp://", True, id="closed-at-rcpt"),
        pytest.param({"RCPT": "251 to <c@x.test>"}, "554 5.7.1 The relay would forward", True, id="forwards-elsewhere"),
    ],
)
async def test_the_relays_own_refusal_is_passed_on(replies: dict[str, str | None], told: str, left: bool) -> None:
    async with relay_server(RelayServer(replies)) as server:
        gate = StageGate(opted_in(f"smtp://relay.test:{server.port}"))
        async with conversation(gate, a_relay()) as client:
            reply = await send(client, (b"b@qa.test", b"c@qa.test"))
            assert reply.startswith(told)
            assert await client.say(b"NOOP\r\n") == "250 2.0.0 Ok\r\n"
    assert [settled for settled, _ in gate.settled] == [left]
    assert any(line.startswith("MAIL") for line in server.lines) == left, "the envelope is part of the mail"


async def test_a_relay_that_dies_in_the_middle_may_have_the_mail() -> None:
    async with relay_server(RelayServer(dies_after=5)) as server:
        gate = StageGate(opted_in(f"smtp://relay.test:{server.port}"))
        async with conversation(gate, a_relay()) as client:
            reply = await send(client, message=b"Subject: long\r\n\r\n" + b"x" * 70 + b"\r\n")
            assert reply.startswith("451 4.4.2 The relay smtp://")
            assert "the message may have been delivered" in reply
    assert [left for left, _ in gate.settled] == [True]


async def test_a_dead_relay_got_nothing() -> None:
    with nobody() as dead:
        gate = StageGate(opted_in(f"smtp://dead.test:{dead.getsockname()[1]}"))
        async with conversation(gate, a_relay()) as client:
            reply = await send(client)
    assert reply.startswith("451 4.4.2 The relay smtp://dead.test")
    assert reply.endswith("nothing of the message was sent\r\n")
    assert [left for left, _ in gate.settled] == [False]


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        pytest.param(
            {"addresses": ()}, "554 5.7.1 The relay may not be dialled: relay.test resolves to 127.0.0.1", id="address"
        ),
        pytest.param({"expires": datetime.now(UTC) - timedelta(seconds=1)}, "", id="expired"),
    ],
)
async def test_a_relay_that_may_not_be_dialled_sees_no_connection(decision: dict[str, object], told: str) -> None:
    async with relay_server(RelayServer()) as server:
        gate = StageGate(opted_in(f"smtp://relay.test:{server.port}", **decision))  # type: ignore[arg-type]  # a table's row
        async with conversation(gate, a_relay()) as client:
            reply = await send(client)
            assert reply.startswith(told)
            assert reply[0] in "45"
    assert server.connections == 0
    assert [left for left, _ in gate.settled] == [False]


@pytest.mark.parametrize(
    ("recipient", "message", "told"),
    [
        pytest.param(b"x%customer.test@qa.test", MESSAGE, "554 5.1.3 ", id="percent-hack"),
        pytest.param(b'"x@customer.test"@qa.test', MESSAGE, "554 5.1.3 ", id="quoted-at"),
        pytest.param(b"b@qa.test", b"Errors-To: a@shop.test\r\n\r\nx\r\n", "554 5.7.1 ", id="answers-elsewhere"),
        pytest.param(b"b@qa.test", b"A: b\r\n\r\nx\n.\nMAIL FROM:<e@v.il>\r\n", "554 5.6.0 ", id="smuggling"),
        pytest.param(b"b@qa.test", b"A: b\r\n\r\nx\r.\r\nMAIL FROM:<e@v.il>\r\n", "554 5.6.0 ", id="smuggling-by-cr"),
    ],
)
async def test_what_a_relay_could_read_otherwise_is_not_sent(recipient: bytes, message: bytes, told: str) -> None:
    async with relay_server(RelayServer()) as server:
        gate = StageGate(opted_in(f"smtp://relay.test:{server.port}"))
        async with conversation(gate, a_relay()) as client:
            assert (await send(client, (recipient,), message)).startswith(told)
    assert server.connections == 0
    assert [left for left, _ in gate.settled] == [False]


async def test_starttls_is_taken_where_offered(tmp_path: Path) -> None:
    context, _ = server_context(tmp_path, "other.test")
    async with relay_server(RelayServer(tls=context)) as server:
        gate = StageGate(opted_in(f"smtp://relay.test:{server.port}"))
        async with conversation(gate, a_relay()) as client:
            assert await send(client) == "250 2.0.0 taken as 77\r\n"
    assert server.secured
    assert server.lines[:3] == ["EHLO stage.test", "STARTTLS", "EHLO stage.test"]


async def test_replies_sent_ahead_of_tls_are_not_believed(tmp_path: Path) -> None:
    context, _ = server_context(tmp_path)
    async with relay_server(RelayServer({"STARTTLS": "220 go\r\n250 injected"}, tls=context)) as server:
        gate = StageGate(opted_in(f"smtp://relay.test:{server.port}"))
        async with conversation(gate, a_relay()) as client:
            assert "in the clear after its reply to STARTTLS" in await send(client)
    assert server.data == b""
    assert [left for left, _ in gate.settled] == [False]


@pytest.mark.parametrize(("name", "taken"), [("relay.test", True), ("other.test", False)])
async def test_smtps_checks_the_certificate(name: str, taken: bool, tmp_path: Path) -> None:
    context, trusting = server_context(tmp_path, name)
    async with relay_server(RelayServer(tls=context), implicit_tls=True) as server:
        server.secured = True
        gate = StageGate(opted_in(f"smtps://relay.test:{server.port}"))
        async with conversation(gate, a_relay(trusting)) as client:
            reply = await send(client)
            assert reply.startswith("250 2.0.0 taken" if taken else "451 4.4.2 ")
    assert [left for left, _ in gate.settled] == [taken]
    assert (server.data != b"") == taken


async def test_without_a_relay_an_opted_in_mail_is_refused() -> None:
    gate = StageGate(opted_in("smtp://relay.test"))
    async with conversation(gate, None) as client:
        assert (await send(client)).startswith("451 4.3.5 ")
    assert [left for left, _ in gate.settled] == [False]


async def test_a_mail_that_was_taken_is_not_refused_because_the_ledger_fails_afterwards() -> None:
    async with relay_server(RelayServer()) as server:
        gate = StageGate(
            opted_in(f"smtp://relay.test:{server.port}"), settle_trouble=LedgerUnavailable("the disk is full")
        )
        async with conversation(gate, a_relay()) as client:
            assert await send(client) == "250 2.0.0 taken as 77\r\n"


class Broken:
    async def deliver(self, departure: Departure, mail: Mail, content: object) -> tuple[bool, object]:
        raise RuntimeError("a bug in the relay")


async def test_a_bug_in_the_relay_leaves_the_mail_counted_as_left() -> None:
    gate = StageGate(opted_in("smtp://relay.test"))
    async with stage(gate, relay=Broken()) as port, connected(port) as client:
        await client.say(b"EHLO x\r\n")
        assert (await send(client)).startswith("451 4.3.0 Soundstage failed")
    assert gate.settled == [(True, None)]


async def test_a_long_body_is_relayed_out_of_its_file_even_after_the_ledger_moved_it(tmp_path: Path) -> None:
    path = tmp_path / "incoming"
    content = b"Subject: long\r\n\r\n" + b"..dots\r\n" * 100_000

    class Moving(StageGate):
        async def take(self, seen: object) -> object:  # type: ignore[override]  # only the mail matters here
            path.rename(tmp_path / "adopted")
            return await super().take(seen)  # type: ignore[arg-type]  # it is the mail

    class Filed(MemoryIntake):
        def finish(self) -> Body:
            path.write_bytes(b"".join(self.chunks))
            return Body(None, path.stat().st_size, "0" * 64, path)

    async with relay_server(RelayServer()) as server:
        gate = Moving(opted_in(f"smtp://relay.test:{server.port}"))
        async with stage(gate, relay=a_relay(), intakes=Filed) as port, connected(port) as client:
            await client.say(b"EHLO x\r\n")
            assert await send(client, message=content) == "250 2.0.0 taken as 77\r\n"
    assert server.data.replace(b"\r\n..", b"\r\n.")[:-3] == content


class Mailbox:
    """An aiosmtpd handler."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        self.envelopes.append(envelope)
        return "250 2.0.0 in the box"


async def test_a_real_mail_server_takes_it() -> None:
    box = Mailbox()
    listening = await asyncio.get_running_loop().create_server(
        lambda: SMTP(box, enable_SMTPUTF8=True, hostname="box.test"), "127.0.0.1", 0
    )
    port = listening.sockets[0].getsockname()[1]
    mail = Mail("a@shop.test", ("b@qa.test", "c@qa.test"), Body.of(MESSAGE), "127.0.0.1", "smtp", 25)
    decision = opted_in(f"smtp://relay.test:{port}")

    async def settle(left: bool, reply: object) -> None:
        raise AssertionError("the relay does not settle")

    departure = Departure("cap-1", effect_of(mail), decision, settle, lambda address: address == "a@shop.test")
    for content in (MESSAGE, io.BytesIO(MESSAGE)):
        left, reply = await a_relay().deliver(departure, mail, content)
        assert (left, reply.status, reply.body) == (True, 250, b"2.0.0 in the box")
    listening.close()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(listening.wait_closed(), 2)
    assert [(e.mail_from, e.rcpt_tos, e.content) for e in box.envelopes] == [
        ("a@shop.test", ["b@qa.test", "c@qa.test"], MESSAGE)
    ] * 2
