"""What is said to the mail entrance besides plain mails: the relay of one opted-in recipient hears of nobody else."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from leak_house import BOUND_SECONDS, LeakHouse, careless_tls, leak_house
from relay_server import RelayServer, relay_server
from test_story_leaks_mail import relayed

OURS, THEIRS = "b@qa.example.com", "c@customer.com"
MAIL = "MAIL FROM:<a@shop.test>\r\n"
TEXT = "DATA\r\nSubject: hi\r\n\r\nhello\r\n.\r\n"


@pytest_asyncio.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LeakHouse]:
    async with leak_house(tmp_path_factory.mktemp("leaks")) as house:
        yield house


def to(*paths: str) -> str:
    return "".join(f"RCPT TO:{path}\r\n" for path in paths)


SAID = {
    # Pipelined: what comes behind a mail is another one
    "a-second-mail-behind-the-first": MAIL + to(f"<{OURS}>") + TEXT + MAIL + to(f"<{THEIRS}>") + TEXT,
    "a-recipient-behind-the-text": MAIL + to(f"<{OURS}>") + TEXT + to(f"<{THEIRS}>") + TEXT,
    "a-mail-inside-the-text": MAIL + to(f"<{OURS}>") + TEXT.replace("hello", f"..\r\n{MAIL}{to(f'<{THEIRS}>')}DATA"),
    "an-end-with-a-bare-line-feed": MAIL + to(f"<{OURS}>") + TEXT.replace("hello", f"x\n.\n{MAIL}{to(f'<{THEIRS}>')}"),
    "an-end-with-a-bare-carriage-return": MAIL + to(f"<{OURS}>") + TEXT.replace("hello", f"x\r.\r{MAIL}RCPT"),
    "a-recipient-before-the-sender": to(f"<{THEIRS}>") + MAIL + to(f"<{OURS}>") + TEXT,
    "recipients-of-a-mail-that-was-reset": MAIL + to(f"<{THEIRS}>") + "RSET\r\n" + MAIL + to(f"<{OURS}>") + TEXT,
    # Commands that name others
    "chunks": MAIL + to(f"<{OURS}>") + f"BDAT 6 LAST\r\nhello\r\nRCPT TO:<{THEIRS}>\r\n",
    "a-queue-run": f"ETRN customer.com\r\nVRFY {THEIRS}\r\nEXPN {THEIRS}\r\n" + MAIL + to(f"<{OURS}>") + TEXT,
    "a-mail-to-a-terminal": f"SEND FROM:<a@shop.test>\r\nSOML FROM:<a@shop.test>\r\nSAML FROM:<{THEIRS}>\r\n" + TEXT,
    # Parameters that name others
    "an-original-recipient": MAIL + to(f"<{OURS}> ORCPT=rfc822;{THEIRS} NOTIFY=SUCCESS,FAILURE") + TEXT,
    "another-author": f"MAIL FROM:<{THEIRS}> AUTH={THEIRS} ENVID={THEIRS} RET=FULL\r\n" + to(f"<{OURS}>") + TEXT,
    # Addresses that some servers read as others
    "a-source-route": MAIL + to(f"<@customer.com,@qa.example.com:{OURS}>", f"<@qa.example.com:{THEIRS}>") + TEXT,
    "a-quoted-local-part": MAIL + to('<"c@customer.com"@qa.example.com>') + TEXT,
    "a-quoted-space": MAIL + to('<"b@qa.example.com> TO:<c"@customer.com>') + TEXT,
    "a-percent-sign": MAIL + to("<c%customer.com@qa.example.com>") + TEXT,
    "a-full-width-percent-sign": MAIL + to("<c\uff05customer.com@qa.example.com>") + TEXT,
    "a-bang-path": MAIL + to("<customer.com!c@qa.example.com>") + TEXT,
    "a-comment": MAIL + to("<b(c@customer.com)@qa.example.com>") + TEXT,
    "a-list-in-brackets": MAIL + to(f"<{OURS},{THEIRS}>", f"<{OURS}>, <{THEIRS}>") + TEXT,
    "no-brackets": MAIL + to(f"{OURS} {THEIRS}", f"{OURS};{THEIRS}") + TEXT,
    "a-pipe": MAIL + to("<|/bin/c.customer.com@qa.example.com>") + TEXT,
    "a-name-that-goes-on": MAIL + to("<b@qa.example.com.customer.com>", "<b@customer.com.>") + TEXT,
    "a-name-with-a-nul": MAIL + to("<b@customer.com\0@qa.example.com>") + TEXT,
    "a-path-with-a-line-end": MAIL + to(f"<{OURS}\r>\nRCPT TO:<{THEIRS}>") + TEXT,
}  # fmt: skip
ONE_ARRIVES = {
    "a-second-mail-behind-the-first", "a-recipient-behind-the-text", "a-mail-inside-the-text",
    "a-recipient-before-the-sender", "recipients-of-a-mail-that-was-reset", "a-queue-run", "an-original-recipient",
    "another-author",
}  # fmt: skip
"""The mail to the one recipient itself. Of the others nothing does, not even the envelope."""


@pytest.mark.parametrize("name", SAID)
async def test_the_relay_hears_of_nobody_who_is_not_opted_in(house: LeakHouse, name: str) -> None:
    async with relay_server(RelayServer()) as server:
        house.policy(relayed(server.port))
        reader, writer = await asyncio.open_connection(*house.doors.bound["smtp"])
        writer.write(f"EHLO shop.test\r\n{SAID[name]}QUIT\r\n".encode())
        writer.write_eof()
        async with asyncio.timeout(BOUND_SECONDS):
            await reader.read()
        writer.close()
    assert not [line for line in server.lines if "customer" in line.lower()]
    named = [line for line in server.lines if line.startswith("RCPT")]
    assert named == [f"RCPT TO:<{OURS}> NOTIFY=NEVER"] * (name in ONE_ARRIVES)
    assert server.lines.count("DATA") == server.connections == len(named)


async def test_what_is_said_in_the_clear_behind_the_wish_for_tls_is_nobodys(house: LeakHouse) -> None:
    """A mail that somebody put behind STARTTLS would be taken for one of the encrypted session."""
    async with relay_server(RelayServer()) as server:
        house.policy(relayed(server.port))
        reader, writer = await asyncio.open_connection(*house.doors.bound["smtp"])
        writer.write(f"EHLO shop.test\r\nSTARTTLS\r\n{MAIL}{to(f'<{OURS}>')}{TEXT}".encode())
        async with asyncio.timeout(BOUND_SECONDS):
            for _ in ("the greeting", "the answer to STARTTLS"):
                while not (await reader.readline()).startswith(b"220 "):
                    pass
            await writer.start_tls(careless_tls())
            writer.write(b"QUIT\r\n")
            assert (await reader.read()).startswith(b"221 ")
        writer.close()
    assert server.connections == 0
