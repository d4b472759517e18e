"""Tries ways out of wherever it runs, and says of each whether it is open. Standard library alone: it runs anywhere.

`ways_out.py shut WAY...` ends with 1 unless every way is shut, `ways_out.py open WAY...` unless every way is open. A
way: `tcp:ADDRESS:PORT`, `dns:ADDRESS` (a question over UDP), `name:NAME=ADDRESS` (open where the system's resolver says
anything but that address), `proxy:ADDRESS:PORT:URL` (a POST through that proxy, open unless refused or made up), `raw:`
(frames of one's own making).
"""

import socket
import sys
import urllib.error
import urllib.request

PATIENCE = 3.0
"""Seconds for an answer; addresses on one machine answer in milliseconds."""


def tcp(where: str) -> str:
    """Connect."""
    address, _, port = where.rpartition(":")
    with socket.create_connection((address, int(port)), PATIENCE) as there:
        return f"connected from {there.getsockname()[0]}"


def dns(where: str) -> str:
    """Ask that server for the address of a name (RFC 1035)."""
    labels = b"".join(bytes([len(label)]) + label for label in b"secret.of.staging.example.com".split(b"."))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(PATIENCE)
        head = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
        asking.sendto(head + labels + b"\x00\x00\x01\x00\x01", (where, 53))
        return f"answered with {len(asking.recv(4096))} octets"


def name(where: str) -> str:
    """Ask the system's resolver for a name that nobody can know of; one steered address is as it should be."""
    asked, _, steered = where.partition("=")
    found = {entry[4][0] for entry in socket.getaddrinfo(asked, 443)}
    if found == {steered}:
        raise OSError(f"steered to {steered}")
    return f"resolved to {found}"


def proxy(where: str) -> str:
    """Post through an explicit proxy. A verdict in the answer says that it is made up."""
    address, port, url = where.split(":", 2)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": f"http://{address}:{port}"}))
    try:
        with opener.open(url, data=b"secret of staging", timeout=PATIENCE) as answer:
            verdict = answer.headers["Soundstage-Verdict"]
    except urllib.error.HTTPError as refused:
        verdict = refused.headers["Soundstage-Verdict"]
    if verdict in ("capture", "deny"):
        raise OSError(f"answered by Soundstage: {verdict}")
    return f"answered from outside, with the verdict {verdict}"


def raw(_: str) -> str:
    """Frames that no routing table and no address of the sender holds."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW):
        return "frames of its own making may be sent"


TRIES = {tried.__name__: tried for tried in (tcp, dns, name, proxy, raw)}


def attempt(way: str) -> tuple[bool, str]:
    """Whether it is open, and what happened."""
    kind, _, where = way.partition(":")
    try:
        return True, TRIES[kind](where)
    except OSError as held:
        return False, str(held) or type(held).__name__


def main(wanted: str, ways: list[str]) -> int:
    """0 where every way is as wanted."""
    as_wanted = True
    for way in ways:
        is_open, what = attempt(way)
        as_wanted &= is_open == (wanted == "open")
        sys.stdout.write(f"    {'open' if is_open else 'shut'}  {way}  ({what})\n")
    return 0 if as_wanted else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
