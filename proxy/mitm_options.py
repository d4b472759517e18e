"""HeldOptions: every option mitmproxy's core may read, with the one value each has here, and the version they hold for.

Nothing else of mitmproxy's configuration exists: an option it asks for that is not named here raises, which refuses.
"""

from dataclasses import dataclass, fields
from importlib.metadata import version

PINNED = "12.2.3"
"""The holds of this engine override internals of exactly this release."""


class EngineUnsuitable(Exception):
    """mitmproxy is not the release, or not held as, this engine is built on: the installation must be mended."""


@dataclass(frozen=True, slots=True)
class HeldOptions:
    """Names are mitmproxy's own."""

    connection_strategy: str = "lazy"
    upstream_cert: bool = False
    allow_hosts: tuple[str, ...] = ()
    ignore_hosts: tuple[str, ...] = ()
    rawtcp: bool = False
    http3: bool = False
    http2: bool = True
    http2_ping_keepalive: int = 58
    websocket: bool = True
    validate_inbound_headers: bool = True
    normalize_outbound_headers: bool = True
    keep_host_header: bool = True
    store_streamed_bodies: bool = False
    stream_large_bodies: str | None = None
    body_size_limit: str | None = None
    proxyauth: str | None = None
    proxy_debug: bool = False
    tcp_timeout: int = 600


HELD = HeldOptions()


def check_held(options: HeldOptions = HELD, installed: str | None = None) -> None:
    """Raises EngineUnsuitable where mitmproxy could behave otherwise than it was seen to."""
    found = version("mitmproxy") if installed is None else installed
    if found != PINNED:
        raise EngineUnsuitable(
            f"mitmproxy {found} is installed, but it is held shut for {PINNED} alone; install that one"
        )
    for field in fields(HeldOptions):
        value = getattr(options, field.name)
        if field.name != "tcp_timeout" and value != field.default:
            raise EngineUnsuitable(
                f"mitmproxy's option {field.name} is {value!r}; nothing is held unless it is {field.default!r}"
            )
