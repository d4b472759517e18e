"""BinaryKeys: known keys in Protocol Buffers, MessagePack and CBOR, where a length stands right before a text.

A key of 107 octets has a `k` before it, of 69 an `E`: to patterns that begin at a word's beginning it is inside of one.
"""

import re
from typing import Any

from ledger.secret_names import linear
from ledger.secret_patterns import Mark

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_LOOKED_AT = 256
"""Octets of a body that tell whether it is binary."""
_KEYS: tuple[tuple[str, bytes], ...] = (
    ("stripe_secret_key", rb"(?:sk|rk)_(?:live|test|org_live|org_test)_[0-9A-Za-z]{6,}"),
    ("stripe_webhook_secret", rb"whsec_[A-Za-z0-9+/=_-]{8,}"),
    ("slack_token", rb"(?:xox[a-z]|xapp)-[0-9A-Za-z-]{6,}"),
    ("sendgrid_api_key", rb"SG\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    ("aws_access_key_id", rb"(?:AKIA|ASIA)[0-9A-Z]{16}"),
    ("google_api_key", rb"AIza[0-9A-Za-z_-]{30,}"),
    ("google_access_token", rb"ya29\.[0-9A-Za-z._-]{10,}"),
    ("github_token", rb"(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{20,})"),
    ("gitlab_token", rb"glpat-[0-9A-Za-z_-]{16,}"),
    ("mailgun_api_key", rb"key-[0-9a-f]{32}"),
    ("llm_api_key", rb"sk-(?:(?:proj|ant|svcacct)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{40,})"),
    ("razorpay_key", rb"rzp_(?:live|test)_[A-Za-z0-9]{10,}"),
    ("shopify_token", rb"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{20,}"),
    ("package_token", rb"(?:npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{40,}|dop_v1_[0-9a-f]{40,})"),
    ("jwt", rb"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?"),
)
"""Those of `secret_patterns` that are told by more than how a word begins."""
_FINDER = linear(b"|".join(b"(" + pattern + b")" for _, pattern in _KEYS))


def is_binary(data: bytes) -> bool:
    """Whether a body begins as hardly any text does: a message of Protocol Buffers, a map of MessagePack or CBOR."""
    first = data[0] if data else 32
    return first < 32 or 0x80 <= first < 0xC2 or (first > 0xDD and _CONTROL.search(data[:_LOOKED_AT]) is not None)


def without_binary_keys(data: bytes, mark: Mark) -> bytes:
    """The octets with a mark in the place of each key; lengths before them are left as they are."""

    def removed(match: Any) -> bytes:
        label = next(_KEYS[index][0] for index, group in enumerate(match.groups()) if group is not None)
        return mark(label, match.group(0))

    return bytes(_FINDER.sub(removed, data))
