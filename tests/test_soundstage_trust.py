"""`soundstage trust` on real files: what is installed is trusted, and removal leaves every byte as it was."""

import json
import os
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.ca import CertificateAuthority
from soundstage.__main__ import main
from soundstage.trust_pem import held_ca, with_ca, without_ca

CA = b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"


@given(st.binary())
def test_removal_is_exact_whatever_the_file_held(content: bytes) -> None:
    content = without_ca(content)
    assert without_ca(with_ca(content, CA)) == content


@given(st.binary(), st.integers(1, 3))
def test_installing_again_changes_nothing(content: bytes, times: int) -> None:
    once = with_ca(content, CA)
    again = once
    for _ in range(times):
        again = with_ca(again, CA)
    assert again == once
    assert held_ca(again) == CA


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    CertificateAuthority.open(folder)
    return folder


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    packages = tmp_path / "venv" / "lib" / "python3.13" / "site-packages"
    for name in ("certifi/cacert.pem", "stripe/data/ca-certificates.crt", "braintree/ssl/api.ca.crt"):
        (packages / name).parent.mkdir(parents=True)
        (packages / name).write_bytes(CA.rstrip(b"\n") if "stripe" in name else CA)
    (packages / "certifi" / "py.typed").write_text("")
    return tmp_path / "venv"


def states(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    return {Path(row["store"]).name: row["state"] for row in json.loads(capsys.readouterr().out)}


def test_every_bundle_of_an_environment(venv: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--venv", str(venv), "--data-dir", str(data_dir), "--json"]
    before = {path: path.read_bytes() for path in venv.rglob("*") if path.is_file()}
    assert main(["trust", "install", *where]) == 0
    assert set(states(capsys).values()) == {"installed"}
    assert main(["trust", "install", *where]) == 0
    assert set(states(capsys).values()) == {"installed already"}
    assert main(["trust", "list", *where]) == 0
    assert states(capsys) == dict.fromkeys(("cacert.pem", "ca-certificates.crt", "api.ca.crt"), "installed")
    assert main(["trust", "remove", *where]) == 0
    assert {path: path.read_bytes() for path in venv.rglob("*") if path.is_file()} == before


def test_bundles_below_any_folder(data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = tmp_path / "vendor" / "stripe" / "stripe-php" / "data" / "ca-certificates.crt"
    bundle.parent.mkdir(parents=True)
    bundle.write_bytes(CA)
    where = ["--folder", str(tmp_path / "vendor"), "--data-dir", str(data_dir), "--json"]
    assert main(["trust", "install", *where]) == 0
    assert states(capsys) == {"ca-certificates.crt": "installed"}
    assert held_ca(bundle.read_bytes()) == (data_dir / "ca.pem").read_bytes()
    assert main(["trust", "remove", *where]) == 0
    assert bundle.read_bytes() == CA


def test_hard_linked_bundle_is_not_changed_for_others(venv: Path, data_dir: Path, tmp_path: Path) -> None:
    cache = tmp_path / "shared.pem"
    bundle = next(venv.rglob("cacert.pem"))
    os.link(bundle, cache)
    assert main(["trust", "install", "--venv", str(venv), "--data-dir", str(data_dir)]) == 0
    assert cache.read_bytes() == CA
    assert bundle.read_bytes() != CA


def test_installed_bundle_is_one_that_openssl_takes(venv: Path, data_dir: Path) -> None:
    bundle = next(venv.rglob("cacert.pem"))
    bundle.write_bytes(b"")
    bundle.write_bytes(with_ca(b"", (data_dir / "ca.pem").read_bytes()))
    context = ssl.create_default_context(cafile=str(bundle))
    assert len(context.get_ca_certs()) == 1


def test_another_ca_is_told_apart(venv: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = next(venv.rglob("cacert.pem"))
    bundle.write_bytes(with_ca(CA, CA))
    assert main(["trust", "list", "--venv", str(venv), "--data-dir", str(data_dir), "--json"]) == 0
    assert states(capsys)["cacert.pem"] == "another CA"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--venv", "{tmp}"], "is no Python environment: it has no lib/python*", id="no-venv"),
        pytest.param(["--node", "{tmp}"], "has no node_modules", id="no-node-modules"),
        pytest.param(["--folder", "{tmp}/data/ca.pem"], "is no folder", id="no-folder"),
        pytest.param(["--java", "{tmp}"], "is no Java home: it has no lib/security/cacerts", id="no-java-home"),
    ],
)
def test_wrong_place_is_named(
    options: list[str], message: str, data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = [option.format(tmp=tmp_path) for option in options]
    assert main(["trust", "install", *named, "--data-dir", str(data_dir)]) == 2
    assert capsys.readouterr().err.startswith(f"soundstage: error: {named[0]} {named[1]} {message}")


def test_without_a_ca_there_is_nothing_to_trust(venv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trust", "install", "--venv", str(venv), "--data-dir", str(tmp_path)]) == 2
    assert "soundstage: hint: it is made when `soundstage up` first runs" in capsys.readouterr().err


@pytest.fixture
def java_home(tmp_path: Path) -> Path:
    keytool = shutil.which("keytool")
    if keytool is None:
        pytest.skip("no keytool on this machine")
    real = Path(keytool).resolve().parent.parent
    home = tmp_path / "java"
    (home / "lib" / "security").mkdir(parents=True)
    (home / "bin").mkdir()
    (home / "bin" / "keytool").symlink_to(real / "bin" / "keytool")
    shutil.copy(real / "lib" / "security" / "cacerts", home / "lib" / "security" / "cacerts")
    return home


def aliases(home: Path) -> str:
    command = [f"{home}/bin/keytool", "-list", "-keystore", f"{home}/lib/security/cacerts", "-storepass", "changeit"]
    return str(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def test_java_store_and_its_exact_undoing(java_home: Path, data_dir: Path) -> None:
    store = java_home / "lib" / "security" / "cacerts"
    before = store.read_bytes()
    where = ["--java", str(java_home), "--data-dir", str(data_dir)]
    assert main(["trust", "install", *where]) == 0
    assert "soundstage, " in aliases(java_home)
    assert main(["trust", "install", *where]) == 0
    assert main(["trust", "remove", *where]) == 0
    assert store.read_bytes() == before
    assert [path.name for path in store.parent.iterdir()] == ["cacerts"]


def test_java_store_changed_since_keeps_the_change(java_home: Path, data_dir: Path, tmp_path: Path) -> None:
    where = ["--java", str(java_home), "--data-dir", str(data_dir)]
    assert main(["trust", "install", *where]) == 0
    other = tmp_path / "other"
    other.mkdir()
    pem = CertificateAuthority.open(other).path
    store = java_home / "lib/security/cacerts"
    options = ["-keystore", str(store), "-storepass", "changeit", "-noprompt", "-alias", "mine", "-file", str(pem)]
    subprocess.run([f"{java_home}/bin/keytool", "-importcert", *options], check=True, capture_output=True)
    assert main(["trust", "remove", *where]) == 0
    listed = aliases(java_home)
    assert "mine, " in listed
    assert "soundstage, " not in listed
