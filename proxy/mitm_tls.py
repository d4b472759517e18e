"""TLS on both sides of mitmproxy: our certificates towards the client, strict verification towards a destination."""

import ipaddress
import ssl
from collections import OrderedDict
from pathlib import Path
from typing import Any, Protocol

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from OpenSSL import SSL

H2, HTTP1 = b"h2", b"http/1.1"
NAMES_KEPT = 10_000
"""mitmproxy's own store forgets beyond 100."""


class Certificates(Protocol):
    """The CA, as far as this engine uses it."""

    def certificate_for(self, name: str) -> tuple[bytes, bytes]:
        """`(chain, key)` in PEM. ValueError: no certificate can name it."""
        ...


class ClientTls:
    """Server contexts for clients: one for all names, the leaf set on each connection."""

    def __init__(self, ca: Certificates, kept: int = NAMES_KEPT) -> None:
        self._ca = ca
        self._kept = kept
        self._leaves: OrderedDict[str, tuple[x509.Certificate, Any]] = OrderedDict()
        self._context = SSL.Context(SSL.TLS_SERVER_METHOD)
        self._context.set_min_proto_version(SSL.TLS1_2_VERSION)
        # Without tickets no session of one name can be taken up under another.
        self._context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE)
        self._context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        self._context.set_alpn_select_callback(_chosen)

    def __len__(self) -> int:
        return len(self._leaves)

    def connection(self, name: str) -> SSL.Connection:
        """A handshake that proves to be `name`. ValueError: no certificate can name it."""
        certificate, key = self._leaf(name.lower())
        connection = SSL.Connection(self._context)
        connection.use_certificate(certificate)
        connection.use_privatekey(key)
        connection.set_accept_state()
        return connection

    def _leaf(self, name: str) -> tuple[x509.Certificate, Any]:
        held = self._leaves.get(name)
        if held is None:
            chain, key = self._ca.certificate_for(name)
            held = x509.load_pem_x509_certificate(chain), serialization.load_pem_private_key(key, None)
            self._leaves[name] = held
            if len(self._leaves) > self._kept:
                self._leaves.popitem(last=False)
        else:
            self._leaves.move_to_end(name)
        return held


def _chosen(_connection: SSL.Connection, offered: list[bytes]) -> Any:
    """HTTP/2 wherever it is offered, as providers do: httpx offers it last and counts on that."""
    return next((alpn for alpn in (H2, HTTP1) if alpn in offered), SSL.NO_OVERLAPPING_PROTOCOLS)


class ServerTls:
    """Client contexts for destinations: a trusted authority must certify the very host that was opted in."""

    def __init__(self, extra_ca: Path | None = None) -> None:
        self._context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        self._context.set_min_proto_version(SSL.TLS1_2_VERSION)
        self._context.set_verify(SSL.VERIFY_PEER, None)
        _trust_the_system(self._context)
        if extra_ca is not None:
            self._context.load_verify_locations(str(extra_ca))

    def connection(self, host: str, *, h2: bool) -> SSL.Connection:
        """A handshake with `host`, a name or an address in canonical form. `h2`: the client speaks it too."""
        connection = SSL.Connection(self._context)
        _must_name(connection, host)
        connection.set_alpn_protos([H2, HTTP1] if h2 else [HTTP1])
        connection.set_connect_state()
        return connection


def _trust_the_system(context: SSL.Context) -> None:
    """What Python's own `ssl` would trust, or where the machine has no store of its own, certifi's list."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile is None and paths.capath is None:
        context.load_verify_locations(certifi.where())
    else:
        context.load_verify_locations(paths.cafile, paths.capath)


def _must_name(connection: SSL.Connection, host: str) -> None:
    """Host name verification (RFC 9525); pyOpenSSL has no public call for it, so OpenSSL's own is called."""
    lib: Any = SSL._lib  # type: ignore[attr-defined]  # noqa: SLF001 - see above
    handle: Any = connection._ssl  # noqa: SLF001 - see above
    param = lib.SSL_get0_param(handle)
    lib.X509_VERIFY_PARAM_set_hostflags(param, lib.X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
    try:
        number = ipaddress.ip_address(host.strip("[]")).packed
    except ValueError:
        name = host.encode("ascii")
        connection.set_tlsext_host_name(name)
        held = lib.X509_VERIFY_PARAM_set1_host(param, name, len(name))
    else:
        held = lib.X509_VERIFY_PARAM_set1_ip(param, number, len(number))
    if held != 1:
        raise ValueError(f"OpenSSL cannot verify a certificate for the host {host!r}")
