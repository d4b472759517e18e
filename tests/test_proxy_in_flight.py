"""What both engines and the accept loop enter as unfinished, and that all of it is taken out again."""

import asyncio
import contextlib
import socket
import ssl
from pathlib import Path

from door_stage import connected, hear, say, stage
from door_tls_stage import TlsClient
from ledger_stage import until
from mitm_house import mitm_house

from policies.effect import UNATTRIBUTED
from policies.http_request import RunClaim
from sinks.in_flight import InFlight, Work

CREDENTIALS = b"Proxy-Authorization: Basic cnVuOnRva2Vu\r\n"
"""run:token"""
HEAD = b"POST http://a.test/x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n"


def run_of(claim: RunClaim | None, source: str) -> str:
    return UNATTRIBUTED if claim is None else claim.run


def unfinished(register: InFlight) -> list[Work]:
    return [*register.of_run("run", run_of), *register.perhaps_of("run", run_of)]


async def test_a_request_in_the_door_from_its_first_byte_to_its_answer(tmp_path: Path) -> None:
    register = InFlight()
    async with stage(tmp_path, in_flight=register) as here, connected(here.explicit) as wire:
        await until(lambda: here.listeners[0].open_connections == 1)
        assert unfinished(register) == [], "connected, and nothing sent"
        await say(wire, HEAD[:20])
        await until(lambda: len(unfinished(register)) == 1)
        assert unfinished(register)[0].run_by(run_of) is None, "nobody can tell whose it is"
        await say(wire, HEAD[20:] + CREDENTIALS + b"\r\n")
        await until(lambda: [work.run_by(run_of) for work in unfinished(register)] == ["run"])
        assert (unfinished(register)[0].what, unfinished(register)[0].host) == ("a request", "a.test")
        await say(wire, b"{}")
        assert (await hear(wire))[0] == 200
        await until(lambda: unfinished(register) == [])
        await say(wire, HEAD + CREDENTIALS + b"\r\n{}", HEAD[:10])
        assert (await hear(wire))[0] == 200
        await until(lambda: len(unfinished(register)) == 1)
    await until(lambda: register.size == 0)


async def test_a_handshake_with_the_door(tmp_path: Path) -> None:
    register = InFlight()
    async with stage(tmp_path, in_flight=register) as here:
        async with connected(here.https) as wire:
            await say(wire, b"\x16\x03\x01")
            await until(lambda: len(unfinished(register)) == 1)
        await until(lambda: register.size == 0)
        reader, writer = await asyncio.open_connection(*here.https, ssl=here.trusting, server_hostname="a.test")
        await until(lambda: unfinished(register) == [])
        writer.write(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 ")
        await until(lambda: unfinished(register) == [])
        writer.close()
    await until(lambda: register.size == 0)


async def test_a_request_whose_beginning_came_with_the_end_of_the_handshake(tmp_path: Path) -> None:
    register, loop = InFlight(), asyncio.get_running_loop()
    async with stage(tmp_path, in_flight=register) as here:
        with socket.socket() as sock:
            sock.setblocking(False)
            await loop.sock_connect(sock, here.https)
            client = TlsClient(sock, here.trusting)
            with contextlib.suppress(ssl.SSLWantReadError):
                client.tls.do_handshake()
            await client.flush()
            await client.more()
            client.tls.do_handshake()
            await client.say(b"POST / HTTP/1.1\r\nContent-Length: 2\r\nHost: ")
            await until(lambda: [work.what for work in unfinished(register)] == ["a request"])
            await client.say(b"a.test\r\n\r\n")
            await until(lambda: [work.host for work in unfinished(register)] == ["a.test"])
            await client.say(b"{}")
            await client.hear()
            await until(lambda: unfinished(register) == [])


async def test_requests_in_mitmproxy(tmp_path: Path) -> None:
    register = InFlight()
    async with mitm_house(tmp_path, in_flight=register) as house:
        reader, writer = await house.tunnel("a.test:443", sni="a.test")
        await until(lambda: unfinished(register) == [])
        writer.write(b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\n")
        await until(lambda: [work.what for work in unfinished(register)] == ["a request"])
        writer.write(b"{}")
        assert (await reader.readline()).startswith(b"HTTP/1.1 ")
        await until(lambda: unfinished(register) == [])
        writer.write(b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\n")
        await until(lambda: len(unfinished(register)) == 1)
        writer.transport.abort()
        await until(lambda: register.size == 0)
