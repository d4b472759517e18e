"""The end of an adoption: what a command sent before it ended is read, or told of, whoever is gone by then."""

import asyncio
import socket

from policies.http_request import RunClaim
from proxy.accept import Peer
from sinks.in_flight import InFlight
from soundstage.adopted import AdoptedEntrances, adopted

CLAIM = RunClaim("run-1", "token")
CROWD = 200


def sent(place: tuple[str, int], octets: bytes) -> None:
    """As a command does that waits for no answer."""
    with socket.create_connection(place, timeout=10) as client:
        client.sendall(octets)


async def test_what_was_sent_and_not_accepted_yet_is_served() -> None:
    read: list[bytes] = []

    async def serve(sock: socket.socket, peer: Peer) -> None:
        loop = asyncio.get_running_loop()
        octets = await loop.sock_recv(sock, 100)
        await asyncio.sleep(0)  # what is judged and recorded takes its turns
        read.append(octets)

    listening = socket.create_server(("127.0.0.1", 0), backlog=CROWD)
    listening.setblocking(False)
    register = InFlight()
    async with adopted({"tcp4": listening}, AdoptedEntrances({"redirected": serve}, {}), register, CLAIM):
        for number in range(CROWD):
            sent(listening.getsockname(), b"%d" % number)
        assert read == [], "nobody has been accepted: the loop had no turn"
    assert sorted(map(int, read)) == list(range(CROWD))
    assert (register.lost(), register.size) == ([], 0)


async def test_what_is_not_read_in_time_is_told_of() -> None:
    begun = asyncio.Event()

    async def serve(sock: socket.socket, peer: Peer) -> None:
        begun.set()
        await asyncio.get_running_loop().create_future()

    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    register = InFlight()
    entrances = AdoptedEntrances({"redirected": serve}, {})
    async with adopted({"tcp4": listening}, entrances, register, CLAIM, run_out_seconds=0.1):
        sent(listening.getsockname(), b"x")
        async with asyncio.timeout(30):
            await begun.wait()
        (work,) = register.of_run("run-1", lambda claim, source: claim.run if claim else "unattributed")
        assert work.claim == CLAIM, "waited for as the run's, wherever in its network it comes from"
    ((work, why),) = register.lost()
    assert (work.claim, why) == (CLAIM, "its network was gone before it was read to its end")
