"""JsonPath: the way to a value in a JSON body: `$.a.b[0]`, `$['a key']`, `$.items[*].sku`, and nothing more."""

import re
from dataclasses import dataclass
from typing import Any

_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)|\[([0-9]{1,6}|\*)\]|\['([^'\\\]]{1,200})'\]")
MOST_STEPS = 40
MOST_FOUND = 10_000


@dataclass(frozen=True, slots=True)
class JsonPath:
    """`text` as written; `steps` are keys, positions, and None for every item."""

    text: str
    steps: tuple[str | int | None, ...]

    def of(self, data: Any) -> Any:
        """The value there; None where there is none; with `[*]` the list of those that are there."""
        several = None in self.steps
        at = [data]
        for step in self.steps:
            at = [below for value in at for below in _below(value, step)][:MOST_FOUND]
        if several:
            return at
        return at[0] if at else None


def _below(value: Any, step: str | int | None) -> list[Any]:
    if step is None:
        return value if isinstance(value, list) else []
    if isinstance(step, int):
        return [value[step]] if isinstance(value, list) and step < len(value) else []
    return [value[step]] if isinstance(value, dict) and step in value else []


def read_path(written: object) -> JsonPath:
    """Raises ValueError with what is wrong; what would be right."""
    right = "write one such as $.status or $.items[0].sku"
    if not isinstance(written, str) or not written.startswith("$"):
        raise ValueError(f"{written!r:.80} is no path into JSON; {right}")
    steps: list[str | int | None] = []
    at = 1
    while at < len(written):
        found = _STEP.match(written, at)
        if found is None:
            raise ValueError(f"{written!r:.80} cannot be read from {written[at : at + 20]!r} on; {right}")
        key, position, quoted = found.groups()
        steps.append(key or quoted if position is None else None if position == "*" else int(position))
        at = found.end()
    if len(steps) > MOST_STEPS:
        raise ValueError(f"{written!r:.80} has more than {MOST_STEPS} steps; {right}")
    return JsonPath(written, tuple(steps))
