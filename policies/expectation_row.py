"""Row: one line of what should, or must not, have happened: conditions on a capture, and how many there may be."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from policies.expectation_field import Look
from policies.expectation_sight import Sight
from policies.expectation_value import Value

Kind = Literal["expect", "never"]


@dataclass(frozen=True, slots=True)
class Count:
    """From `least` to `most`; no upper bound where `most` is None."""

    least: int
    most: int | None

    def __str__(self) -> str:
        if self.most is None:
            return f"at least {self.least}"
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"

    def holds(self, number: int) -> bool:
        return number >= self.least and (self.most is None or number <= self.most)


@dataclass(frozen=True, slots=True)
class Condition:
    """One field and what it has to be. `field` is how people read it: `json $.status`."""

    field: str
    look: Look
    value: Value
    deep: bool = False

    def holds(self, sight: Sight) -> bool:
        """Raises Unknown where it cannot be told."""
        return self.value.holds(self.look(sight))

    def actual(self, sight: Sight) -> Any:
        """What is there instead. Raises Unknown."""
        return self.look(sight)


@dataclass(frozen=True, slots=True)
class Row:
    """Conditions all of which have to hold. Of `expect`, `count` is of effects and `attempts` of repeats as well."""

    kind: Kind
    name: str
    channel: str
    """A channel, or `any`."""
    conditions: tuple[Condition, ...]
    """Those that need a body last."""
    count: Count
    line: int
    attempts: Count | None = None
    within: float | None = None
    """Seconds from the beginning of the run or window."""
    reads: bool = True
    """Whether it means what only reads as well."""

    @property
    def expected(self) -> str:
        """The row on one line."""
        said = ", ".join(f"{condition.field}: {condition.value.text}" for condition in self.conditions)
        late = f" within {self.within:g} s" if self.within is not None else ""
        attempts = f", {self.attempts} attempts" if self.attempts is not None else ""
        number = f" ({self.count}{attempts}{late})" if self.kind == "expect" else ""
        return f"{self.channel} {{{said}}}{number}"

    def meant(self, sight: Sight) -> bool:
        """Whether the capture is of a kind that the row speaks of at all."""
        channel, intent = sight.capture["channel"], sight.capture["intent"]
        return self.channel in ("any", channel) and (self.reads or intent in ("write", "connect"))

    def in_time(self, sight: Sight, began: datetime) -> bool:
        """Whether it arrived within the time that the row gives."""
        if self.within is None:
            return True
        return (datetime.fromisoformat(sight.capture["at"]) - began).total_seconds() <= self.within
