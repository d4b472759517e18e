"""Section: one mapping of a policy file while it is read. Each wrong value becomes a problem, and reading goes on."""

import difflib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from policies.policy_problem import Problem, field_of
from policies.yaml_lines import Document, Place

_MEANT = {
    "action": "do",
    "destination": "to",
    "domain": "to",
    "host": "to",
    "hosts": "to",
    "reason": "why",
    "team": "owner",
    "until": "expires",
    "url": "to",
    "verdict": "do",
}
"""Other words for keys, which are spelt too differently to be found by their letters."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file being read, and what was found wrong with it so far."""

    name: str
    document: Document
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def place(self, place: Place) -> str:
        """`file:line`."""
        return f"{self.name}:{self.document.line(place)}"

    def complain(self, place: Place, what: str) -> None:
        self.problems.append(Problem(self.name, self.document.line(place), field_of(place), what))

    def section(self, data: object, place: Place, right: str = "write keys and values") -> "Section":
        """A mapping at a place; of anything else an empty one, with a complaint, and what would be `right`."""
        if isinstance(data, dict):
            return Section(self, data, place)
        if data is None and not place:
            self.complain(place, f"the file is empty; {right}, version: 1 first")
        else:
            self.complain(place, f"{data!r:.80} is not a mapping; {right}")
        return Section(self, {}, place, broken=True)


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping and its place."""

    file: SourceFile
    data: dict[str, Any]
    at: Place
    broken: bool = False

    def __contains__(self, key: str) -> bool:
        return self.data.get(key) is not None

    def complain(self, key: str | None, what: str) -> None:
        self.file.complain(self.at if key is None else (*self.at, key), what)

    def only(self, known: Collection[str]) -> None:
        """Complains about every key that is not known."""
        for key in self.data:
            if key not in known:
                near = difflib.get_close_matches(str(key), list(known), n=1)
                meant = [word for word in (_MEANT.get(str(key)), *near) if word in known]
                hint = f"write {meant[0]!r}" if meant else f"the keys known here are {', '.join(sorted(known))}"
                self.complain(key, f"the key {key!r} is not known here; {hint}")

    def of_version_1(self) -> None:
        """Complains unless that is what the file says it is."""
        value = self.data.get("version")
        if self.broken or (value == 1 and value is not True):
            return
        if value is None:
            self.complain("version" if "version" in self.data else None, "'version: 1' is missing; write it first")
        else:
            also = ", without quotation marks" if value == "1" else ""
            self.complain("version", f"{value!r:.80} is no version known here; write version: 1{also}")

    def filled(self, but: Collection[str] = ()) -> None:
        """Complains about each key without a value: it reads as if it narrowed something. `but`: told elsewhere."""
        for key, value in self.data.items():
            if value is None and key not in but:
                self.complain(key, f"{key!r} has no value; write one, or leave the key away")

    def text(self, key: str, right: str, *, required: bool = True, longest: int = 500) -> str | None:
        """A line of words; `right` says what would be right where it is missing or something else."""
        value = self.data.get(key)
        if value is None:
            if required and not self.broken:
                self.complain(key if key in self.data else None, f"{key!r} is missing; {right}")
            return None
        if not isinstance(value, str) or not value.strip():
            self.complain(key, f"{value!r:.80} is no text; {right}")
            return None
        if len(value) > longest or not value.strip().isprintable():
            self.complain(key, f"{value!r:.80} is longer than {longest} characters or than one line; {right}")
            return None
        return value.strip()

    def choice[T: str](self, key: str, choices: Collection[T], absent: T | None = None) -> T | None:
        """One of some words."""
        value = self.data.get(key)
        if value is None:
            return absent
        for choice in choices:
            if value == choice:
                return choice
        self.complain(key, f"{value!r:.80} is not known; write {_alternatives(choices)}")
        return absent

    def several[T](self, key: str, parse: Callable[[object], T]) -> tuple[T, ...] | None:
        """One value or a list of them, each parsed; None where the key is absent or nothing of it could be read.

        `parse` raises ValueError with what is wrong; what would be right.
        """
        value = self.data.get(key)
        if value is None:
            return None
        found = []
        for place, item in self._each(key, value):
            try:
                found.append(parse(item))
            except ValueError as error:
                self.file.complain(place, str(error))
        return tuple(found) or None

    def sections(self, key: str) -> Iterator["Section"]:
        """The mappings of a list."""
        value = self.data.get(key)
        if value is None:
            return
        if not isinstance(value, list):
            self.complain(key, f"{value!r:.80} is not a list; write one entry after each dash")
            return
        for index, item in enumerate(value):
            yield self.file.section(item, (*self.at, key, index))

    def inner(self, key: str, right: str = "write keys and values") -> "Section":
        """A mapping within; an empty one where it is absent. `right` is what to write where it is something else."""
        value = self.data.get(key)
        return self.file.section({} if value is None else value, (*self.at, key), right)

    def _each(self, key: str, value: object) -> Iterator[tuple[Place, object]]:
        place = (*self.at, key)
        if not isinstance(value, list):
            yield place, value
            return
        if not value:
            self.complain(key, "the list is empty, so it would never match; leave the key away or name something")
        for index, item in enumerate(value):
            yield (*place, index), item


def one_of[T: str](choices: Collection[T]) -> Callable[[object], T]:
    """A parser of one word for `several`."""

    def parse(value: object) -> T:
        for choice in choices:
            if value == choice:
                return choice
        raise ValueError(f"{value!r:.80} is not known; write {_alternatives(choices)}")

    return parse


def _alternatives(choices: Collection[str]) -> str:
    words = list(choices)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
