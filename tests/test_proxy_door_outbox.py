"""The outbox: in order, whole, and told to whoever waits."""

import asyncio
import random

from door_tls_stage import pair, within

from proxy.door_outbox import Outbox


async def test_what_the_socket_does_not_take_follows_in_order() -> None:
    client, ours = pair()
    told: list[str] = []
    sent = asyncio.Event()
    outbox = Outbox(ours, full=lambda: told.append("full"), sent=sent.set, lost=lambda _: None)
    pieces = [random.Random(number).randbytes(number * 100_000) for number in range(1, 12)]
    for piece in pieces:
        outbox.send(piece)
    assert told == ["full"]
    assert outbox.waiting > 0
    heard = bytearray()
    async with within():
        while len(heard) < sum(map(len, pieces)):
            heard += await asyncio.get_running_loop().sock_recv(client, 100_000)
        await sent.wait()
    assert bytes(heard) == b"".join(pieces)
    assert (told, outbox.waiting) == (["full"], 0)
    client.close()
    ours.close()


async def test_a_client_that_is_gone_is_told_once_it_is_known() -> None:
    client, ours = pair()
    lost: list[OSError] = []
    outbox = Outbox(ours, full=lambda: None, sent=lambda: None, lost=lost.append)
    client.close()
    async with within():
        while not lost:
            outbox.send(b"x")
            await asyncio.sleep(0)
    assert isinstance(lost[0], ConnectionError)
    outbox.drop()
    ours.close()


async def test_what_is_dropped_is_not_sent() -> None:
    client, ours = pair()
    outbox = Outbox(ours, full=lambda: None, sent=lambda: None, lost=lambda _: None)
    outbox.send(b"x" * 20_000_000)
    outbox.drop()
    assert outbox.waiting == 0
    assert not asyncio.get_running_loop().remove_writer(ours)
    client.close()
    ours.close()
