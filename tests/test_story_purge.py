"""What comes after a purge, and repeats what was purged: it is on record again, and answered as it was."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import dns.asyncquery
import dns.message
import pytest
import pytest_asyncio
from leak_house import LeakHouse, head, leak_house
from pydantic_core import from_json

from ledger.filters import Filters


@pytest_asyncio.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LeakHouse]:
    async with leak_house(tmp_path_factory.mktemp("purge")) as house:
        yield house


async def purged(house: LeakHouse) -> None:
    await asyncio.to_thread(house.ground.retention.purge, Filters())
    assert house.reader.count(Filters()) == 0


async def asked(house: LeakHouse, name: str) -> None:
    where, port = house.doors.bound["dns"]
    await dns.asyncquery.udp(dns.message.make_query(name, "A"), where, timeout=60, port=port)


async def test_a_question_that_is_asked_again_is_on_record_again(house: LeakHouse) -> None:
    """Else what asks only what was asked a minute ago seems to ask nothing."""
    for _ in range(3):
        await asked(house, "api.partner.example")
    assert house.reader.count(Filters(host="api.partner.example")) == 1
    await purged(house)
    for _ in range(3):
        await asked(house, "api.partner.example")
    assert house.reader.count(Filters(host="api.partner.example")) == 1


async def charged(house: LeakHouse, amount: int = 4200) -> tuple[bytes, Any]:
    """A charge under one idempotency key: the answer's head, and its body."""
    body = f"amount={amount}&currency=eur"
    async with house.visit("explicit-http") as visit:
        reader, writer = await visit.connect()
        writer.write(
            (
                "POST http://api.stripe.com/v1/payment_intents HTTP/1.1\r\nHost: api.stripe.com\r\n"
                "Authorization: Bearer sk_test_123\r\nIdempotency-Key: order-7\r\nConnection: close\r\n"
                f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            ).encode()
        )
        told = await head(reader) + await reader.read()
    top, _, rest = told.partition(b"\r\n\r\n")
    return top, from_json(rest)


async def test_a_retry_after_a_purge_gets_the_same_object(house: LeakHouse) -> None:
    first = await charged(house)
    again = await charged(house)
    assert first[0].startswith(b"HTTP/1.1 200")
    assert first[1] == again[1]
    assert (await charged(house, 4300))[0].startswith(b"HTTP/1.1 400"), "another charge under the same key"
    await purged(house)
    after = await charged(house)
    assert after[0].startswith(b"HTTP/1.1 200")
    assert after[1]["id"] == first[1]["id"]
