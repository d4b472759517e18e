"""Browsers: they read no variable for certificates, so they are routed by flags or by a policy file.

Sources: Chromium's `--proxy-server` and `--ignore-certificate-errors-spki-list`; Firefox's enterprise policies.
"""

import base64
import hashlib
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from soundstage.addresses import shown
from soundstage.variables import NO_PROXY


def chromium(proxy: tuple[str, int], ca: Path) -> list[str]:
    """Flags. The one of certificates is obeyed only beside `--user-data-dir`, which test drivers always give."""
    key = x509.load_pem_x509_certificate(ca.read_bytes()).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    return [
        f"--proxy-server=http://{shown(*proxy)}",
        f"--ignore-certificate-errors-spki-list={base64.b64encode(digest).decode()}",
    ]


def firefox(proxy: tuple[str, int], ca: Path) -> dict[str, Any]:
    """The content of a `policies.json`."""
    by = shown(*proxy)
    proxies = {"Mode": "manual", "HTTPProxy": by, "UseHTTPProxyForAllProtocols": True, "Passthrough": NO_PROXY}
    return {"policies": {"Certificates": {"Install": [str(ca)]}, "Proxy": proxies}}
