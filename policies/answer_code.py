"""AnswerCode: all that one answer computes as one function, so that a request pays for no calls between its parts.

As with `expression_code`, nothing in its source comes from a client: literals by `repr`, templates of ours, and names
for objects of ours.
"""

from collections.abc import Callable, Sequence
from typing import Any

from policies.expression_code import Code, Constant, Evaluate, Named, Writer
from policies.expression_values import text
from policies.written_code import SafeCode

NamedParts = Sequence[tuple[str, Evaluate]]
LONGEST_HEADER = 4096
"""Characters of a header's value."""


class AnswerCode(Code):
    """A function of a context giving (status, headers, body), body as data or `Written`. Sets the context's `body`."""

    __slots__ = ("_variables",)

    def __init__(self, lets: NamedParts, status: Evaluate, headers: NamedParts, body: Evaluate) -> None:
        writer = Writer()
        self._variables = [Named(name).variable() for name, _ in lets]
        lines = ["n = c.names"] if lets else []
        lines += [
            f"{variable} = n[{name!r}] = {writer.whole(made)}"
            for variable, (name, made) in zip(self._variables, lets, strict=True)
        ]
        lines += [f"s = {writer.whole(status)}", f"b = c.body = {writer.whole(body)}", "t = []"]
        for name, made in headers:
            lines += _header(writer, name, made)
        whole = writer.code("\n ".join([*lines, "return s, t, b"]))
        super().__init__(whole.source, whole.held, whole.depth)

    def compiled(self) -> Callable[[Any], Any]:
        return self.function([self.source], self._variables)


def _header(writer: Writer, name: str, made: Evaluate) -> list[str]:
    if isinstance(made, Constant):
        return [f"t.append({writer.hold((name, text(made.value)))})"]
    if isinstance(made, SafeCode):
        return [f"t.append(({name!r}, {writer.whole(made)}))"]
    line = writer.whole(made)
    return [f"if (v := {line}) is not None:", f"  t.append(({name!r}, {writer.hold(shown)}(v)))"]


def shown(value: Any) -> str:
    """A value as a header may say it: what a client sent must not begin another."""
    told = (value if type(value) is str else text(value))[:LONGEST_HEADER]
    return told if told.isascii() and told.isprintable() else "".join([c for c in told if " " <= c <= "~"])
