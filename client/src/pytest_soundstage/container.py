"""SoundstageContainer: a Soundstage in a container of its own, for a block, a test session, or a program's life.

It listens inside on the very ports that are published, and keeps its data under the very path of a folder here, so that
the variables of its runs are as true here as there. What was captured goes with it.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx

from pytest_soundstage.async_soundstage import AsyncSoundstage
from pytest_soundstage.engine import Engine, Running
from pytest_soundstage.place import Place
from pytest_soundstage.soundstage import Soundstage
from pytest_soundstage.trouble import Unanswered

HERE = "127.0.0.1"
ENTRANCES = ("PROXY", "SMTP", "SMTPS", "HTTPS", "HTTP", "SOCKS", "DASHBOARD")
A_RUNS = 7
"""Ports of one run's own listeners."""
TAKEN = ("port is already allocated", "address already in use")
ATTEMPTS = 3
PUBLIC = ("ca.pem", "ca-bundle.pem", "java-truststore.p12", "php/soundstage.ini", "wgetrc")
"""What variables of a run name of its data directory. The CA's key stays inside."""
POLICY = "/etc/soundstage/policy.yaml"
ANSWER_SECONDS = 2.0
TIMEOUTS = ("connect", "read", "write", "pool")
LINES = 40
"""Of its log, in an error."""


class SoundstageContainer:
    """`with SoundstageContainer() as soundstage:`, or `async with`; or `start` and `stop`.

    `image` has to be here already: nothing is pulled, as nobody but you knows whose `soundstage` that would be.
    `policy` is a file, `settings` are further SOUNDSTAGE_* variables, `listeners` is how many runs at a time may have
    listeners of their own. Raises Unanswered, with its log, where it is not ready within `ready` seconds.
    """

    def __init__(
        self,
        image: str = "soundstage",
        tag: str | None = None,
        *,
        engine: str | None = None,
        policy: Path | str | None = None,
        settings: Mapping[str, str] | None = None,
        listeners: int = 0,
        ready: float = 120.0,
    ) -> None:
        self.image = image if tag is None else f"{image}:{tag}"
        self._program, self._policy, self._settings = engine, policy, dict(settings or {})
        self._listeners, self._ready = listeners, ready
        self._folder: Path | None = None
        self._running: Running | None = None
        self._place: Place | None = None

    @property
    def place(self) -> Place:
        """Where it is, and its token. Raises Unanswered while it does not run."""
        if self._place is None:
            raise Unanswered(f"the container of {self.image} is not started")
        return self._place

    @property
    def log(self) -> str:
        """The end of what it printed."""
        if self._folder is None:
            return ""
        lines = (self._folder / "said").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return "\n".join(lines[-LINES:])

    def start(self) -> Place:
        """Where it is, once it is ready. Raises Unanswered with what it said where it does not become so."""
        if self._place is not None:
            return self._place
        try:
            for attempt in range(ATTEMPTS):
                self._place = self._attempt(is_last=attempt == ATTEMPTS - 1)
                if self._place is not None:
                    return self._place
        except BaseException:
            self.stop()
            raise
        raise AssertionError("the last attempt starts it or raises")

    def stop(self) -> None:
        """Remove it, with all that it captured."""
        if self._running is not None:
            self._running.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._running = self._folder = self._place = None

    def __enter__(self) -> Soundstage:
        place = self.start()
        self._asking = Soundstage(place.url, place.token)
        self._asking.scope.run = None  # SOUNDSTAGE_RUN is another one's
        return self._asking

    def __exit__(self, *_: object) -> None:
        self._asking.close()
        self.stop()

    async def __aenter__(self) -> AsyncSoundstage:
        place = await asyncio.to_thread(self.start)
        soundstage = AsyncSoundstage(place.url, place.token)
        soundstage.scope.run = None
        return soundstage

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)

    def _attempt(self, *, is_last: bool) -> Place | None:
        """None where another program was faster to take one of the ports, and it is worth another try."""
        engine = Engine(self._program)
        self._folder = Path(tempfile.mkdtemp(prefix="soundstage-container-")).resolve()
        ports = _free_ports(len(ENTRANCES) + A_RUNS * self._listeners)
        name = f"soundstage-{secrets.token_hex(4)}"
        self._running = engine.run(name, self._words(self._folder, ports), self._folder)
        url = f"http://{HERE}:{ports[ENTRANCES.index('DASHBOARD')]}"
        try:
            self._wait(self._running, url)
        except Unanswered:
            if is_last or not any(why in self.log for why in TAKEN):
                raise
            self.stop()
            return None
        return Place(url, self._fetched(engine, name, self._folder / "data"))

    def _words(self, folder: Path, ports: list[int]) -> list[str]:
        own, runs = ports[: len(ENTRANCES)], ports[len(ENTRANCES) :]
        told = {
            **{f"SOUNDSTAGE_{name}_PORT": str(port) for name, port in zip(ENTRANCES, own)},
            "SOUNDSTAGE_RUN_PORTS": ",".join(map(str, runs)),
            "SOUNDSTAGE_BIND": "0.0.0.0",
            "SOUNDSTAGE_STEER_TO": HERE,
            "SOUNDSTAGE_DASHBOARD_BIND": "0.0.0.0",
            "SOUNDSTAGE_DASHBOARD_HOSTS": f"localhost,{HERE}",
            "SOUNDSTAGE_DATA_DIR": str(folder / "data"),
            "SOUNDSTAGE_ADMIN_TOKEN_FILE": str(folder / "data" / "admin.token"),
            **self._settings,
        }
        words = ["--pull", "never", "--label", "soundstage.started-by=pytest-soundstage", "--no-healthcheck"]
        words += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only"]
        words += ["--tmpfs", "/tmp", "--tmpfs", f"{folder}:mode=1777"]  # noqa: S108 - inside, and nobody else's
        if self._policy is not None:
            source = Path(self._policy).resolve(strict=True)
            words += ["--mount", f"type=bind,source={source},target={POLICY},readonly"]
            told["SOUNDSTAGE_POLICY"] = POLICY
        words += [word for port in ports for word in ("--publish", f"{HERE}:{port}:{port}")]
        words += [word for name, value in told.items() for word in ("--env", f"{name}={value}")]
        return [*words, self.image]

    def _wait(self, running: Running, url: str) -> None:
        until = time.monotonic() + self._ready
        with httpx.HTTPTransport(trust_env=False) as transport:
            while not _is_ready(transport, url):
                if running.has_ended:
                    raise Unanswered(f"the container of {self.image} ended: {self.log}{self._hint()}")
                if time.monotonic() > until:
                    raise Unanswered(f"the container of {self.image} is not ready after {self._ready:g} s: {self.log}")
                time.sleep(0.05)

    def _hint(self) -> str:
        missing = any(words in self.log for words in ("No such image", "image not known", "Unable to find image"))
        return "\nbuild it in a checkout (`docker build -t soundstage .`), or name another image" if missing else ""

    def _fetched(self, engine: Engine, name: str, data: Path) -> str:
        """The token, which is not written down here; and, at the path that it has inside, what variables name."""

        def inside(file: str) -> bytes:
            return engine.ask("exec", name, "cat", str(data / file))

        for file in PUBLIC:
            (data / file).parent.mkdir(parents=True, exist_ok=True)
            (data / file).write_bytes(inside(file))
        return inside("admin.token").decode().strip()


def _free_ports(number: int) -> list[int]:
    """As many that were free a moment ago."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind((HERE, 0))
        return [one.getsockname()[1] for one in sockets]


def _is_ready(transport: httpx.HTTPTransport, url: str) -> bool:
    request = httpx.Request("GET", f"{url}/readyz", extensions={"timeout": dict.fromkeys(TIMEOUTS, ANSWER_SECONDS)})
    try:
        response = transport.handle_request(request)
        response.read()
    except httpx.HTTPError:
        return False
    return response.status_code == 200
