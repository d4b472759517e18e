"""A process under the hook reaches nothing: judged by a listener that would have seen it."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent

ATTEMPTS = [
    pytest.param("socket.create_connection(('127.0.0.1', port))", id="create-connection"),
    pytest.param("socket.socket().connect_ex(('127.0.0.1', port))", id="connect-ex"),
    pytest.param("socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', port))", id="sendto"),
    pytest.param("socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('127.0.0.1', port))", id="sendmsg"),
    pytest.param("socket.getaddrinfo('localhost', port)", id="getaddrinfo"),
    pytest.param("socket.gethostbyname('localhost')", id="gethostbyname"),
    pytest.param("subprocess.run(['true'])", id="subprocess"),
    pytest.param("os.system('true')", id="system"),
    pytest.param("os.fork()", id="fork"),
    pytest.param("os.execv('/bin/true', ['true'])", id="exec"),
    pytest.param("os.posix_spawn('/bin/true', ['true'], {})", id="posix-spawn"),
    pytest.param("urllib.request.urlopen(f'http://127.0.0.1:{port}/')", id="urllib"),
    pytest.param("socket.create_server(('127.0.0.1', 0))", id="bind"),
    pytest.param("ctypes.CDLL('libc.so.6')", id="ctypes"),
]

CHILD = """
import ctypes, json, os, socket, subprocess, sys, urllib.request
from sinks.no_way_out import WayOutRefused, forbid_dialling
port = int(sys.argv[1])
forbid_dialling()
try:
    eval(sys.argv[2])
except BaseException as error:
    chain = []
    while error is not None:
        chain.append(type(error).__name__)
        error = error.__cause__ or error.__context__ or getattr(error, "reason", None)
        error = error if isinstance(error, BaseException) else None
    print(json.dumps(chain))
else:
    print(json.dumps([]))
"""


@pytest.fixture(scope="module")
def trap() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_each_attempt_is_refused_and_nothing_arrives(attempt: str, trap: socket.socket) -> None:
    port = trap.getsockname()[1]
    told = subprocess.run(
        [sys.executable, "-c", CHILD, str(port), attempt], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert "WayOutRefused" in json.loads(told.stdout)
    with pytest.raises(BlockingIOError):
        trap.accept()


def test_the_self_test_names_the_ways_a_process_without_the_hook_has(trap: socket.socket) -> None:
    script = "import sys, json, sinks.no_way_out as n; print(json.dumps(n.ways_left_open(int(sys.argv[1]))))"
    with socket.create_server(("127.0.0.1", 0)) as own_trap:
        told = subprocess.run(
            [sys.executable, "-c", script, str(own_trap.getsockname()[1])],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
        )
    assert json.loads(told.stdout) == ["connect", "connect_ex", "sendto", "getaddrinfo", "subprocess", "os.system"]
