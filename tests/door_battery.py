"""A battery of requests at a real door, with an audit hook that writes down whatever dials. Run as a program.

The clients are another process, so that every event the hook sees is the gateway's own.
"""

import asyncio
import contextlib
import json
import multiprocessing
import os
import socket
import ssl
import sys
from pathlib import Path
from typing import Any

from door_stage import RememberingGate, Stage, stage

WATCHED = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg")
STARTED = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.fork")
PLAIN = [
    b"GET http://metadata.google.internal/ HTTP/1.1\r\nHost: metadata.google.internal\r\n\r\n",
    b"GET http://169.254.169.254/latest HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n",
    b"GET http://2130706433/ HTTP/1.1\r\nHost: 2130706433\r\n\r\n",
    b"GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n",
    b"GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: H2C\r\n\r\n",
    b"GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nabc",
    b"POST http://a.example/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n",
    b"CONNECT a.example:25 HTTP/1.1\r\n\r\n",
    b"CONNECT a.example:443 HTTP/1.1\r\n\r\nSSH-2.0-client\r\n",
    b"CONNECT a.example:80 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
    b"CONNECT [::1]:443 HTTP/1.1\r\n\r\n\x16\x03\x01\x00\x02\x01\x00",
    b"\x05\x01\x00",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]
NAMES = ["api.stripe.com", "metadata.google.internal", "localhost", "a.example"]


def clients(explicit: tuple[str, int], http: tuple[str, int], https: tuple[str, int], ca: str) -> None:
    """Everything at once, from a process without the hook."""
    for address in (explicit, http):
        for data in PLAIN:
            with contextlib.suppress(OSError), socket.create_connection(address, timeout=5) as sock:
                sock.sendall(data)
                sock.settimeout(0.2)
                sock.recv(4096)
                sock.recv(4096)
    for name in NAMES:
        for context in (ssl.create_default_context(cafile=ca), ssl.create_default_context()):
            with (
                contextlib.suppress(OSError),
                socket.create_connection(https, timeout=5) as sock,
                context.wrap_socket(sock, server_hostname=name) as wrapped,
            ):
                wrapped.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
                wrapped.recv(4096)


async def run(data_dir: Path) -> dict[str, Any]:
    gate = RememberingGate()
    begin, begun = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_wait_then_run, args=(begun,))
    process.start()
    dialled: list[str] = []
    watching = [True]

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if watching[0] and event in WATCHED + STARTED:
            dialled.append(f"{event} {arguments[1:]}")

    sys.addaudithook(watch)
    async with stage(data_dir, gate) as here:
        begin.send(_addresses(here))
        await asyncio.to_thread(process.join)
    watching[0] = False
    seen = list(dialled)
    watching[0] = True
    with contextlib.suppress(OSError), socket.socket() as sock:
        sock.connect(("127.0.0.1", 9))
    return {"dialled": seen, "hook_sees_a_dial": len(dialled) > len(seen), "captured": len(gate.taken)}


def _addresses(here: Stage) -> tuple[Any, ...]:
    return here.explicit, here.http, here.https, str(here.ca.path)


def _wait_then_run(begun: Any) -> None:
    clients(*begun.recv())
    os._exit(0)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(run(Path(sys.argv[1])))))
