"""The code an expression's nodes become, put together from the code of the nodes inside them.

Here lives what needs no name lookup; which node may stand where is `expression`'s.
"""

from collections.abc import Callable
from typing import Any

from jinja2 import nodes

from policies import expression_values as values
from policies.expression_code import Code, Writer, called, code
from policies.expression_code import Constant as Constant
from policies.expression_code import Evaluate as Evaluate
from policies.expression_filters import PREPARED, lower, trim, upper
from policies.written_code import ReadCode, safe_text

VIEW_FIELDS = frozenset(
    {"method", "scheme", "host", "port", "path", "query", "headers", "form", "json", "xml", "text", "data", "args"}
    | {"params", "auth", "typed", "size", "target", "parts"}
)
"""Fields of `req`, of a RequestView."""


_OBJECTS = frozenset({f"c.req.{name}" for name in ("auth", "form", "headers", "params", "query", "typed")})
"""Sources that always give an object."""


class ExpressionError(ValueError):
    """An expression that cannot be used; the message says what is wrong with it. For the pack's author."""


def texts(parts: list[Evaluate]) -> Evaluate:
    """A function that joins what `parts` read as."""
    if all(isinstance(part, Constant) for part in parts):
        return Constant(values.joined([values.text(part(None)) for part in parts]))
    if (safe := safe_text(parts)) is not None:
        return safe
    writer = Writer()
    read, join = writer.hold(values.text), writer.hold(values.joined)
    told = [
        writer.literal(values.text(part.value))
        if isinstance(part, Constant)
        else f"(h if type(h := {writer.part(part)}) is str else {read}(h))"
        for part in parts
    ]
    return writer.code(f"{join}([{', '.join(told)}])")


def as_text(part: Evaluate) -> Evaluate:
    """What a part reads as."""
    return code("(h if type(h := {0}) is str else {text}(h))", part, text=values.text)


def view_field(name: str) -> Evaluate:
    if name not in VIEW_FIELDS:
        raise ExpressionError(f"a request has no {name!r}; it has {', '.join(sorted(VIEW_FIELDS))}")
    return code(f"c.req.{name}")


def getter(value: Evaluate, key: Any) -> Evaluate:
    if type(key) is not str:
        return called(values.get, value, Constant(key))
    if isinstance(value, ReadCode):
        return value.field(key)
    if isinstance(value, Code) and value.source in _OBJECTS:
        return code("{0}.get({1})", value, Constant(key))
    return code("(h.get({1}) if type(h := {0}) is dict else None)", value, Constant(key))


def keyed(value: Evaluate, key: Evaluate) -> Evaluate:
    return called(values.get, value, key)


def cut_out(value: Evaluate, start: Evaluate, stop: Evaluate, step: Evaluate) -> Evaluate:
    """A piece of a text or a list."""
    bounds = [part.value for part in (start, stop, step) if isinstance(part, Constant)]
    if len(bounds) < 3 or bounds[2] == 0 or any(bound is not None and type(bound) is not int for bound in bounds):
        return called(values.piece, value, start, stop, step)
    template = "(h[{1}:{2}:{3}] if type(h := {0}) is str else {piece}(h, {1}, {2}, {3}))"
    return code(template, value, start, stop, step, piece=values.piece)


def plain_arguments(node: nodes.Call | nodes.Filter | nodes.Test) -> list[nodes.Expr]:
    if node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
        raise ExpressionError("arguments are given by position")
    return list(node.args)


def literal(node: nodes.Expr, where: str) -> Any:
    if not isinstance(node, nodes.Const):
        raise ExpressionError(f"{where} takes literal arguments only")
    return node.value


def prepared(name: str, value: Evaluate, arguments: list[nodes.Expr]) -> Evaluate:
    if len(arguments) != 1:
        raise ExpressionError(f"{name} takes one argument")
    argument = literal(arguments[0], name)
    try:
        work = PREPARED[name](str(argument))
    except Exception as error:  # whatever jmespath or re2 says of a pattern is for the pack's author
        raise ExpressionError(f"{argument!r} is no {name} pattern: {error}") from error
    return called(work, value)


def applied(work: Callable[..., Any], value: Evaluate, arguments: list[Evaluate]) -> Evaluate:
    _check_count(work, len(arguments))
    if work in _OF_TEXT:
        return code(f"(h.{_OF_TEXT[work]}() if type(h := {{0}}) is str else {{work}}(h))", value, work=work)
    return called(work, value, *arguments)


def _check_count(work: Callable[..., Any], given: int) -> None:
    code = work.__code__
    most = code.co_argcount - 1
    least = most - len(work.__defaults__ or ())
    if given < least or (given > most and not code.co_flags & 0x04):
        raise ExpressionError(f"{work.__name__} takes {least} to {most} arguments, not {given}")


_OF_TEXT: dict[Callable[..., Any], str] = {lower: "lower", upper: "upper", trim: "strip"}
"""Filters that are a text's own methods, which need not be called through a function of ours."""


def is_within(left: Evaluate, right: Evaluate) -> Evaluate:
    """`left in right`: of a text that is known and a list it need not be asked what they are."""
    if isinstance(left, Constant) and type(left.value) is str:
        return code("({0} in h if type(h := {1}) is list else {within}({0}, h))", left, right, within=within)
    return called(within, left, right)


def within(left: Any, right: Any) -> bool:
    """`left in right`."""
    return values.contains(right, left)


def lacks(left: Any, right: Any) -> bool:
    """`left not in right`."""
    return not values.contains(right, left)


EQUALITIES = {"eq": "==", "ne": "!="}
"""Of JSON-shaped data Python's own never raise."""

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "lt": values.less,
    "gt": lambda left, right: values.less(right, left),
    "lteq": lambda left, right: values.less(left, right) or left == right,
    "gteq": lambda left, right: values.less(right, left) or left == right,
}

ARITHMETIC: dict[type[nodes.Node], Callable[[Any, Any], Any]] = {
    nodes.Add: values.add,
    nodes.Sub: values.subtract,
    nodes.Mul: values.multiply,
    nodes.Div: values.divide,
    nodes.FloorDiv: values.floor_divide,
    nodes.Mod: values.modulo,
}
