"""Addresses: where a running Soundstage really listens, as `addresses.json` of its data directory tells clients."""

import errno
import json
import os
from pathlib import Path

from pydantic import ValidationError

from policies.frozen import Frozen
from soundstage.trouble import Unanswered

FILE = "addresses.json"


class Addresses(Frozen):
    """`host:port` of each listener, the dashboard's URL, the CA's file (contract.md, Settings)."""

    proxy: str
    https: str
    http: str
    dns: str
    smtp: str
    smtps: str
    dashboard: str
    ca: str
    socks: str | None = None
    """None: of a gateway that has none."""
    wireguard: str | None = None
    """Over UDP. None, here and below: nothing listens there, and the file does not name it."""
    transparent: str | None = None

    def seen_from(self, host: str) -> "Addresses":
        """What clients use where listeners are bound to every address: `host` in place of the wildcard."""
        named = {name: _named(value, host) for name, value in self.model_dump(exclude_none=True).items()}
        return Addresses(**named)


def shown(host: str, port: int) -> str:
    """`127.0.0.1:8080`, `[::1]:8080`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def bind_hint(trouble: BaseException | None, prefix: str, port: str) -> str:
    """What to set where a listener cannot have its address: `{prefix}_BIND` or `SOUNDSTAGE_{port}_PORT`."""
    if getattr(trouble, "errno", None) == errno.EADDRNOTAVAIL:
        return f"set {prefix}_BIND to an address of this machine"
    return f"set SOUNDSTAGE_{port}_PORT to a free one, or to 0 for any"


def _named(value: str, host: str) -> str:
    scheme = "http://" if value.startswith("http://") else ""
    for wildcard in (f"{scheme}0.0.0.0:", f"{scheme}[::]:"):
        if value.startswith(wildcard):
            return scheme + shown(host, int(value.removeprefix(wildcard)))
    return value


def write(data_dir: Path, addresses: Addresses) -> None:
    """Whole or not at all: whoever waits for the file reads all of it."""
    fresh = data_dir / f".{FILE}.{os.getpid()}"
    fresh.write_text(json.dumps(addresses.model_dump(exclude_none=True), indent=1) + "\n", encoding="utf-8")
    fresh.chmod(0o644)  # whatever the umask: who could write it would choose where clients go
    fresh.replace(data_dir / FILE)


def remove(data_dir: Path) -> None:
    """Said at stop, and before a start: what is written there would no longer be true."""
    (data_dir / FILE).unlink(missing_ok=True)


def read(data_dir: Path) -> Addresses:
    """Raises Unanswered where nothing runs on that data directory."""
    try:
        return Addresses.model_validate_json((data_dir / FILE).read_bytes())
    except FileNotFoundError:
        raise Unanswered(
            f"no Soundstage runs on {data_dir}: it has no {FILE}",
            "start it with `soundstage up`, or name its data directory with --data-dir or SOUNDSTAGE_DATA_DIR",
        ) from None
    except (OSError, ValidationError) as trouble:
        raise Unanswered(f"{data_dir / FILE} cannot be read: {' '.join(str(trouble).split())}") from None
