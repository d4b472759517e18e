"""Interleaved rounds: every contender takes its turn in each round, so that noise falls on all of them."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.processor_time import processor_seconds


@dataclass
class Contender:
    """One way to do the work. `load` does it for a while and returns how many units in how many seconds."""

    name: str
    process_ids: Sequence[int]
    load: Callable[[], tuple[int, float]]
    rates: list[float] = field(default_factory=list)
    microseconds: list[float] = field(default_factory=list)

    def turn(self) -> None:
        """One round's share."""
        before = processor_seconds(*self.process_ids)
        units, seconds = self.load()
        spent = processor_seconds(*self.process_ids) - before
        self.rates.append(units / seconds)
        self.microseconds.append(spent / units * 1e6)

    @property
    def rate(self) -> float:
        """Units a second, the median of the rounds."""
        return statistics.median(self.rates)

    @property
    def each(self) -> float:
        """Microseconds of processor time a unit, the median of the rounds."""
        return statistics.median(self.microseconds)

    def against(self, other: "Contender") -> float:
        """How many times the other's rate, the median of the rounds' ratios."""
        return statistics.median(mine / theirs for mine, theirs in zip(self.rates, other.rates, strict=True))

    def cost_against(self, other: "Contender") -> float:
        """How many times the other's processor time a unit, the median of the rounds' ratios."""
        return statistics.median(
            mine / theirs for mine, theirs in zip(self.microseconds, other.microseconds, strict=True)
        )


def run(contenders: Sequence[Contender], rounds: int) -> None:
    """Let each contender warm up once uncounted, then take its turn in every round."""
    for contender in contenders:
        contender.load()
    for _ in range(rounds):
        for contender in contenders:
            contender.turn()
