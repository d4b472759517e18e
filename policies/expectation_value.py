"""Values of an expectation: what a field has to be, once read. How a file spells them lives in expectation_spelling."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from policies.expectation_sight import Unknown

_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?\Z")


class Value(Protocol):
    """What a field has to be. `text` is how people read it."""

    @property
    def text(self) -> str: ...

    def holds(self, actual: Any) -> bool:
        """Of a list: whether it holds for any item. None is a field that is not there."""
        ...


@dataclass(frozen=True, slots=True)
class Absent:
    """The field must not be there."""

    text: str = "absent"

    def holds(self, actual: Any) -> bool:
        return actual is None or actual == []


@dataclass(frozen=True, slots=True)
class Number:
    """This number, or a text that spells it, as a form does."""

    number: float
    text: str

    def holds(self, actual: Any) -> bool:
        return any(number_of(item) == self.number for item in items_of(actual))


@dataclass(frozen=True, slots=True)
class Truth:
    """true or false, or a text that spells it."""

    truth: bool

    @property
    def text(self) -> str:
        return "true" if self.truth else "false"

    def holds(self, actual: Any) -> bool:
        return any(item is self.truth or item == self.text for item in items_of(actual))


@dataclass(frozen=True, slots=True)
class Exact:
    """This text and no other."""

    wanted: str
    folded: bool = False

    @property
    def text(self) -> str:
        return self.wanted

    def holds(self, actual: Any) -> bool:
        if isinstance(actual, str):  # nearly always, and for every capture
            return actual == self.wanted or (self.folded and actual.lower() == self.wanted.lower())
        wanted = self.wanted.lower() if self.folded else self.wanted
        return any((said.lower() if self.folded else said) == wanted for said in texts_of(actual))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A glob, which must match the whole text, or a regular expression, which may match a part."""

    text: str
    compiled: Any
    whole: bool

    def holds(self, actual: Any) -> bool:
        look = self.compiled.fullmatch if self.whole else self.compiled.search
        if isinstance(actual, str):
            return look(actual) is not None
        return any(look(said) is not None for said in texts_of(actual))


@dataclass(frozen=True, slots=True)
class Range:
    """A number from `least` to `most`, both included."""

    least: float | None
    most: float | None
    text: str

    def holds(self, actual: Any) -> bool:
        return any(self._contains(number_of(item)) for item in items_of(actual))

    def _contains(self, number: float | None) -> bool:
        if number is None:
            return False
        return (self.least is None or number >= self.least) and (self.most is None or number <= self.most)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of several."""

    values: tuple[Value, ...]

    @property
    def text(self) -> str:
        return "any of " + ", ".join(value.text for value in self.values)

    def holds(self, actual: Any) -> bool:
        return any(value.holds(actual) for value in self.values)


@dataclass(frozen=True, slots=True)
class Not:
    """Everything else, also where the field is not there; of a list, where it holds for no item."""

    value: Value

    @property
    def text(self) -> str:
        return "present" if isinstance(self.value, Absent) else f"not {self.value.text}"

    def holds(self, actual: Any) -> bool:
        return not self.value.holds(actual)


@dataclass(frozen=True, slots=True)
class Unlisted:
    """Holds as another does, and may be a name that no pack in use has."""

    value: Value

    @property
    def text(self) -> str:
        return self.value.text

    def holds(self, actual: Any) -> bool:
        return self.value.holds(actual)


@dataclass(frozen=True, slots=True)
class Exactly:
    """A list: each value has an item, and each item a value, in any order. One value of it stands for many items."""

    values: tuple[Value, ...]

    @property
    def text(self) -> str:
        return f"[{', '.join(value.text for value in self.values)}]"

    def holds(self, actual: Any) -> bool:
        if actual is None:
            return False
        items = items_of(actual)
        each_has = all(any(value.holds(item) for item in items) for value in self.values)
        return each_has and all(any(value.holds(item) for value in self.values) for item in items)


@dataclass(frozen=True, slots=True)
class OutsideDomains:
    """Some mail domain is none of these. `*.example.test` means those below."""

    domains: tuple[str, ...]

    @property
    def text(self) -> str:
        return f"[{', '.join(self.domains)}]"

    def holds(self, actual: Any) -> bool:
        """Raises Unknown where nobody that is named is outside, and not everybody is named."""
        outside = any(not self._inside(domain) for domain in texts_of(actual))
        if not outside and None in items_of(actual):
            raise Unknown("whom it reaches cannot be told")
        return outside

    def _inside(self, domain: str) -> bool:
        return any(domain.endswith(one[1:]) if one.startswith("*.") else domain == one for one in self.domains)


@dataclass(frozen=True, slots=True)
class Anybody:
    """Of `never`: whether it holds for any one of those reached, `{not: a}` too: one good address hides no bad one."""

    value: Value

    @property
    def text(self) -> str:
        return self.value.text

    def holds(self, actual: Any) -> bool:
        """Raises Unknown where it holds for nobody that is named, and not everybody is named."""
        named = [item for item in items_of(actual) if item is not None]
        whole = isinstance(self.value, Absent | Exactly)
        if self.value.holds(named) if whole else any(self.value.holds(item) for item in named):
            return True
        if None in items_of(actual):
            raise Unknown("whom it reaches cannot be told")
        return not named and not whole and self.value.holds(None)


def items_of(actual: Any) -> Sequence[Any]:
    """A list's items; of anything else itself; nothing of what is not there."""
    if actual is None:
        return ()
    return actual if isinstance(actual, list | tuple) else (actual,)


def texts_of(actual: Any) -> list[str]:
    """What of it is text, or a number that is compared as one."""
    found = []
    for item in items_of(actual):
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, int | float) and not isinstance(item, bool):
            found.append(str(item))
    return found


def number_of(item: Any) -> float | None:
    """The number that an item is or spells."""
    if isinstance(item, bool):
        return None
    if isinstance(item, int | float):
        return item
    if not isinstance(item, str) or not _NUMBER.match(item):
        return None
    return float(item) if "." in item else int(item)
