"""Certificates in use: for each name a client asked for, the TLS context that answers it, made once and kept."""

import os
import ssl
import threading
import time
from collections import OrderedDict
from pathlib import Path

from proxy.certificate_leaf import LeafMaker

CONTEXTS_KEPT = 10_000
FRESH_SECONDS = 30 * 24 * 3600
"""A context is made anew after this, long before its leaf ends."""


class ContextCache:
    """Server contexts by name, the least recently used forgotten first. Safe to use from several threads."""

    def __init__(self, leaves: LeafMaker, kept: int = CONTEXTS_KEPT) -> None:
        self._leaves = leaves
        self._kept = kept
        self._lock = threading.Lock()
        self._contexts: OrderedDict[str, tuple[float, ssl.SSLContext]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._contexts)

    def context_for(self, name: str) -> ssl.SSLContext:
        """The context whose certificate is for `name`, in any case. ValueError: no certificate can name it."""
        name = name.lower()
        now = time.monotonic()
        with self._lock:
            held = self._contexts.get(name)
            if held is not None and now - held[0] < FRESH_SECONDS:
                self._contexts.move_to_end(name)
                return held[1]
            context = server_context(self._leaves.chain_pem(name), self._leaves.key_pem)
            self._contexts[name] = (now, context)
            self._contexts.move_to_end(name)
            if len(self._contexts) > self._kept:
                self._contexts.popitem(last=False)
            return context


def server_context(chain_pem: bytes, key_pem: bytes) -> ssl.SSLContext:
    """A server's context for HTTP/1.1 over TLS 1.2 and 1.3."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # One ticket is enough to resume; OpenSSL's two cost a write and a few hundred octets on each new connection.
    context.num_tickets = 1
    context.set_alpn_protocols(["http/1.1"])
    _load(context, chain_pem + key_pem)
    return context


def _load(context: ssl.SSLContext, pem: bytes) -> None:
    """`ssl` loads from a path alone: an anonymous file in memory keeps the key off the disk."""
    handle = os.memfd_create("leaf", os.MFD_CLOEXEC)
    try:
        os.write(handle, pem)
        context.load_cert_chain(Path(f"/proc/self/fd/{handle}"))
    finally:
        os.close(handle)
