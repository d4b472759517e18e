"""Order: what the inner half of a contained run is told to do, as one value that travels as JSON."""

from policies.frozen import Frozen


class Place(Frozen):
    """An address the run's variables name, that has to be listened on inside too."""

    name: str
    """What listens there: `proxy`, `smtp`, `smtps`, or `relay:PORT` for what the outer half passes on."""
    host: str
    port: int


class Hidden(Frozen):
    """One step of making the file system what the command may see, in order."""

    do: str
    """`empty`: a folder in memory over `path`; `folder`, `file`: made there; `over`: `source` mounted over `path`;
    `back`: what was at `path` before, put back; `readonly`: `path` and all below it; `link`: to `source`."""
    path: str
    source: str = ""
    mode: int = 0o755
    needed: bool = True
    """Whether the run fails where the kernel refuses it."""


class Canary(Frozen):
    """Where the probes of a run go: out of the run's own proxy and SMTP credentials."""

    run: str
    proxy_host: str
    proxy_port: int
    smtp_host: str
    smtp_port: int
    username: str
    password: str


class Order(Frozen):
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
