"""The bundle: the system's roots and the CA in one file, for programs whose variable replaces their whole store.

Beside it lie its other forms (`trust_files`).
"""

import ssl
from pathlib import Path

from ledger.synced import replace_file
from soundstage.trouble import ConfigError
from soundstage.trust_files import JAVA_STORE, PHP_INI, PHP_TEXT, WGETRC, wgetrc

NAME = "ca-bundle.pem"
PUBLIC = ("ca.pem", NAME, JAVA_STORE, PHP_INI, WGETRC)
"""What variables name of a data directory, and all of it that a contained command may read."""
KNOWN_PLACES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)


def write_bundle(data_dir: Path) -> Path:
    """Write the bundle, and beside it its other forms, if the system's roots or the CA changed. Its path."""
    path = data_dir / NAME
    _write(path, _bundle(read_ca(data_dir)), 0o600)
    return path


def hand_out(data_dir: Path, folder: Path) -> None:
    """Put the certificate, the bundle and its other forms where others can read them. Raises ConfigError."""
    ca = read_ca(data_dir)
    _put(folder / "ca.pem", ca, 0o644)
    _write(folder / NAME, _bundle(ca), 0o644)


def _bundle(ca: bytes) -> bytes:
    return system_roots().rstrip(b"\n") + b"\n" + ca


def _write(path: Path, content: bytes, mode: int) -> None:
    """The bundle last: that it is there and the same means that Java's store, which takes long to make, is too."""
    folder = path.parent
    _put(folder / WGETRC, wgetrc(path), mode)
    (folder / PHP_INI).parent.mkdir(mode=mode | (mode & 0o444) >> 2, exist_ok=True)
    _put(folder / PHP_INI, PHP_TEXT, mode)
    if not (_holds(path, content) and (folder / JAVA_STORE).is_file()):
        from soundstage.trust_java_store import java_store  # here, because every `soundstage env` would wait for it

        _put(folder / JAVA_STORE, java_store(content), mode)
        _put(path, content, 0o644)


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _put(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all: programs read it while it is written."""
    if _holds(path, content):
        return
    try:
        replace_file(path, content, mode)
    except OSError as trouble:
        raise ConfigError(f"{path} cannot be written: {trouble.strerror}") from None


def read_ca(data_dir: Path) -> bytes:
    """The CA's certificate. Raises ConfigError where there is none yet."""
    path = data_dir / "ca.pem"
    try:
        return path.read_bytes()
    except OSError as trouble:
        raise ConfigError(
            f"the CA's certificate {path} cannot be read: {trouble.strerror}",
            "it is made when `soundstage up` first runs",
        ) from None


def system_roots() -> bytes:
    """What this machine trusts, as PEM; nothing where it keeps no file."""
    # Not ssl.get_default_verify_paths().cafile: with `soundstage env` in force that is the bundle itself.
    built_in = ssl.get_default_verify_paths().openssl_cafile
    for place in (*KNOWN_PLACES, built_in):
        if Path(place).is_file():
            return Path(place).read_bytes()
    return b""
