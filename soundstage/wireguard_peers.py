"""The peers of the WireGuard entrance: names, public keys and addresses, in a file of the data directory."""

import base64
import contextlib
import fcntl
import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError, field_validator

from ledger.capture import rfc3339
from ledger.data_dir import prepare, secret_of
from ledger.synced import drafted, sync_folder
from policies.frozen import Frozen
from proxy.wireguard_keys import is_key, make_private_key, public_key
from soundstage.trouble import ConfigError

FILE, KEY = "wireguard.json", "wireguard.key"
NETWORK, NETWORK6 = "10.135.{}.{}", "fd53:5753::{:x}"
"""Where machines are inside their tunnels. Only they see these addresses, and the captures that have them as source."""
RESOLVER = NETWORK.format(0, 1)
FIRST, LAST = 2, 65_534
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)


class Peer(Frozen):
    """One machine elsewhere."""

    name: str
    public_key: str
    number: int
    """Of its addresses; one that was removed is not given again before the others are used up."""
    added: str
    """RFC 3339."""

    @field_validator("public_key")
    @classmethod
    def _checked(cls, key: str) -> str:
        if not is_key(key):
            raise ValueError("a public key has to be 32 octets in base64")
        return key

    @property
    def addresses(self) -> tuple[str, str]:
        """IPv4 and IPv6."""
        return NETWORK.format(*divmod(self.number, 256)), NETWORK6.format(self.number)


_PEERS = TypeAdapter(tuple[Peer, ...])


class PeerBook:
    """What the gateway reads and the command writes."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._file = data_dir / FILE

    def server_key(self) -> str:
        """The gateway's own private key, made at first use. Raises LedgerUnavailable."""
        made = base64.b64encode(secret_of(self._data_dir, KEY)).decode()
        self._give_to_owner(self._data_dir / KEY)
        return made

    def read(self) -> tuple[Peer, ...]:
        """Raises ConfigError where the file cannot be read as what it should be: then nobody is known."""
        try:
            return _PEERS.validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return ()
        except (OSError, ValidationError) as trouble:
            said = " ".join(str(trouble).split())[:300]
            raise ConfigError(f"the peers of the WireGuard entrance in {self._file} cannot be read: {said}") from None

    def add(self, name: str) -> tuple[Peer, str]:
        """A new peer, and its private key, which is kept nowhere. Raises ConfigError."""
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"{name[:100]!r} cannot be a peer's name", "use up to 63 letters, digits, dots, dashes and underscores"
            )
        with self._changing() as peers:
            if any(peer.name == name for peer in peers):
                raise ConfigError(f"there is a peer {name} already", f"soundstage wireguard peer remove {name}")
            private = make_private_key()
            made = Peer(
                name=name, public_key=public_key(private), number=_free(peers), added=rfc3339(datetime.now(UTC))
            )
            self._write((*peers, made))
        return made, private

    def remove(self, name: str) -> bool:
        """Whether there was such a peer."""
        with self._changing() as peers:
            left = tuple(peer for peer in peers if peer.name != name)
            self._write(left)
        return len(left) < len(peers)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[tuple[Peer, ...]]:
        """One at a time."""
        prepare(self._data_dir)
        self.server_key()
        with (self._data_dir / KEY).open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield self.read()

    def _write(self, peers: tuple[Peer, ...]) -> None:
        content = json.dumps([peer.model_dump() for peer in peers], indent=1).encode()
        with drafted(self._file, content) as fresh:
            self._give_to_owner(fresh)
            fresh.replace(self._file)
            # A peer that was removed must not be one again after a power failure.
            sync_folder(self._file.parent)

    def _give_to_owner(self, file: Path) -> None:
        """Root may add a peer where the gateway runs as another user, who has to read the file."""
        owner = self._data_dir.stat()
        if os.geteuid() == 0 and file.stat().st_uid != owner.st_uid:
            os.chown(file, owner.st_uid, owner.st_gid)


def _free(peers: tuple[Peer, ...]) -> int:
    taken = {peer.number for peer in peers}
    after = max(taken, default=FIRST - 1) + 1
    found: int | None = next((one for one in (*range(after, LAST), *range(FIRST, after)) if one not in taken), None)
    if found is None:
        raise ConfigError(f"there are {len(peers)} peers, and no address for another")
    return found
