"""MimeBudget: how much of a hostile mail is looked at. Counts, not clocks: the same mail always reads the same."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MimeBudget:
    """Beyond any of these a mail is shown as far as it was read, and marked as truncated."""

    depth: int = 20
    parts: int = 500
    headers: int = 1000
    """Of one head; what follows in that head is passed over."""
    head_octets: int = 262_144
    delimiters: int = 20_000
    """Places that look like a boundary, over the whole mail."""
    text_octets: int = 2_000_000
    """Of one text that is decoded, shown, and searched for links and codes."""


DEFAULT = MimeBudget()
SEARCH_CHARACTERS = 262_144
"""Of what a full-text index is given."""
