"""WireGuard keys: 32 octets of Curve25519, in base64 as every WireGuard program writes them."""

import base64
import binascii

from mitmproxy_rs import wireguard

KEY_OCTETS = 32


def make_private_key() -> str:
    """A new private key."""
    return wireguard.genkey()


def public_key(private_key: str) -> str:
    """The public key of a private one. ValueError where it is none."""
    if not is_key(private_key):
        raise ValueError("a WireGuard key has to be 32 octets in base64")
    return wireguard.pubkey(private_key)


def is_key(text: str) -> bool:
    """Whether it can be a key, private or public."""
    try:
        return len(base64.b64decode(text, validate=True)) == KEY_OCTETS
    except (binascii.Error, ValueError):
        return False
