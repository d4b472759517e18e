"""The inner half of a contained run, a process of its own: makes the namespaces, hands its sockets out, and waits.

Started by `namespace` with one descriptor, its channel. It keeps its powers over the new namespaces, and nothing else
of it is reachable from the command, which is in a process namespace below (`namespace_first`).
"""

import contextlib
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from soundstage import namespace_kernel as kernel
from soundstage import namespace_network as network
from soundstage import run_order
from soundstage.namespace_channel import Channel
from soundstage.namespace_first import first
from soundstage.namespace_network import CannotBe, Restricted
from soundstage.run_order import Order

KINDS = os.CLONE_NEWNS | os.CLONE_NEWNET | os.CLONE_NEWIPC


def main(channel: Channel) -> int:
    """0; what happened is told over the channel."""
    told = channel.receive()
    if told is None:
        return 0
    with os.fdopen(told[1][0], encoding="utf-8") as written:
        order = run_order.read(written.read())
    try:
        _isolate()
        network.raise_network()
        sockets = _sockets(order)
        network.redirect(list(order.places))
    except CannotBe as why:
        channel.send({"impossible": str(why), "restricted": isinstance(why, Restricted)})
        return 0
    channel.send({"sockets": list(sockets)}, [sock.fileno() for sock in sockets.values()])
    for sock in sockets.values():
        sock.close()
    if channel.receive() is None:  # nobody adopted them
        return 0
    _run(order, channel)
    channel.send({"refused": network.refused()})
    return 0


def _isolate() -> None:
    """A user namespace with our own ids in it, and in that the others. Raises Restricted."""
    with _mapping() as unshared:
        try:
            os.unshare(os.CLONE_NEWUSER)
        except OSError as trouble:
            raise Restricted(f"user namespaces are not to be had here: {trouble.strerror}") from None
        unshared()
    try:
        os.unshare(KINDS)
        kernel.pass_on_capability(kernel.CAP_NET_ADMIN)
    except OSError as trouble:
        raise Restricted(f"a network of its own is not to be had here: {trouble.strerror}") from None
    # Only now: a change of credentials takes it back.
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def _mapping() -> Iterator[Callable[[], None]]:
    """A child that maps our ids once we are in the namespace; it stays outside, where root may map everybody's.

    Root sees all owners as they are; others may map only themselves (user_namespaces(7)). Raises Restricted.
    """
    waits, tells = os.pipe()
    parent, ids = os.getpid(), {"uid": os.getuid(), "gid": os.getgid()}
    helper = os.fork()
    if helper == 0:
        os.close(tells)
        os._exit(0 if os.read(waits, 1) and _mapped(parent, ids) else 1)
    os.close(waits)
    done = False

    def unshared() -> None:
        nonlocal done
        done = os.write(tells, b".") == 1

    try:
        yield unshared
    finally:
        os.close(tells)
        _, status = os.waitpid(helper, 0)
    if not done or status:
        raise Restricted("user namespaces are restricted here: the ids could not be mapped")


def _mapped(pid: int, ids: dict[str, int]) -> bool:
    try:
        Path(f"/proc/{pid}/setgroups").write_text("deny")
        for kind, own in ids.items():
            Path(f"/proc/{pid}/{kind}_map").write_text(_id_map(kind, own))
    except OSError:
        return False
    return True


def _id_map(kind: str, own: int) -> str:
    if os.geteuid() != 0:
        return f"{own} {own} 1\n"
    ranges = [line.split() for line in Path(f"/proc/self/{kind}_map").read_text().splitlines()]
    return "".join(f"{inside} {inside} {count}\n" for inside, _, count in ranges)


def _sockets(order: Order) -> dict[str, socket.socket]:
    return network.catching_sockets() | {place.name: network.at(place) for place in order.places}


def _run(order: Order, channel: Channel) -> None:
    """By a process in between: the one that makes a process namespace can start nothing outside it any more."""

    def first_of_its_own() -> None:
        os.unshare(os.CLONE_NEWPID)
        _apart(lambda: first(order, channel))

    _apart(first_of_its_own)


def _apart(work: Callable[[], None]) -> None:
    """Do `work` in a child that ends with us, and wait for it."""
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        return
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        work()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


if __name__ == "__main__":
    sys.exit(main(Channel.of(int(sys.argv[1]))))
