"""Mail leaves where every recipient is opted in and not otherwise, without a way back to a sender who is not."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from leak_house import LeakHouse, leak_house
from relay_server import RelayServer, relay_server


@pytest_asyncio.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LeakHouse]:
    async with leak_house(tmp_path_factory.mktemp("leaks")) as house:
        yield house


def mail(
    house: LeakHouse, *recipients: str, message: str = "Subject: hi\r\n\r\nhello\r\n", sender: str = "a@shop.test"
) -> int:
    """The code a mail to these is answered with."""
    host, port = house.doors.bound["smtp"]
    with smtplib.SMTP(host, port, timeout=60) as session:
        try:
            session.sendmail(sender, list(recipients), message)
        except smtplib.SMTPResponseException as refused:
            return refused.smtp_code
    return 250


def relayed(port: int, expires: datetime | None = None) -> str:
    until = (expires or datetime.now(UTC) + timedelta(days=1)).isoformat()
    return (
        f'  - {{id: qa, email: {{to: ["*@qa.example.com"]}}, via: "smtp://127.0.0.1:{port}", '
        f'addresses: [127.0.0.0/8], why: a test, owner: tests, expires: "{until}"}}\n'
    )


async def test_mail_leaves_only_where_every_recipient_is_opted_in(house: LeakHouse) -> None:
    async with relay_server(RelayServer()) as server:
        house.policy(relayed(server.port))
        assert await asyncio.to_thread(mail, house, "b@qa.example.com") == 250
        assert server.connections == 1
        for others in NOT_ALL_OPTED_IN:
            assert await asyncio.to_thread(mail, house, *others) == 250
        house.policy(relayed(server.port, datetime.now(UTC) - timedelta(seconds=1)))
        assert await asyncio.to_thread(mail, house, "b@qa.example.com") == 250
    assert server.connections == 1
    assert [line for line in server.lines if line.startswith("RCPT")] == ["RCPT TO:<b@qa.example.com> NOTIFY=NEVER"]


async def test_no_bounce_goes_to_a_sender_who_is_not_opted_in(house: LeakHouse) -> None:
    """A relay writes of itself to the envelope's sender, and to whom some header fields name."""
    async with relay_server(RelayServer()) as server:
        house.policy(relayed(server.port))
        senders = "a@shop.test", "bounces@qa.example.com", "x%customer.com@qa.example.com"
        for sender in senders:
            assert await asyncio.to_thread(mail, house, "b@qa.example.com", sender=sender) == 250
        asking = "Errors-To: a@shop.test\r\n\r\nhello\r\n"
        assert await asyncio.to_thread(mail, house, "b@qa.example.com", message=asking) == 554
    told = [line.split()[1] for line in server.lines if line.startswith("MAIL")]
    assert told == ["FROM:<>", "FROM:<bounces@qa.example.com>", "FROM:<>"]


NOT_ALL_OPTED_IN = [
    ("b@qa.example.com", "c@customer.com"),
    ("c@customer.com",),
    ('"b@customer.com"@qa.example.com',),
    ("b%customer.com@qa.example.com",),
    ("customer.com!b@qa.example.com",),
    ("b@qa.example.com.customer.com",),
    ("b@evilqa.example.com",),
    ("b@x.qa.example.com",),
    ("b@[127.0.0.1]",),
    ("@qa.example.com:b@customer.com",),
    ("b@customer.com@qa.example.com",),
]
