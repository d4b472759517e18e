"""DNS names as evidence: how a question is written down, which zone it belongs to, and whether it carries data out."""

import math
import re
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

import dns.message
import dns.name
import dns.rdatatype

LONG_NAME = 150
LONG_LABEL = 52
SCRAMBLED_LENGTH = 24
SCRAMBLED_BITS = 3.6
_PLAIN = re.compile(r"[0-9a-z]+")
_ENCODED = re.compile(r"[0-9a-f]{32,}|[a-z2-7]{40,}|[0-9a-z_+/=-]{48,}")
_ODD = re.compile(r"[^0-9a-z_.-]")
_CARRIERS = frozenset(("NULL", "TXT", "KEY", "PRIVATE"))

Resolver = tuple[str, int]
"""Address and port of the resolver of an internal zone."""


def asked(query: dns.message.Message) -> tuple[str, str]:
    """Name, as asked without its trailing dot, and the type's mnemonic."""
    question = query.question[0]
    return question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)


def carries_data(name: str, kind: str) -> bool:
    """Whether a question looks like a message rather than a name: long, encoded or odd labels (DNS tunnels)."""
    lowered = name.lower()
    labels = lowered.split(".")
    longest = max(len(label) for label in labels)
    return (
        len(lowered) >= LONG_NAME
        or longest >= LONG_LABEL
        or _ODD.search(lowered) is not None
        or any(_ENCODED.fullmatch(label) or _is_scrambled(label) for label in labels)
        or (kind in _CARRIERS and longest >= LONG_LABEL // 2)
    )


def _is_scrambled(label: str) -> bool:
    """Whether a label has letters and digits in no order that words have: base32 and its like, in shorter pieces."""
    if len(label) < SCRAMBLED_LENGTH or not _PLAIN.fullmatch(label):
        return False
    digits = sum(letter.isdigit() for letter in label)
    turns = sum(one.isdigit() != two.isdigit() for one, two in pairwise(label))
    return 2 < digits < len(label) and turns > len(label) // 5 and _entropy(label) >= SCRAMBLED_BITS


def _entropy(label: str) -> float:
    """Bits a letter (Shannon)."""
    size = len(label)
    return -sum(count / size * math.log2(count / size) for count in Counter(label).values())


class InternalZones:
    """Names that belong to the environment itself, and who knows them."""

    def __init__(self, zones: Mapping[str, Resolver]) -> None:
        self._zones = {dns.name.from_text(zone.lower()): resolver for zone, resolver in zones.items()}

    def resolver_of(self, name: dns.name.Name) -> Resolver | None:
        """The resolver of the longest zone that holds the name."""
        if not self._zones:
            return None
        at = dns.name.from_text(name.to_text().lower())
        while at != dns.name.root:
            if at in self._zones:
                return self._zones[at]
            at = at.parent()
        return None
