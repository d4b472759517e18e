"""The Java trust store of our own making, as keytool reads it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from proxy.ca import CertificateAuthority
from soundstage.run_java import certificates, jks


def test_certificates_of_a_bundle_with_remarks(tmp_path: Path) -> None:
    ca = CertificateAuthority.open(tmp_path).path.read_bytes()
    assert len(certificates(b"# a root\n" + ca + b"\n# another\n" + ca)) == 2


@pytest.mark.skipif(shutil.which("keytool") is None, reason="keytool (of a JDK) is not installed")
def test_keytool_reads_it_and_finds_it_whole(tmp_path: Path) -> None:
    store = tmp_path / "cacerts"
    ca = CertificateAuthority.open(tmp_path).path.read_bytes()
    store.write_bytes(jks(certificates(ca + ca)))
    listing = ["keytool", "-list", "-keystore", str(store), "-storepass", "changeit"]
    done = subprocess.run(listing, capture_output=True, text=True, timeout=300, check=True)
    assert "Your keystore contains 2 entries" in done.stdout
    assert done.stdout.count("trustedCertEntry") == 2
