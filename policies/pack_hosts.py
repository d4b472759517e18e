"""HostIndex: which packs know a host. Patterns permit nothing, so they may be looser than an opt-in's."""

import re
from dataclasses import dataclass
from typing import Any

from policies.pack_file import HostEntry

MOST_CACHED = 4096
_PATTERN = re.compile(r"(?:[a-z0-9*_-]+\.)+[a-z0-9-]+\Z")
_FEWEST_LITERAL = 2
"""Labels at the end of a pattern that must be written out, so that no pack can claim half the internet."""


class HostPatternError(ValueError):
    """A pattern that names no provider's hosts. For the pack's author."""


@dataclass(frozen=True, slots=True)
class KnownHost:
    """A pack's claim to a host. `wildcard` is what the pattern's first wildcard stood for."""

    pack: Any
    entry: HostEntry
    wildcard: str


def host_pattern(pattern: str) -> re.Pattern[str]:
    """`*` is one label or part of one, `**` one or more; the first wildcard is group 1. Raises HostPatternError."""
    if not _PATTERN.match(pattern):
        raise HostPatternError(f"{pattern!r} is no host pattern: lower-case labels with dots between, `*` and `**`")
    if len(_literal_end(pattern)) < _FEWEST_LITERAL:
        raise HostPatternError(f"{pattern!r} leaves open whose hosts it names: write its last two labels out")
    spelt, groups = [], 0
    for part in re.split(r"(\*\*?)", pattern):
        if part.startswith("*"):
            # A wildcard that is its whole label must not be empty; one beside letters may be (`api*` is `api` too).
            matched = r"[^.]+(?:\.[^.]+)*" if part == "**" else ("[^.]+" if _is_label(pattern) else "[^.]*")
            spelt.append(f"({matched})" if groups == 0 else f"(?:{matched})")
            groups += 1
        else:
            spelt.append(re.escape(part))
    return re.compile("".join(spelt) + r"\Z")


def _is_label(pattern: str) -> bool:
    """Whether each wildcard in the pattern stands alone in its label."""
    return all(label in ("*", "**") for label in pattern.split(".") if "*" in label)


def _literal_end(pattern: str) -> tuple[str, ...]:
    """The labels after the last wildcard label."""
    labels = pattern.split(".")
    last = max((index for index, label in enumerate(labels) if "*" in label), default=-1)
    return tuple(labels[last + 1 :])


class HostIndex:
    """Patterns found by a host's last labels: the work is in the number of labels, not of packs."""

    def __init__(self) -> None:
        self._exact: dict[str, list[KnownHost]] = {}
        self._loose: dict[str, list[tuple[re.Pattern[str], Any, HostEntry]]] = {}
        self._found: dict[str, tuple[KnownHost, ...]] = {}

    def add(self, entry: HostEntry, pack: Any) -> None:
        """Raises HostPatternError."""
        made = host_pattern(entry.pattern)
        if "*" in entry.pattern:
            self._loose.setdefault(".".join(_literal_end(entry.pattern)), []).append((made, pack, entry))
        else:
            self._exact.setdefault(entry.pattern, []).append(KnownHost(pack, entry, ""))

    def find(self, host: str) -> tuple[KnownHost, ...]:
        """Every claim to a canonical host, the most specific first: exact, then by the labels written out."""
        found = self._found.get(host)
        if found is None:
            if len(self._found) >= MOST_CACHED:
                self._found.clear()
            found = self._found[host] = tuple(self._search(host))
        return found

    def _search(self, host: str) -> list[KnownHost]:
        claims = list(self._exact.get(host, ()))
        labels = host.split(".")
        for start in range(1, len(labels)):
            fitting = [
                (len(entry.pattern.replace("*", "")), KnownHost(pack, entry, match.group(1)))
                for pattern, pack, entry in self._loose.get(".".join(labels[start:]), ())
                if (match := pattern.match(host))
            ]
            claims.extend(claim for _, claim in sorted(fitting, key=lambda fit: -fit[0]))
        return claims
