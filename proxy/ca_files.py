"""The CA's two files in the data directory, `ca.pem` and `ca.key`: made once, and checked at each start."""

import contextlib
import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ledger.synced import sync_folder

CA_DAYS = 3650
BACKDATED = dt.timedelta(days=1)
"""Clocks of a staging environment drift; a certificate must not come from the future."""


class CaError(Exception):
    """The CA cannot be used as it lies in the data directory: the operator must act before a start."""


@dataclass(frozen=True, slots=True)
class CaPair:
    """A certificate and the key it belongs to."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def open_pair(certificate_path: Path, key_path: Path) -> CaPair:
    """The pair as it lies there, or a new one where neither file exists."""
    found = (certificate_path.exists(), key_path.exists())
    if found == (False, False):
        return _make(certificate_path, key_path)
    if any(_draft(path).exists() for path in (certificate_path, key_path)):
        with contextlib.suppress(OSError):  # else what is missing is told
            found = _finished(certificate_path, key_path)
    if found != (True, True):
        missing, there = (key_path, certificate_path) if found[0] else (certificate_path, key_path)
        raise CaError(f"{there} is there but {missing} is missing: restore it, or remove {there} for a new CA.")
    pair = CaPair(_certificate(certificate_path), _key(key_path))
    _check(pair, certificate_path, key_path)
    return pair


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """PKCS #8, unencrypted."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CaError(f"{path} cannot be read: {error.strerror}.") from error


def _certificate(path: Path) -> x509.Certificate:
    pem = _read(path)
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise CaError(f"{path} is not a certificate in PEM form ({error}).") from error


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    pem = _read(path)
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise CaError(f"{path} is not an unencrypted private key in PEM form ({error}).") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CaError(f"{path} holds a {type(key).__name__}; Soundstage's CA needs an elliptic-curve key.")
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return key


def _check(pair: CaPair, certificate_path: Path, key_path: Path) -> None:
    if pair.certificate.public_key() != pair.key.public_key():
        raise CaError(f"{key_path} is not the key of {certificate_path}: put back the one it was made with.")
    try:
        constraints = pair.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        constraints = None
    if constraints is None or not constraints.value.ca:
        raise CaError(f"{certificate_path} is not a CA certificate: it may not sign the certificates of other names.")
    now = dt.datetime.now(dt.UTC)
    if now >= pair.certificate.not_valid_after_utc:
        ended = pair.certificate.not_valid_after_utc.isoformat()
        raise CaError(f"{certificate_path} expired at {ended}: remove it with {key_path} to have a new CA made.")
    if now < pair.certificate.not_valid_before_utc:
        begins = pair.certificate.not_valid_before_utc.isoformat()
        raise CaError(f"{certificate_path} is not valid before {begins}: check this machine's clock.")


def _make(certificate_path: Path, key_path: Path) -> CaPair:
    key = ec.generate_private_key(ec.SECP256R1())
    pair = CaPair(_root(key), key)
    try:
        _write(key_path, private_pem(key), 0o600)
        _write(certificate_path, pair.certificate.public_bytes(serialization.Encoding.PEM), 0o644)
        sync_folder(key_path.parent)
        _finished(certificate_path, key_path)
    except OSError as error:
        raise CaError(f"The CA cannot be written to {certificate_path.parent}: {error.strerror}.") from error
    return pair


def _root(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    serial = x509.random_serial_number()
    # The serial in the name tells two installations' roots apart in a trust store.
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Soundstage"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Soundstage staging CA {serial:x}"[:40]),
        ]
    )
    begins = dt.datetime.now(dt.UTC) - BACKDATED
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=serial)
        .not_valid_before(begins)
        .not_valid_after(begins + dt.timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Beside its place, where a start that was cut off leaves it to the next one."""
    draft = _draft(path)
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _finished(certificate_path: Path, key_path: Path) -> tuple[bool, bool]:
    """Put the drafts that there are in their places; whether both files are there then, durably.

    Both drafts are durable before either is put in its place: the pair of a start that was cut off is made whole.
    """
    for path in (certificate_path, key_path):
        if not path.exists() and _draft(path).exists():
            path.hardlink_to(_draft(path))
    sync_folder(key_path.parent)
    there = certificate_path.exists(), key_path.exists()
    if all(there):
        _draft(certificate_path).unlink(missing_ok=True)
        _draft(key_path).unlink(missing_ok=True)
    return there


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")
