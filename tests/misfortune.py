"""Octets said to a running Soundstage by hand, and what its data directory holds afterwards."""

import socket
from contextlib import closing
from pathlib import Path

from running import Running

from ledger.filters import Filters
from ledger.reader import Reader
from ledger.store import open_ledger

KEPT = "kept.partner.test"
PATIENCE = 60


def say(running: Running, entrance: str, octets: bytes) -> socket.socket:
    """A connection of our own on which this was said."""
    connection = socket.create_connection(running.place(entrance), timeout=PATIENCE)
    connection.sendall(octets)
    return connection


def hear(connection: socket.socket) -> bytes:
    """Everything until the other side ends."""
    heard = b""
    with connection:
        while octets := connection.recv(65536):
            heard += octets
    return heard


def post(running: Running, host: str) -> bytes:
    head = f"POST http://{host}/x HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    return hear(say(running, "proxy", head.encode()))


def captured(data: Path) -> int:
    """How many captures a data directory holds of what was done before the misfortune."""
    with closing(open_ledger(data, writer=False)) as ledger:
        return Reader(ledger).count(Filters(host=KEPT))
