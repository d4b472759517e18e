"""A Java trust store made of certificates, as every JDK reads it: without keytool, which takes a second or two."""

import hashlib
import re
import ssl
import struct
from collections.abc import Sequence

MAGIC, VERSION, TRUSTED = 0xFEEDFEED, 2, 2
PASSWORD = "changeit"  # noqa: S105 - the one that every JDK ships with; it guards nothing
WHITENER = b"Mighty Aphrodite"
"""What the format's digest is begun with, after the password."""
BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def certificates(pem: bytes) -> list[bytes]:
    """The certificates of a PEM bundle, as DER."""
    return [ssl.PEM_cert_to_DER_cert(block.decode("ascii")) for block in BLOCK.findall(pem)]


def jks(trusted: Sequence[bytes]) -> bytes:
    """The octets of a `cacerts` (format JKS, version 2) with these DER certificates in it."""
    body = struct.pack(">III", MAGIC, VERSION, len(trusted)) + b"".join(
        _entry(f"soundstage-{number}", der) for number, der in enumerate(trusted)
    )
    whitened = PASSWORD.encode("utf-16-be") + WHITENER + body
    return body + hashlib.sha1(whitened, usedforsecurity=False).digest()


def _entry(alias: str, der: bytes) -> bytes:
    """A trusted certificate: its kind, alias, date of creation, type, octets."""
    parts = struct.pack(">I", TRUSTED), _text(alias), struct.pack(">Q", 0), _text("X.509"), struct.pack(">I", len(der))
    return b"".join((*parts, der))


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode("ascii")
