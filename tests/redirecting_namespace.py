"""A network namespace that redirects every TCP connection to listeners made inside, as `soundstage run` does it.

Sockets made inside stay there, whoever uses them: the tests' own event loop serves and asks through them.
"""

import os
import queue
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator

import pytest

PORT = 15_001
RULES = f"""
table inet redirecting {{
  chain output {{
    type nat hook output priority -100; policy accept;
    tcp dport {PORT} return
    meta l4proto tcp redirect to :{PORT}
  }}
}}
"""
CLONE_NEWNET = 0x40000000


def cannot() -> str | None:
    """Why there is no such namespace on this machine, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [name for name in ("ip", "nft") if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)}" if missing else None


class RedirectingNamespace:
    """Lives as long as the thread that went into it."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()
        try:
            self.inside(lambda: os.unshare(CLONE_NEWNET))
            for words in (
                "ip link set lo up",
                "ip route add local default dev lo",
                "ip -6 route add local default dev lo",
            ):
                self._run(*words.split())
            self._run("nft", "-f", "-", given=RULES)
        except BaseException:
            self.end()
            raise

    def inside[T](self, what: Callable[[], T]) -> T:
        """What a function gives that is called inside."""
        done: list[T] = []
        failed: list[BaseException] = []
        over = threading.Event()

        def call() -> None:
            try:
                done.append(what())
            except BaseException as error:
                failed.append(error)
            over.set()

        self._asked.put(call)
        assert over.wait(60), "the namespace's thread does not answer"
        if failed:
            raise failed[0]
        return done[0]

    def _run(self, *words: str, given: str = "") -> None:
        self.inside(lambda: subprocess.run(words, input=given, text=True, check=True, timeout=60))

    def listening(self, host: str) -> socket.socket:
        """A listening socket where connections of that family are redirected to."""

        def make() -> socket.socket:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((host, PORT))
            made.listen(16)
            made.setblocking(False)
            return made

        return self.inside(make)

    def client(self, family: int = socket.AF_INET) -> socket.socket:
        """A socket to connect with; it does not block."""

        def make() -> socket.socket:
            made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            made.setblocking(False)
            return made

        return self.inside(make)

    def end(self) -> None:
        """The kernel forgets it once its last socket is closed."""
        self._asked.put(None)
        self._thread.join(10)

    def _live(self) -> None:
        while (call := self._asked.get()) is not None:
            call()


@pytest.fixture(scope="session")
def redirecting() -> Iterator[RedirectingNamespace]:
    """One for all tests of a process; skipped by name where there can be none."""
    why = cannot()
    if why is not None:
        pytest.skip(why)
    made = RedirectingNamespace()
    try:
        yield made
    finally:
        made.end()
