"""Assignment: which effect counts for which row, where several rows could take it.

An effect counts for one row. Rows overlap (`to: "*@example.test"` beside `to: ann@example.test`), and to give each
effect to the first row that fits would make the result depend on their order. So it is a flow: as many as possible
towards what rows need at least, then as many as possible towards what they take at most; every effect that fits some
row is given to one, and what fits none that has room is the excess of the first of them. Effects that fit the same
rows are alike here, so it is their numbers that flow.
"""

from collections import deque
from collections.abc import Mapping, Sequence

from policies.expectation_row import Count

Fits = tuple[int, ...]
"""The rows that an effect fits, ascending."""
Flow = dict[tuple[Fits, int], int]


def assigned(supply: Mapping[Fits, int], counts: Sequence[Count]) -> Flow:
    """How many of the effects that fit certain rows count for which of them. Every effect counts for exactly one."""
    total = sum(supply.values())
    flowing = _Flowing(dict(supply))
    flowing.fill([min(count.least, total) for count in counts])
    flowing.fill([total if count.most is None else count.most for count in counts])
    for fits, number in flowing.left.items():
        if number:
            flowing.flow[fits, fits[0]] = flowing.flow.get((fits, fits[0]), 0) + number
    return {edge: number for edge, number in flowing.flow.items() if number}


class _Flowing:
    """Augmenting paths. A row's total never sinks on the way, so what it needs at least stays reached."""

    def __init__(self, left: dict[Fits, int]) -> None:
        self.left = dict(sorted(left.items()))
        self.flow: Flow = {}
        self._takers: dict[int, set[Fits]] = {}

    def fill(self, room: Sequence[int]) -> None:
        """Give until no path leads to a row with room."""
        totals = [0] * len(room)
        for (_, row), number in self.flow.items():
            totals[row] += number
        spare = [most - total for most, total in zip(room, totals, strict=True)]
        for fits in self.left:
            while self.left[fits]:
                path = self._path(fits, spare)
                if path is None:
                    break
                self._push(fits, path, spare)

    def _path(self, start: Fits, spare: Sequence[int]) -> list[tuple[Fits, int]] | None:
        """Edges to follow, each from a kind of effects to a row; what a row is taken from on the way moves on."""
        came: dict[int, tuple[Fits, int | None]] = {}
        waiting: deque[tuple[Fits, int | None]] = deque([(start, None)])
        seen = {start}
        while waiting:
            fits, through = waiting.popleft()
            for row in fits:
                if row in came:
                    continue
                came[row] = (fits, through)
                if spare[row] > 0:
                    return _walked(came, row)
                for other in sorted(self._takers.get(row, ())):
                    if other not in seen and self.flow.get((other, row), 0) > 0:
                        seen.add(other)
                        waiting.append((other, row))
        return None

    def _push(self, start: Fits, path: list[tuple[Fits, int]], spare: list[int]) -> None:
        last = path[-1][1]
        taken = [(path[at + 1][0], path[at][1]) for at in range(len(path) - 1)]
        number = min([self.left[start], spare[last], *(self.flow[edge] for edge in taken)])
        for edge in path:
            self.flow[edge] = self.flow.get(edge, 0) + number
            self._takers.setdefault(edge[1], set()).add(edge[0])
        for edge in taken:
            self.flow[edge] -= number
        self.left[start] -= number
        spare[last] -= number


def _walked(came: Mapping[int, tuple[Fits, int | None]], row: int) -> list[tuple[Fits, int]]:
    path: list[tuple[Fits, int]] = []
    at: int | None = row
    while at is not None:
        fits, through = came[at]
        path.append((fits, at))
        at = through
    return path[::-1]
