"""What the machine itself gives a program in hand: powers, sockets that lead out, other networks, broad exceptions.

Looks, and opens what could be opened; changes nothing, and sends nothing through what it opens.
"""

import errno
import ipaddress
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from soundstage.doctor_attempt import Finding
from soundstage.doctor_network import Surroundings
from soundstage.run_sockets import outside_sockets

POWERS = {12: "CAP_NET_ADMIN", 13: "CAP_NET_RAW", 16: "CAP_SYS_MODULE", 19: "CAP_SYS_PTRACE", 21: "CAP_SYS_ADMIN"}
"""linux/capability.h: each of these can undo containment from inside, or make packets that no rule has in mind."""
ENGINES = (
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/run/crio/crio.sock",
    "/run/buildkit/buildkitd.sock",
    "/run/k3s/containerd/containerd.sock",
    "/var/lib/lxd/unix.socket",
    "/var/lib/incus/unix.socket",
    "/run/libvirt/libvirt-sock",
)
"""Whoever may speak there starts containers or machines of any network. `/var/run` is `/run`."""
USERS_ENGINES = ("podman/podman.sock", "docker.sock", "containerd-rootless/api.sock")
RUNTIME = ("/run", "/var/run")
CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")
BRIDGE_NAMES = ("docker0", "cni0", "virbr", "br-", "podman")
NAMESPACE_FOLDERS = ("/run/netns", "/run/docker/netns", "/var/run/netns")
MOST = 400
INTERNAL = ("local", "internal", "localhost", "localdomain", "lan", "svc", "test", "invalid", "arpa", "home", "corp")
"""Last labels of names that are nobody's in public; `cluster.local` is one of `local`."""


def look(environ: Mapping[str, str], surroundings: Surroundings) -> list[Finding]:
    """Everything here. A kind with nothing to find is one closed finding."""
    return [*powers(), *sockets(environ), *networks(), *host_network(surroundings), *routes(surroundings)]


def powers(status: Path = Path("/proc/self/status")) -> Iterator[Finding]:
    """Of this process, which stands for the application's: it has to be run as the same user."""
    what = "powers over the network or the machine"
    held = held_powers(_text(status))
    for name in held:
        reason = f"{name} is in force: a program of this user can change routes or rules, or make packets of its own"
        yield Finding(f"capability:{name}", what, "open", reason)
    if not held:
        yield Finding("capability", what, "closed", "none is in force")


def held_powers(status: str) -> list[str]:
    """Of a process's status file (proc_pid_status(5)): in force, or to be had for the asking."""
    masks = [line.split()[1] for line in status.splitlines() if line.startswith(("CapEff:", "CapPrm:", "CapAmb:"))]
    held = 0
    for mask in masks:
        held |= int(mask, 16)
    return [name for bit, name in POWERS.items() if held >> bit & 1]


def sockets(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Unix sockets cross network namespaces: an engine's, and any whose server is not of this network."""
    what = "Unix sockets that lead out"
    engines = {os.path.realpath(path) for path in _engines(environ)}
    own = _bound_here()
    candidates = engines | {path for path in _around(environ) if path not in own}
    opened = sorted(path for path in candidates if _opens(path))
    for path in opened:
        kind = "a container engine's" if path in engines else "of a server in another network"
        yield Finding(f"socket:{path}", what, "open", f"{path} is {kind} socket, and may be connected to")
    if not opened:
        yield Finding("socket", what, "closed", f"none of {len(candidates)} places that were looked at can be opened")


def networks(proc: Path = Path("/proc")) -> Iterator[Finding]:
    """Network namespaces that may be entered."""
    what = "other network namespaces"
    entered = next((place for place in _namespaces(proc) if _enters(place)), None)
    if entered is None:
        yield Finding("namespace", what, "closed", "none can be entered")
    else:
        yield Finding(f"namespace:{entered}", what, "open", f"{entered} can be entered, and is another network")


def host_network(surroundings: Surroundings, marks: tuple[str, ...] = CONTAINER_MARKS) -> Iterator[Finding]:
    """A container that was given the host's network instead of one of its own."""
    if not any(Path(mark).exists() for mark in marks):
        return
    bridges = [name for name in surroundings.devices if name.startswith(BRIDGE_NAMES)]
    what = "the network that the container is in"
    if bridges:
        reason = f"it is the host's: the interface {bridges[0]} belongs to the engine"
        yield Finding("host-network", what, "open", reason)
    else:
        yield Finding("host-network", what, "closed", "it is one of its own, or not an engine's host's")


def routes(surroundings: Surroundings) -> Iterator[Finding]:
    """Ways that are not the usual one. What is behind them is known to whoever made them."""
    what = "routes beside the usual one"
    for one in surroundings.other_ways:
        over = f"over {one.gateway} by {one.device}" if one.gateway else f"by {one.device} alone"
        reason = f"{one.network} is reached {over}, which is not the usual way"
        yield Finding(f"route:{one.network}", what, "open", reason)
    if not surroundings.other_ways:
        yield Finding("route", what, "closed", "there is none over another machine")


def exceptions(environ: Mapping[str, str]) -> Iterator[Finding]:
    """What NO_PROXY sends past the proxy."""
    what = "names and addresses that go past the proxy"
    given = {name: environ[name] for name in ("NO_PROXY", "no_proxy") if environ.get(name)}
    broad = [one.strip() for value in given.values() for one in value.split(",") if is_broad(one.strip())]
    if broad:
        names = ", ".join(dict.fromkeys(broad))
        yield Finding("no-proxy", what, "open", f"NO_PROXY lets programs go past the proxy to {names}")
    elif given:
        yield Finding("no-proxy", what, "closed", "NO_PROXY names nothing but this machine and its own networks")
    proxies = [name for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy") if environ.get(name)]
    if not proxies:
        reason = "no proxy variable is set: nothing but the network itself leads programs to Soundstage"
        yield Finding("proxy-variables", "proxy variables", "advice", reason)


def is_broad(entry: str) -> bool:
    """Whether an entry of NO_PROXY lets through more than this machine and private networks."""
    if not entry:
        return False
    bare = entry.strip("[]") if entry.startswith("[") else entry
    try:
        network = ipaddress.ip_network(bare, strict=False)
    except ValueError:
        name = entry.partition(":")[0].lower().removeprefix("*").strip(".")
        return name.rpartition(".")[2] not in INTERNAL and ("." in name or name in ("", "*") or entry.startswith("."))
    # Whole, because a network may begin privately and end in public.
    return not (network[0].is_private and network[-1].is_private and network.is_private)


def _engines(environ: Mapping[str, str]) -> Iterator[str]:
    yield from ENGINES
    for folder in filter(None, (environ.get("XDG_RUNTIME_DIR"), f"/run/user/{os.getuid()}")):
        yield from (os.path.join(folder, name) for name in USERS_ENGINES)  # noqa: PTH118 - thousands of paths are text
    for name in ("DOCKER_HOST", "CONTAINER_HOST"):
        if environ.get(name, "").startswith("unix://"):
            yield environ[name].removeprefix("unix://").split("?")[0]


def _around(environ: Mapping[str, str]) -> Iterator[str]:
    yield from map(str, outside_sockets(environ))
    for top in dict.fromkeys(map(os.path.realpath, RUNTIME)):
        looked = 0
        for parent, _, names in os.walk(top):
            looked += len(names)
            if looked > MOST * 50:
                return
            yield from (os.path.join(parent, name) for name in names if Path(parent, name).is_socket())  # noqa: PTH118


def _bound_here() -> set[str]:
    """Sockets whose servers are in our own network namespace, which holds them as it holds us."""
    lines = _text(Path("/proc/net/unix")).splitlines()[1:]
    return {os.path.realpath(line.split(maxsplit=7)[7]) for line in lines if len(line.split(maxsplit=7)) == 8}


def _opens(path: str) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_UNIX, kind) as sock:
            sock.settimeout(1)
            try:
                sock.connect(path)
            except OSError as trouble:
                if trouble.errno == errno.EPROTOTYPE:
                    continue
                return False
            return True
    return False


def _namespaces(proc: Path) -> Iterator[str]:
    for folder in NAMESPACE_FOLDERS:
        if Path(folder).is_dir():
            yield from (str(path) for path in sorted(Path(folder).iterdir())[:MOST])
    seen = {_identity(proc / "self/ns/net")}
    for path in sorted(proc.glob("[0-9]*"))[: MOST * 10]:
        identity = _identity(path / "ns/net")
        if identity is not None and identity not in seen:
            seen.add(identity)
            yield str(path / "ns/net")


def _identity(path: Path) -> str | None:
    try:
        return str(path.readlink())
    except OSError:
        return None


def _enters(place: str) -> bool:
    """In a thread that ends there: the process stays where it is."""
    entered: list[bool] = []

    def enter() -> None:
        try:
            with Path(place).open("rb") as namespace:
                os.setns(namespace.fileno(), os.CLONE_NEWNET)
        except (OSError, AttributeError):
            return
        entered.append(True)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return bool(entered)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
