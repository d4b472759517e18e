"""The CA in use: what a strict client makes of its certificates."""

import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from proxy.ca import CertificateAuthority


@pytest.fixture
def ca(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority.open(tmp_path)


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> ssl.SSLObject:
    """A handshake in memory; what either side refuses is raised."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server, server_hostname=name)
    waiting = [theirs, ours]
    for _ in range(10):
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                continue
        if not waiting:
            return theirs
    raise AssertionError("the handshake did not end")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("api.stripe.com", id="name"),
        pytest.param("my_bucket.s3.amazonaws.com", id="underscore"),
        pytest.param("a" * 60 + "." + "b" * 60 + ".example", id="longer-than-a-common-name"),
        pytest.param("127.0.0.1", id="address-of-version-4"),
        pytest.param("::1", id="address-of-version-6"),
        pytest.param("xn--bcher-kva.example", id="punycode"),
    ],
)
def test_a_strict_client_accepts_the_certificate(ca: CertificateAuthority, name: str) -> None:
    client = ssl.create_default_context(cafile=str(ca.path))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    assert shake_hands(ca.context_for(name), client, name).getpeercert()


def test_a_certificate_is_for_its_name_alone(ca: CertificateAuthority) -> None:
    client = ssl.create_default_context(cafile=str(ca.path))
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        shake_hands(ca.context_for("api.stripe.com"), client, "api.twilio.com")


def test_a_client_that_does_not_know_the_ca_refuses(ca: CertificateAuthority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(ca.context_for("api.stripe.com"), ssl.create_default_context(), "api.stripe.com")


def test_http_1_1_is_agreed_on(ca: CertificateAuthority) -> None:
    client = ssl.create_default_context(cafile=str(ca.path))
    client.set_alpn_protocols(["h2", "http/1.1"])
    assert shake_hands(ca.context_for("a.example"), client, "a.example").selected_alpn_protocol() == "http/1.1"


def test_a_leaf_is_valid_for_less_than_clients_allow(ca: CertificateAuthority) -> None:
    chain, key = ca.certificate_for("api.stripe.com")
    leaf, root = x509.load_pem_x509_certificates(chain)
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days <= 397
    assert root.public_bytes(serialization.Encoding.PEM) == ca.pem
    private = serialization.load_pem_private_key(key, None)
    assert private.public_key() == leaf.public_key()


def test_mitmproxy_gets_key_and_certificate_in_one(ca: CertificateAuthority) -> None:
    pem = ca.mitmproxy_ca_pem()
    assert (
        x509.load_pem_x509_certificate(pem).public_key() == serialization.load_pem_private_key(pem, None).public_key()
    )


@pytest.mark.parametrize("name", ["", "ä.example", "a" * 300])
def test_names_that_no_certificate_can_have(ca: CertificateAuthority, name: str) -> None:
    with pytest.raises(ValueError, match="no certificate can be made"):
        ca.context_for(name)
