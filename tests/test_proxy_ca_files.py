"""The CA's files: made once, kept, and refused with a sentence when they do not belong together."""

import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from proxy.ca_files import CaError, CaPair, open_pair


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "ca.pem", tmp_path / "ca.key"


def write_root(path: Path, key: ec.EllipticCurvePrivateKey, *, days: tuple[int, int], ca: bool = True) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody's root")])
    now = dt.datetime.now(dt.UTC)
    root = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=days[0]))
        .not_valid_after(now + dt.timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(root.public_bytes(serialization.Encoding.PEM))


def write_key(path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(*pem))


def test_a_root_is_made_once_and_its_key_is_private(files: tuple[Path, Path]) -> None:
    first = open_pair(*files)
    assert files[1].stat().st_mode & 0o777 == 0o600
    assert open_pair(*files).certificate == first.certificate
    assert isinstance(first.key.curve, ec.SECP256R1)


def test_a_key_that_others_may_read_is_made_private(files: tuple[Path, Path]) -> None:
    open_pair(*files)
    files[1].chmod(0o644)
    open_pair(*files)
    assert files[1].stat().st_mode & 0o777 == 0o600


def test_somebody_elses_root_with_its_key_is_taken(files: tuple[Path, Path]) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    write_root(files[0], key, days=(-1, 10))
    write_key(files[1], key)
    assert isinstance(open_pair(*files), CaPair)


@pytest.mark.parametrize(
    ("days", "ca", "why"),
    [
        pytest.param((-9, -1), True, "expired at", id="expired"),
        pytest.param((1, 9), True, "check this machine's clock", id="not-yet-valid"),
        pytest.param((-1, 9), False, "not a CA certificate", id="no-ca"),
    ],
)
def test_roots_that_cannot_be_used(files: tuple[Path, Path], days: tuple[int, int], ca: bool, why: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    write_root(files[0], key, days=days, ca=ca)
    write_key(files[1], key)
    with pytest.raises(CaError, match=why):
        open_pair(*files)


def test_a_key_of_another_root(files: tuple[Path, Path]) -> None:
    open_pair(*files)
    write_key(files[1], ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(CaError, match=f"{files[1]} is not the key of {files[0]}"):
        open_pair(*files)


def test_a_key_of_another_kind(files: tuple[Path, Path]) -> None:
    open_pair(*files)
    write_key(files[1], rsa.generate_private_key(65537, 2048))
    with pytest.raises(CaError, match="elliptic-curve"):
        open_pair(*files)


@pytest.mark.parametrize("which", [pytest.param(0, id="certificate"), pytest.param(1, id="key")])
def test_files_that_are_damaged_or_missing(files: tuple[Path, Path], which: int) -> None:
    open_pair(*files)
    files[which].write_bytes(b"-----BEGIN NOTHING-----")
    with pytest.raises(CaError, match=str(files[which])):
        open_pair(*files)
    files[which].unlink()
    with pytest.raises(CaError, match=f"{files[which]} is missing"):
        open_pair(*files)


@pytest.mark.parametrize(
    "left", [pytest.param((0,), id="certificate"), pytest.param((1,), id="key"), pytest.param((), id="leftovers")]
)
def test_what_a_start_left_that_was_cut_off_is_finished(files: tuple[Path, Path], left: tuple[int, ...]) -> None:
    first = open_pair(*files)
    drafts = [file.with_name(f".{file.name}.new") for file in files]
    for file, draft in zip(files, drafts, strict=True):
        draft.write_bytes(file.read_bytes())
    for which in left:
        files[which].unlink()
    assert open_pair(*files).certificate == first.certificate
    assert not [draft for draft in drafts if draft.exists()]
    assert open_pair(*files).certificate == first.certificate


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CaError, match="cannot be written"):
        open_pair(tmp_path / "none" / "ca.pem", tmp_path / "none" / "ca.key")
