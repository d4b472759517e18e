"""AnswerCode: all that one answer computes as one function, so that a request pays for no calls between its parts.

As with `expression_code`, nothing in its source comes from a client: literals by `repr`, templates of ours, and names
for objects of ours.
"""

from collections.abc import Callable, Sequence
from typing import Any

from policies.expression_code import SPACE, Code, Constant, Evaluate, Writer
from policies.expression_values import text
from policies.written_code import SafeCode

Named = Sequence[tuple[str, Evaluate]]
LONGEST_HEADER = 4096
"""Characters of a header's value."""


class AnswerCode(Code):
    """A function of a context giving (status, headers, body), body as data or `Written`. Sets the context's `body`."""

    __slots__ = ()

    def __init__(self, lets: Named, status: Evaluate, headers: Named, body: Evaluate) -> None:
        writer = Writer()
        lines = [f"n[{name!r}] = {writer.whole(made)}" for name, made in lets]
        lines += [f"s = {writer.whole(status)}", f"b = c.body = {writer.whole(body)}", "t = []"]
        for name, made in headers:
            lines += _header(writer, name, made)
        whole = writer.code("\n ".join(["def answer(c):", "n = c.names", *lines, "return s, t, b"]))
        super().__init__(whole.source, whole.held, whole.depth)

    def compiled(self) -> Callable[[Any], Any]:
        space = {**SPACE, **self.held}
        exec(compile(self.source, "<pack>", "exec"), space)  # noqa: S102 # written by us alone, see above
        made: Callable[[Any], Any] = space["answer"]
        return made


def _header(writer: Writer, name: str, made: Evaluate) -> list[str]:
    if isinstance(made, Constant):
        return [f"t.append({writer.hold((name, text(made.value)))})"]
    if isinstance(made, SafeCode):
        return [f"t.append(({name!r}, {writer.whole(made)}))"]
    line = writer.whole(made)
    return [f"if (v := {line}) is not None:", f"  t.append(({name!r}, {writer.hold(shown)}(v)))"]


def shown(value: Any) -> str:
    """A value as a header may say it: what a client sent must not begin another."""
    told = text(value)[:LONGEST_HEADER]
    return told if told.isascii() and told.isprintable() else "".join([c for c in told if " " <= c <= "~"])
