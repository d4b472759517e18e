"""The doctor, run by an ordinary user on the staging host of the small internet, and the holes that are dug for it."""

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from run_stage import NOBODY, as_user
from running import PROJECT
from small_internet import SmallInternet

HOST_PORT = 9100
SECOND_NETWORK = "203.0.113.0/24"
TABLE = "inet soundstage"
ADMITTED = (
    "ct state established,related",
    "ip daddr 1.1.1.1 udp dport 9999",
    "ip daddr 1.1.1.1 tcp dport 9999",
    "ip daddr 1.1.1.1 udp dport 53",
    "ip daddr 169.254.169.254",
    "ip6 daddr 2606:4700::/32",
    "icmp type echo-request",
)
"""What is let out: answers, a UDP port, a TCP port by address, a foreign DNS server, metadata, IPv6, pings."""
OPENED = "\n".join(
    [f"insert rule {TABLE} {chain} {what} accept" for what in ADMITTED for chain in ("coming_from", "passing")]
    + [f"insert rule {TABLE} arriving {what} return" for what in ADMITTED[1:]]
    + [f"add element {TABLE} services_tcp {{ {HOST_PORT} }}"]
)
PREPARE = """
set -e
mount -t tmpfs none /run && mount -t tmpfs none /var/tmp
mkdir /run/bin
for one in curl git node id; do ln -s "$(command -v $one || echo /nowhere)" /run/bin/$one; done
cp "$BUNDLE" /run/bundle.pem && chmod 644 /run/bundle.pem
if [ -n "$GIVEN" ]; then cp "$GIVEN" /run && chmod 644 "/run/${GIVEN##*/}"; fi
if [ -n "$ENGINE" ]; then touch /run/docker.sock; mount --bind "$ENGINE" /run/docker.sock; fi
mkdir /run/checkout && mount --bind "$CHECKOUT" /run/checkout
mount -t tmpfs -o mode=1777 none /tmp
# A checkout below a folder that is hidden now is put back where it was.
if [ ! -e "$CHECKOUT" ]; then mkdir -p "$CHECKOUT" && mount --bind /run/checkout "$CHECKOUT"; fi
exec "$@"
"""
# Without Java, because what is in its store is this machine's.
VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS")


def examined(
    net: SmallInternet,
    bundle: Path,
    *words: str,
    engine: Path | None = None,
    capabilities: str = "",
    variables: Mapping[str, str] | None = None,
    given: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """`soundstage doctor --json WORDS`, as nobody, in a file system that has nothing of this machine's own sockets.

    `given`: a file that is found there in `/run`.
    """
    environ = {"CHECKOUT": str(PROJECT), "BUNDLE": str(bundle), "ENGINE": "" if engine is None else str(engine)}
    environ |= {"GIVEN": "" if given is None else str(given)}
    environ |= {"PATH": "/usr/bin:/bin"}
    environ |= {**dict.fromkeys(VARIABLES, "/run/bundle.pem"), "PYTHONDONTWRITEBYTECODE": "1", **(variables or {})}
    raised = [f"--inh-caps=+{capabilities}", f"--ambient-caps=+{capabilities}"] if capabilities else []
    program = [sys.executable, "-P", "-m", "soundstage", "doctor", "--json", *words]
    pairs = [f"{name}={value}" for name, value in environ.items()]
    prepared = ["env", *pairs, "sh", "-c", PREPARE, "sh", *as_user(NOBODY), *raised]
    return net.in_staging([*prepared, "env", "PATH=/run/bin", *program])


def by_verdict(told: Mapping[str, Any], *verdicts: str) -> dict[str, str]:
    """The findings with one of these verdicts: why, by their ids."""
    return {one["id"]: one["reason"] for one in told["findings"] if one["verdict"] in verdicts}


@contextlib.contextmanager
def listening(path: Path) -> Iterator[Path]:
    """A socket such as an engine's, that everybody may connect to."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(8)
        path.chmod(0o666)
        yield path


@contextlib.contextmanager
def served(net: SmallInternet) -> Iterator[None]:
    """A server of the gateway's host, on every address, which says something."""
    script = f"import socket\ns = socket.create_server(('', {HOST_PORT}))\n"
    script += "while 1: c, _ = s.accept(); c.send(b'hi'); c.close()"
    process = subprocess.Popen([*net.entered("gateway"), "python3", "-c", script])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def second_interface(net: SmallInternet) -> None:
    """A link of the staging host's own to the world, and a route over it."""
    staging, world = net.names["staging"], net.names["world"]
    lines: Sequence[str] = (
        f"link add eth1 netns {staging} type veth peer name side netns {world}",
        f"-netns {staging} address add 10.78.0.2/24 dev eth1",
        f"-netns {world} address add 10.78.0.1/24 dev side",
        f"-netns {world} link set side up",
        f"-netns {staging} link set eth1 up",
        f"-netns {staging} route add {SECOND_NETWORK} via 10.78.0.1",
    )
    for line in lines:
        subprocess.run(["ip", *line.split()], check=True)
