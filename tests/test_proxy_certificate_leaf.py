"""Leaves: which names and uses a certificate carries."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from proxy.ca_files import open_pair
from proxy.certificate_leaf import LeafMaker


@pytest.mark.parametrize(
    ("name", "names", "addresses"),
    [
        pytest.param("api.example.com", ["api.example.com"], [], id="name"),
        pytest.param("192.0.2.1", [], ["192.0.2.1"], id="address-of-version-4"),
        pytest.param("[2001:db8::1]", [], ["2001:db8::1"], id="address-in-brackets"),
    ],
)
def test_a_leaf_names_one_host(tmp_path: Path, name: str, names: list[str], addresses: list[str]) -> None:
    pair = open_pair(tmp_path / "ca.pem", tmp_path / "ca.key")
    leaf = x509.load_pem_x509_certificate(LeafMaker(pair).chain_pem(name))
    leaf.verify_directly_issued_by(pair.certificate)
    alternatives = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternatives.get_values_for_type(x509.DNSName) == names
    assert [str(address) for address in alternatives.get_values_for_type(x509.IPAddress)] == addresses
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
