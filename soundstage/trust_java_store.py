"""Java's store, made from the bundle without a Java: a PKCS #12 file of trusted roots."""

import contextlib
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from soundstage.trust_java import PASSWORD

END = b"-----END CERTIFICATE-----"
KDF_ROUNDS = 10_000
"""What keytool takes. The password is known to everybody and guards nothing."""


def java_store(bundle: bytes) -> bytes:
    """A store that trusts what the PEM bundle trusts, with the usual password. Java reads it from 8u301 on."""
    written = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(KDF_ROUNDS)
    written = written.key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC).hmac_hash(hashes.SHA256())
    roots = [
        pkcs12.PKCS12Certificate(certificate, f"root-{number}".encode())
        for number, certificate in enumerate(_certificates(bundle))
    ]
    return pkcs12.serialize_java_truststore(roots, written.build(PASSWORD.encode()))


def _certificates(bundle: bytes) -> list[x509.Certificate]:
    """All that can be read: an old root that is odd must not cost the others."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for block in bundle.split(END)[:-1]:
            with contextlib.suppress(ValueError):
                found.append(x509.load_pem_x509_certificate(block + END + b"\n"))
    return found
