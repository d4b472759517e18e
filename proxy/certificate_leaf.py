"""Leaves: the certificate the CA signs for one name a client asked for."""

import datetime as dt
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from proxy.ca_files import BACKDATED, CaPair, private_pem

LEAF_DAYS = 397
"""Clients refuse a leaf that is valid for longer than 398 days (CA/Browser Forum, Baseline Requirements 6.3.2)."""
LONGEST_COMMON_NAME = 64
_USAGE = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=False,
    crl_sign=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


class LeafMaker:
    """Signs leaves. All share one key made at start: a key each would double the cost, and it never leaves here."""

    def __init__(self, ca: CaPair) -> None:
        self._ca = ca
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = self._key.public_key()
        self.key_pem = private_pem(self._key)
        self._chain = ca.certificate.public_bytes(serialization.Encoding.PEM)
        self._key_id = x509.SubjectKeyIdentifier.from_public_key(public)
        self._issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())
        self._server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        self._constraints = x509.BasicConstraints(ca=False, path_length=None)

    def chain_pem(self, name: str) -> bytes:
        """The leaf for a host name or an address, and the CA after it. ValueError: no certificate can name it."""
        begins = dt.datetime.now(dt.UTC) - BACKDATED
        ends = min(begins + dt.timedelta(days=LEAF_DAYS), self._ca.certificate.not_valid_after_utc)
        common = [x509.NameAttribute(NameOID.COMMON_NAME, name)] if 0 < len(name) <= LONGEST_COMMON_NAME else []
        leaf = (
            x509.CertificateBuilder()
            .issuer_name(self._ca.certificate.subject)
            .subject_name(x509.Name(common))
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(self._constraints, critical=True)
            .add_extension(_USAGE, critical=True)
            .add_extension(self._server, critical=False)
            .add_extension(self._key_id, critical=False)
            .add_extension(self._issuer_id, critical=False)
            # RFC 5280, 4.2.1.6: critical where the subject is empty.
            .add_extension(x509.SubjectAlternativeName([_general_name(name)]), critical=not common)
            .sign(self._ca.key, hashes.SHA256())
        )
        return leaf.public_bytes(serialization.Encoding.PEM) + self._chain


def _general_name(name: str) -> x509.GeneralName:
    if not name or len(name) > 253 or not name.isascii():
        raise ValueError(f"no certificate can be made for the name {name!r}")
    try:
        return x509.IPAddress(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return x509.DNSName(name)
