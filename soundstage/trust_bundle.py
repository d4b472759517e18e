"""The bundle: the system's roots and the CA in one file, for programs whose variable replaces their whole store."""

import os
import ssl
from pathlib import Path

from soundstage.trouble import ConfigError

NAME = "ca-bundle.pem"
KNOWN_PLACES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)


def write_bundle(data_dir: Path) -> Path:
    """Write the bundle anew, because the system's roots change, and return its path."""
    return _put(data_dir / NAME, system_roots().rstrip(b"\n") + b"\n" + read_ca(data_dir))


def hand_out(data_dir: Path, folder: Path) -> None:
    """Put the certificate and the bundle where others can read them. Raises ConfigError."""
    ca = read_ca(data_dir)
    _put(folder / "ca.pem", ca).chmod(0o644)
    _put(folder / NAME, system_roots().rstrip(b"\n") + b"\n" + ca).chmod(0o644)


def _put(path: Path, content: bytes) -> Path:
    """Whole or not at all: programs read it while it is written."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_bytes(content)
        fresh.replace(path)
    except OSError as trouble:
        raise ConfigError(f"{path} cannot be written: {trouble.strerror}") from None
    return path


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
