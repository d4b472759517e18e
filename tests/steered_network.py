"""A network of its own in which every name is steered: its resolver is loopback, where the gateway has standard ports.

A program run there with no proxy variable at all reaches Soundstage whatever name it means. That needs root.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

PORTS = {
    "SOUNDSTAGE_HTTPS_PORT": "443",
    "SOUNDSTAGE_HTTP_PORT": "80",
    "SOUNDSTAGE_DNS_PORT": "53",
    "SOUNDSTAGE_SMTP_PORT": "587",
    "SOUNDSTAGE_SMTPS_PORT": "465",
}
"""Where programs that know of no proxy look for what their names lead to."""
STAY = """
ip link set lo up
[ -e /etc/resolv.conf ] && mount --bind "$0" "$(readlink -f /etc/resolv.conf)"
echo ready
exec cat
"""


def can_steer() -> bool:
    """Whether this machine lets us make one."""
    return os.geteuid() == 0 and shutil.which("unshare") is not None and shutil.which("ip") is not None


@contextlib.contextmanager
def steered_network(folder: Path) -> Iterator[tuple[str, ...]]:
    """The words before a command that is to run in it."""
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    words = ["unshare", "--net", "--mount", "sh", "-c", STAY, str(folder / "resolv.conf")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as staying:
        assert staying.stdout is not None
        assert staying.stdout.readline() == "ready\n"
        # Entering forgets the working folder, unless it is told.
        yield ("nsenter", f"--target={staying.pid}", "--net", "--mount", "--wd=.")
        assert staying.stdin is not None
        staying.stdin.close()
