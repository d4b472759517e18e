"""The door cannot dial: nothing in its code can, and nothing in its process does while clients try everything on it."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOOR = [
    path
    for pattern in ("door*.py", "head*.py", "http1*.py", "body_reader.py", "client_hello.py", "peek.py", "explicit.py")
    for path in sorted((ROOT / "proxy").glob(pattern))
] + [ROOT / "proxy" / name for name in ("steered.py", "listener.py", "listener_opening.py", "accept.py", "engines.py")]
DIALS = frozenset(
    (
        "connect",
        "connect_ex",
        "create_connection",
        "create_datagram_endpoint",
        "create_unix_connection",
        "getaddrinfo",
        "getnameinfo",
        "gethostbyname",
        "open_connection",
        "open_unix_connection",
        "sendfile",
        "sendmsg",
        "sendto",
        "sock_connect",
        "sock_sendto",
        "Popen",
        "create_subprocess_exec",
        "create_subprocess_shell",
        "eval",
        "exec",
        "getattr",
        "import_module",
        "__import__",
    )
)
CLIENTS = frozenset(
    (
        "urllib",
        "http",
        "ftplib",
        "smtplib",
        "httpx",
        "requests",
        "aiohttp",
        "mitmproxy",
        "subprocess",
        "telnetlib",
        "ctypes",
    )
)
ALLOWED = {("http", "HTTPStatus")}


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in DOOR])
def test_no_module_of_the_door_names_anything_that_dials(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            assert node.attr not in DIALS, f"{path}:{node.lineno}"
        elif isinstance(node, ast.Name):
            assert node.id not in DIALS, f"{path}:{node.lineno}"
        elif isinstance(node, ast.Import):
            assert not CLIENTS & {alias.name.partition(".")[0] for alias in node.names}, f"{path}:{node.lineno}"
        elif isinstance(node, ast.ImportFrom):
            names = {(node.module, alias.name) for alias in node.names}
            assert names <= ALLOWED or (node.module or "").partition(".")[0] not in CLIENTS, f"{path}:{node.lineno}"


def test_no_client_makes_it_dial(tmp_path: Path) -> None:
    """The battery runs in a process of its own: an audit hook cannot be taken out again."""
    told = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("door_battery.py")), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
    )
    result = json.loads(told.stdout)
    assert result["dialled"] == []
    assert result["hook_sees_a_dial"] is True
    assert result["captured"] >= 20
