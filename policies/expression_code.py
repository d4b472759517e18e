"""Code: a function of a context as the source of one Python expression, put together from those of its parts.

An expression or a tree of a pack becomes one function instead of a function for each of its nodes, compiled when it is
first called. Nothing in a source comes from a client: it consists of templates of ours, of literals as `repr` writes
them, and of names that stand for objects of ours. `c` is the context, `h` what was just looked at.
"""

import ast
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

Evaluate = Callable[[Any], Any]
"""A function of a PackContext."""

DEEPEST = 20
"""Parts within parts that are written out; what is deeper is called, for Python's parser has a limit."""
LONGEST = 6_000
"""Characters of a part that are written out; what is longer, such as a shape that many answers share, is called."""
_NUMBERS = count()
SPACE: dict[str, Any] = {"__builtins__": {}, "type": type, "dict": dict, "int": int, "list": list, "str": str}
"""What every source may name besides the objects it holds."""


class Constant:
    """The function of a literal: its value never depends on the context."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, _context: Any) -> Any:
        return self.value


class Code:
    """The function that `source` says. `held` are the objects its names stand for."""

    __slots__ = ("depth", "held", "made", "source")

    def __init__(self, source: str, held: dict[str, Any], depth: int) -> None:
        self.source = source
        self.held = held
        self.depth = depth
        self.made: Evaluate = self._make
        """The function itself, which other functions call without asking this one."""

    def __call__(self, context: Any) -> Any:
        return self.made(context)

    def _make(self, context: Any) -> Any:
        """The first call."""
        self.made = self.compiled()
        return self.made(context)

    def compiled(self) -> Evaluate:
        """The function, compiled anew."""
        return function([f"return {self.source}"], self.held)


def function(
    lines: Sequence[str],
    held: dict[str, Any],
    known: Sequence[str] = (),
    settled: Callable[[ast.Module], ast.Module] = lambda tree: tree,
) -> Evaluate:
    """A function of these lines, which puts down the values named before by `let` that are not `known` in it."""
    named = {name: value for name, value in held.items() if isinstance(value, Named)}
    gets = [f"{name} = c.names.get({value.key!r})" for name, value in named.items() if name not in known]
    space = {**SPACE, **held}
    tree = settled(ast.parse("\n ".join(["def part(c):", *gets, *lines])))
    exec(compile(tree, "<pack>", "exec"), space)  # noqa: S102 # written by us alone, see above
    made: Evaluate = space["part"]
    return made


class Named:
    """What `let` has put under `key` into a context's names. The names of these in a source are variables."""

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key = key

    def variable(self) -> str:
        """The same for the same key, which may be any text."""
        return f"n_{self.key.encode().hex()}"


class Writer:
    """Puts one source together."""

    def __init__(self) -> None:
        self.held: dict[str, Any] = {}
        """The objects that what was put together so far names."""
        self._depth = 0

    def hold(self, value: Any) -> str:
        """A name for an object."""
        name = f"k{next(_NUMBERS)}"
        self.held[name] = value
        return name

    def part(self, part: Evaluate) -> str:
        """What stands for a part: its source, its literal, or a call of it."""
        if isinstance(part, Constant):
            return self.literal(part.value)
        if isinstance(part, Code) and len(part.source) <= LONGEST:
            return self.whole(part)
        return self._called(part)

    def whole(self, part: Evaluate) -> str:
        """The same, written out however long it is."""
        if isinstance(part, Constant):
            return self.literal(part.value)
        if isinstance(part, Code) and part.depth < DEEPEST:
            self.held.update(part.held)
            self._depth = max(self._depth, part.depth)
            return part.source
        return self._called(part)

    def _called(self, part: Evaluate) -> str:
        return f"{self.hold(part)}.made(c)" if isinstance(part, Code) else f"{self.hold(part)}(c)"

    def literal(self, value: Any) -> str:
        plain = value is None or type(value) is bool or type(value) is str or (type(value) is int and 0 <= value < 1e9)
        return repr(value) if plain else self.hold(value)

    def code(self, source: str) -> Code:
        return Code(source, self.held, self._depth + 1)


def code(template: str, *parts: Evaluate, **held: Any) -> Code:
    """`template` with its numbered places filled by `parts` and its named ones by names for objects."""
    writer = Writer()
    names = {name: writer.hold(value) for name, value in held.items()}
    return writer.code(template.format(*map(writer.part, parts), **names))


def called(work: Callable[..., Any], *parts: Evaluate) -> Code:
    """A call of `work` with what the parts give."""
    writer = Writer()
    return writer.code(f"{writer.hold(work)}({', '.join(map(writer.part, parts))})")


def displayed(parts: list[Evaluate]) -> Code:
    """A list of what the parts give."""
    writer = Writer()
    return writer.code(f"[{', '.join(map(writer.part, parts))}]")
