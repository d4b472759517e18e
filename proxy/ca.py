"""The CA of this installation: what clients trust, and the certificates it makes for the names they ask for."""

import ssl
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from proxy.ca_files import CaError, CaPair, open_pair, private_pem
from proxy.certificate_leaf import LeafMaker
from proxy.certificates import CONTEXTS_KEPT, ContextCache

__all__ = ["CaError", "CertificateAuthority"]

CERTIFICATE_NAME = "ca.pem"
KEY_NAME = "ca.key"


class CertificateAuthority:
    """An EC P-256 root, and server contexts signed by it."""

    def __init__(self, pair: CaPair, path: Path, kept: int = CONTEXTS_KEPT) -> None:
        self._pair = pair
        self.path = path
        """The certificate's file: what clients are told to trust."""
        self._leaves = LeafMaker(pair)
        self._contexts = ContextCache(self._leaves, kept)

    @classmethod
    def open(cls, data_dir: Path) -> "CertificateAuthority":
        """The CA of a data directory, made at the first start. Raises CaError where it cannot be used."""
        path = data_dir / CERTIFICATE_NAME
        return cls(open_pair(path, data_dir / KEY_NAME), path)

    @property
    def pem(self) -> bytes:
        """The root's certificate, without its key."""
        return self._pair.certificate.public_bytes(serialization.Encoding.PEM)

    def context_for(self, name: str) -> ssl.SSLContext:
        """The server context for a host name or an address. Thread-safe. ValueError: no certificate can name it."""
        return self._contexts.context_for(name)

    def certificate_for(self, name: str) -> tuple[bytes, bytes]:
        """`(chain, key)` in PEM for a name: the leaf and the CA after it."""
        return self._leaves.chain_pem(name.lower()), self._leaves.key_pem

    def mitmproxy_ca_pem(self) -> bytes:
        """Key and certificate in one, as mitmproxy's CertStore reads them."""
        return private_pem(self._pair.key) + self.pem
