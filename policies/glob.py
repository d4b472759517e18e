"""Globs: patterns with stars for paths, recipients and run ids. Patterns of hosts live in pattern.py.

What they are matched against comes from outside, so RE2 does it: no pattern makes it slow.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import re2

from policies.host import BadName, canonical_host
from policies.path import is_canonical
from policies.pattern import BadPattern, parse_pattern
from policies.whole_text import whole

_FEWEST_LITERALS = 3
_LONGEST = 2048
# `%`, `!` and a second `@` make a mail server send on to somebody else; quoting hides any of them.
_SEVERAL = re.compile(r"[\s,;|]")
"""What some APIs part several numbers or channels by in one text."""
_PLAIN_LOCAL_PART = re.compile(r"[A-Za-z0-9._+*=~^{}$&'#?-]+\Z")


@dataclass(frozen=True, slots=True)
class Glob:
    """One pattern. `text` is as written; two globs with the same text and kind mean the same."""

    text: str
    kind: Literal["path", "address", "word"]
    literal: bool = field(init=False)
    """It has no star: it means itself alone."""
    _prefix: str | None = field(init=False, compare=False, repr=False)
    _pattern: Any = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        set_field(self, "literal", "*" not in self.text)
        set_field(self, "_prefix", self.text[:-2] if self._is_prefix() else None)
        simple = self.literal or self._is_prefix()
        set_field(self, "_pattern", None if simple else re2.compile(_translated(self.text, self.kind)))

    def matches(self, text: str) -> bool:
        """Whether it means `text`: a canonical path, an address as `plain_address` gives it, or a word."""
        if self._pattern is not None:
            return len(text) <= _LONGEST and self._pattern.fullmatch(whole(text)) is not None
        if self._prefix is not None:
            return text.startswith(self._prefix)
        return text == self.text

    def may_match(self, text: str) -> bool:
        """The same, but a text that is too long to be looked at may be anything."""
        return (self._pattern is not None and len(text) > _LONGEST) or self.matches(text)

    @property
    def stem(self) -> str:
        """Of a path: what everything it means begins with, up to a slash; all of it where it has no star."""
        return self.text if self.literal else self.text[: self.text.rindex("/", 0, self.text.index("*")) + 1]

    def covers(self, other: "Glob") -> bool:
        """Whether it provably means everything that `other` means."""
        if self.text == other.text:
            return True
        if other.literal:
            return self.matches(other.text)
        return self._prefix is not None and other.text.startswith(self._prefix)

    def meets(self, other: "Glob") -> bool:
        """Whether something provably is meant by both."""
        return self.covers(other) or other.covers(self)

    def _is_prefix(self) -> bool:
        return self.kind == "path" and self.text.endswith("/**") and "*" not in self.text[:-2]


def path_glob(text: object) -> Glob:
    """`*` stands for anything within a segment, `**` for any number of segments. Raises BadPattern."""
    if not isinstance(text, str) or not text.startswith("/"):
        raise BadPattern(f"{text!r} is no path; write one from its first slash on, such as /v1/**")
    if "?" in text or "#" in text:
        raise BadPattern(f"{text!r} has a query or fragment; a path ends before it, and any query is let through")
    if not is_canonical(text.replace("*", "x")):
        raise BadPattern(
            f"{text!r} is not in canonical form; write it without dot segments, doubled or encoded slashes"
        )
    if any("**" in segment and segment != "**" for segment in text.split("/")):
        raise BadPattern(f"{text!r} has a ** beside other characters; write it as a segment of its own: /v1/**")
    return Glob(text, "path")


def recipient_glob(text: object) -> Glob:
    """A mail address whose local part may hold stars and whose domain may begin with `*.`, or a number or channel name.

    Raises BadPattern for what would mean nearly everybody.
    """
    if not isinstance(text, str) or not text.isascii() or not text:
        raise BadPattern(f'{text!r} is no recipient; write one in quotes, such as "*@qa.example.com" or "+1500555*"')
    if "@" not in text:
        if len(text.partition("*")[0]) < _FEWEST_LITERALS:
            raise BadPattern(f"{text!r} means nearly everybody; begin it with at least {_FEWEST_LITERALS} characters")
        return Glob(text, "word")
    local, _, domain = text.rpartition("@")
    if not _PLAIN_LOCAL_PART.match(local):
        raise BadPattern(f"{text!r} has a local part that is not plain; write one such as *@qa.example.com")
    pattern = parse_pattern(domain)
    if pattern.kind == "network" or pattern.port is not None:
        raise BadPattern(f"{text!r} names no mail domain after its @; write one such as *@qa.example.com")
    return Glob(f"{local.lower()}@{pattern.text}", "address")


def word_glob(text: object) -> Glob:
    """A word such as a run's id, in which `*` stands for anything. Raises BadPattern."""
    if not isinstance(text, str) or not text:
        raise BadPattern(f"{text!r} is no name; write one such as ci-*")
    return Glob(text, "word")


def stems(path: str | None) -> Iterator[str]:
    """Every stem that a glob which means this path can have, and the empty one of what is not narrowed to paths."""
    yield ""
    if path is None:
        return
    slash = path.find("/")
    while slash != -1:
        yield path[: slash + 1]
        slash = path.find("/", slash + 1)
    if not path.endswith("/"):
        yield path


def plain_address(recipient: str) -> str | None:
    """A recipient in the form globs are matched on, or None for one that a server might read as somebody else."""
    if not recipient.isprintable():
        return None
    if "@" not in recipient:
        return None if _SEVERAL.search(recipient) else recipient
    local, _, domain = recipient.rpartition("@")
    if not _PLAIN_LOCAL_PART.match(local):
        return None
    try:
        return f"{local.lower()}@{canonical_host(domain)}"
    except BadName:
        return None


def all_meant(globs: Iterable[Glob], recipients: tuple[str, ...] | None) -> bool:
    """Whether everybody is meant by some glob. Nobody, or not knowing who, is never meant."""
    if not recipients:
        return False
    plain = [plain_address(recipient) for recipient in recipients]
    return all(address is not None and any(_means(glob, address) for glob in globs) for address in plain)


def any_meant(globs: Iterable[Glob], recipients: tuple[str, ...]) -> bool:
    """Whether anybody is, or may be, meant by some glob: what a stricter rule must stop."""
    plain = [plain_address(recipient) for recipient in recipients]
    return any(address is None or any(_means(glob, address) for glob in globs) for address in plain)


def _means(glob: Glob, recipient: str) -> bool:
    """The beginning of a number or a channel never means a mail address, which could be anybody's behind it."""
    return glob.kind == ("address" if "@" in recipient else "word") and glob.matches(recipient)


def _translated(text: str, kind: str) -> str:
    if kind == "path":
        return _path_pattern(text)
    star = "[^@]*" if kind == "address" else ".*"
    local, at, domain = text.rpartition("@") if kind == "address" else (text, "", "")
    body = star.join(re2.escape(part) for part in local.split("*"))
    below = r"[^@]+\." + re2.escape(domain[2:]) if domain.startswith("*.") else re2.escape(domain)
    return f"(?s){body}{at}{below}"


def _path_pattern(text: str) -> str:
    found = ""
    segments = text.split("/")[1:]
    for index, segment in enumerate(segments):
        if segment != "**":
            found += "/" + "[^/]*".join(re2.escape(part) for part in segment.split("*"))
        elif index == len(segments) - 1:
            found += "/.*"
        else:
            found += "(?:/.*)?"
    return f"(?s){found}"
