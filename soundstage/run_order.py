"""Order: what the inner half of a contained run is told to do, as one value that travels as JSON.

Plain dataclasses: the inner half starts with every run, and a library that validates costs it a third of a second.
"""

import dataclasses
import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """An address the run's variables name, that has to be listened on inside too."""

    name: str
    """What listens there: `proxy`, `smtp`, `smtps`, or `relay:HOST/PORT` for what the outer half passes on."""
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Hidden:
    """One step of making the file system what the command may see, in order."""

    do: str
    """`empty`: a folder in memory over `path`; `folder`, `file`: made there; `over`: `source` mounted over `path`;
    `back`: what was at `path` before, put back; `readonly`: `path` and all below it; `link`: to `source`."""
    path: str
    source: str = ""
    mode: int = 0o755
    needed: bool = True
    """Whether the run fails where the kernel refuses it."""


@dataclass(frozen=True, slots=True)
class Canary:
    """Where the probes of a run go: out of the run's own proxy and SMTP credentials."""

    run: str
    proxy_host: str
    proxy_port: int
    smtp_host: str
    smtp_port: int
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Order:
    """The whole of it."""

    command: tuple[str, ...]
    environment: dict[str, str]
    folder: str
    signals: tuple[int, ...] = ()
    """Blocked when `soundstage run` was started, and so to be blocked for the command."""
    foreground: bool = False
    """Whether the command is to have the terminal."""
    places: tuple[Place, ...] = ()
    view: tuple[Hidden, ...] = ()
    canary: Canary | None = None

    def written(self) -> str:
        """As JSON; `read` is its inverse."""
        return json.dumps(dataclasses.asdict(self))


def read(text: str) -> Order:
    """What `Order.written` wrote."""
    told = json.loads(text)
    told["command"], told["signals"] = tuple(told["command"]), tuple(told["signals"])
    told["places"] = tuple(Place(**place) for place in told["places"])
    told["view"] = tuple(Hidden(**step) for step in told["view"])
    told["canary"] = None if told["canary"] is None else Canary(**told["canary"])
    return Order(**told)
