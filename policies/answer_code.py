"""AnswerCode: all that one answer computes as one function, so that a request pays for no calls between its parts.

As with `expression_code`, nothing in its source comes from a client: literals by `repr`, templates of ours, and names
for objects of ours.
"""

from collections.abc import Callable, Sequence
from typing import Any

from policies.answer_settled import settled
from policies.expression_code import Constant, Evaluate, Named, Writer, function
from policies.expression_values import text
from policies.written_code import SafeCode

NamedParts = Sequence[tuple[str, Evaluate]]
LONGEST_HEADER = 4096
"""Characters of a header's value."""


class AnswerCode:
    """A function of a context giving (status, headers, body, kept), body as data or `Written`, kept what each of `kept`
    gives. Sets the context's `body`, and its names where a part is called that may ask for them."""

    __slots__ = ("_kept", "_lets", "_parts", "made")

    def __init__(
        self,
        lets: NamedParts,
        status: Evaluate,
        headers: NamedParts,
        body: Evaluate,
        kept: Sequence[Evaluate] = (),
    ) -> None:
        self._lets = lets
        self._parts = (status, headers, body)
        self._kept = kept
        self.made: Callable[[Any], Any] = self._make
        """The function itself."""

    def __call__(self, context: Any) -> Any:
        return self.made(context)

    def keeping(self, kept: Sequence[Evaluate]) -> "AnswerCode":
        """The same, which also gives these parts."""
        return AnswerCode(self._lets, *self._parts, kept)

    def _make(self, context: Any) -> Any:
        """The first call."""
        self.made = self.compiled()
        return self.made(context)

    def compiled(self) -> Callable[[Any], Any]:
        """The function, compiled anew."""
        (status, headers, body), writer = self._parts, Writer()
        lines = [f"{Named(name).variable()} = c.names[{name!r}] = {writer.whole(made)}" for name, made in self._lets]
        lines += [f"s = {writer.whole(status)}", f"b = c.body = {writer.whole(body)}", "t = []"]
        for name, made in headers:
            lines += _header(writer, name, made)
        lines.append(f"return s, t, b, [{', '.join([writer.whole(part) for part in self._kept])}]")
        return function(lines, writer.held, [Named(name).variable() for name, _ in self._lets], settled)


def _header(writer: Writer, name: str, made: Evaluate) -> list[str]:
    if isinstance(made, Constant):
        return [f"t.append({writer.hold((name, text(made.value)))})"]
    if isinstance(made, SafeCode):
        return [f"t.append(({name!r}, {writer.whole(made)}))"]
    plain = f"type(v) is str and v.isascii() and v.isprintable() and {writer.hold(len)}(v) <= {LONGEST_HEADER}"
    return [
        f"if (v := {writer.whole(made)}) is not None:",
        f"  t.append(({name!r}, v if {plain} else {writer.hold(shown)}(v)))",
    ]


def shown(value: Any) -> str:
    """A value as a header may say it: what a client sent must not begin another."""
    told = (value if type(value) is str else text(value))[:LONGEST_HEADER]
    return told if told.isascii() and told.isprintable() else "".join([c for c in told if " " <= c <= "~"])
