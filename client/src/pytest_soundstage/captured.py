"""Captured: one capture as a test reads it, and Attachment, a file that came with a mail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pytest_soundstage.match import body_json
from pytest_soundstage.value import harmless

Fetch = Callable[[str], bytes]
"""Octets of a path of the API."""
LINK = re.compile(r"https?://[^\s<>\"']+")
CODE = re.compile(r"(?<![\w-])\d{4,8}(?![\w-])")

TOLD = ("to", "subject", "amount", "currency", "bucket", "key", "name")
"""Facts that a summary tells."""


class Facts(Mapping[str, Any]):
    """What was understood of a capture; also by attribute: `facts.amount`."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = dict(facts)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_facts":
            raise AttributeError(name)
        try:
            return self._facts[name]
        except KeyError:
            known = ", ".join(sorted(self._facts)) or "none"
            raise AttributeError(f"this capture has no fact {name!r}; it has {known}") from None

    def __getitem__(self, name: str) -> Any:
        return self._facts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)

    def __repr__(self) -> str:
        return f"Facts({self._facts!r})"


class Attachment:
    """A file that came with a mail. Its content is fetched when it is looked at."""

    def __init__(self, shown: Mapping[str, Any], path: str, fetch: Fetch) -> None:
        self.name: str | None = shown["filename"]
        self.content_type: str = shown["content_type"]
        self.size: int = shown["size"]
        self._path, self._fetch = path, fetch

    @property
    def content(self) -> bytes:
        return self._fetch(self._path)

    def __repr__(self) -> str:
        return f"<attachment {self.name!r}, {self.content_type}, {self.size} octets>"


class Captured:
    """One capture, with its detail. `as_json` is all the API says of it."""

    def __init__(self, detail: Mapping[str, Any], url: str, fetch: Fetch) -> None:
        self.as_json = detail
        self.url = url
        """Its page on the dashboard."""
        self.facts = Facts(detail["facts"])
        self._fetch = fetch

    def __getattr__(self, name: str) -> Any:
        """`id`, `channel`, `intent`, `provider`, `operation`, `verdict`, `reason`, `left`, `flags`, ... as captured."""
        detail = self.__dict__.get("as_json", {})
        if name in detail:
            return detail[name]
        if name in detail.get("target", {}):
            return detail["target"][name]
        raise AttributeError(f"this capture has no {name!r}; it has {', '.join(sorted(detail))}")

    def __repr__(self) -> str:
        return f"<{summary(self.as_json)}, {self.url}>"

    @property
    def to(self) -> list[str]:
        """Every recipient: of a mail those of its envelope."""
        told = self.facts.get("to") or self.facts.get("recipient") or []
        return list(told) if isinstance(told, (list, tuple)) else [told]

    @property
    def sender(self) -> str | None:
        return self.facts.get("from")

    @property
    def subject(self) -> str | None:
        return self.facts.get("subject")

    @property
    def text(self) -> str:
        """What it says to its reader, without markup."""
        return str(self.as_json.get("text") or self.facts.get("text") or "")

    @property
    def html(self) -> str | None:
        return self.as_json.get("html")

    @property
    def links(self) -> list[str]:
        """Every link, in order."""
        return list(self.as_json["links"] if "links" in self.as_json else LINK.findall(self.text))

    @property
    def codes(self) -> list[str]:
        """What looks like a one-time code, in order."""
        return list(self.as_json["codes"] if "codes" in self.as_json else CODE.findall(self.text))

    @property
    def attachments(self) -> list[Attachment]:
        base = f"/api/captures/{self.as_json['id']}/parts"
        return [Attachment(one, f"{base}/{one['n']}", self._fetch) for one in self.as_json.get("attachments") or ()]

    @property
    def headers(self) -> dict[str, str]:
        """The header fields, by lower-case name; of several with one name the last."""
        return {name.lower(): value for name, value in self.as_json.get("headers") or ()}

    @property
    def raw(self) -> bytes:
        """The captured octets: of a mail exactly as sent, of an API call with its credentials removed."""
        return self._fetch(f"/api/captures/{self.as_json['id']}/raw")

    def json(self) -> Any:
        """The body as JSON, None where it is none."""
        return body_json(self.as_json)

    def link(self, part: str = "") -> str:
        """The one link that contains a text. AssertionError where there is none, or several that differ."""
        return _only("link", part, [one for one in self.links if part in one], self.links)

    def code(self) -> str:
        """The one code. AssertionError where there is none, or several that differ."""
        return _only("code", "", self.codes, self.codes)


def _only(what: str, part: str, found: list[str], every: list[str]) -> str:
    if len(set(found)) == 1:
        return found[0]
    containing = f" that contains {part!r}" if part else ""
    number = "no" if not found else f"{len(set(found))} different"
    raise AssertionError(f"there is {number} {what}{containing}; there are {harmless(repr(every))}")


def summary(capture: Mapping[str, Any]) -> str:
    """One capture in a few words, for messages."""
    facts, target = capture["facts"], capture["target"]
    words = [capture["channel"]]
    words += [str(capture[name]) for name in ("provider", "operation") if capture.get(name) not in (None, "unknown")]
    if len(words) == 1 and capture["channel"] not in ("email", "dns"):
        words += [f"{target.get('method', '')} {target.get('host', '')}{target.get('path', '')}".strip()]
    told = [f"{name} {facts[name]!r}" for name in TOLD if facts.get(name)]
    left = ["which may have left"] if capture.get("left") else []
    return harmless(", ".join([" ".join(words), *told, *left]))
