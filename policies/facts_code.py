"""Facts: what an operation's `extract` makes of a request and what its effect says of that, from one function."""

from typing import Any

from policies.answer_settled import looked_up_once
from policies.expression_code import Evaluate, Writer, function
from policies.expression_collections import aslist
from policies.expression_values import encoded, text

LONGEST_FACT = 2000
"""Characters of one fact that are kept; the body is kept beside it."""
MOST_NAMED = 10_000
"""Recipients that are named one by one; more count as not all named."""
Extracted = tuple[dict[str, Any], dict[str, Any]]
"""Each by name: what was extracted, whatever it is; and of it the facts of bounded size, nulls left out."""


class FactsCode:
    """A function of a context giving `Extracted`, compiled when it is first called."""

    __slots__ = ("_facts", "_speaks", "made")

    def __init__(self, facts: tuple[tuple[str, Evaluate], ...], *, speaks: bool) -> None:
        """`speaks`: the fact `to` is a list of those it says something to."""
        self._facts = facts
        self._speaks = speaks
        self.made: Evaluate = self._make
        """The function itself."""

    def _make(self, context: Any) -> Any:
        """The first call."""
        self.made = self.compiled()
        return self.made(context)

    def compiled(self) -> Evaluate:
        """The function, compiled anew. Each fact may read those before it as `x`, which they are put down as."""
        writer = Writer()
        names = {"length": writer.hold(len), "short": writer.hold(_short), "plain": writer.hold(_fact)}
        parts = [(name, writer.part(part)) for name, part in self._facts]
        reads = any("c.x" in part or "(c)" in part for _, part in parts)
        lines = ["x = c.x = {}" if reads else "x = {}", "f = {}"]
        for name, part in parts:
            lines += [f"x[{name!r}] = v = {part}", *self._kept(writer, name, names)]
        return function([*lines, "return x, f"], writer.held, settled=looked_up_once)

    def _kept(self, writer: Writer, name: str, names: dict[str, str]) -> list[str]:
        """What puts down as a fact what was extracted."""
        if self._speaks and name == "to":
            return [f"f['to'] = {writer.hold(_addressed)}(v)"]
        return [line.format(name=repr(name), **names) for line in _KEPT]


_KEPT = (
    "if type(v) is str:",
    f"  if v: f[{{name}}] = v if {{length}}(v) <= {LONGEST_FACT} and v.isascii() else {{short}}(v)",
    "elif type(v) is int: f[{name}] = v",
    "elif v is not None and v != []: f[{name}] = {plain}(v)",
)
"""What most values are, told apart without a call."""


def _addressed(value: Any) -> list[str]:
    return [_short(text(item)) for item in aslist(value)[:MOST_NAMED] if item is not None]


def _fact(value: Any) -> Any:
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, list):
        return [_fact(item) for item in value[:MOST_NAMED]]
    return _short(encoded(value))


def _short(value: str) -> str:
    cut = value if len(value) <= LONGEST_FACT else f"{value[: LONGEST_FACT - 1]}…"
    return cut if cut.isascii() else cut.encode("utf-8", "replace").decode("utf-8")
