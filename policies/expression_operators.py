"""The functions an expression's nodes become, put together from the functions of the nodes inside them.

Here lives what needs no name lookup; which node may stand where is `expression`'s.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from jinja2 import nodes

from policies import expression_values as values
from policies.expression_filters import PREPARED

Evaluate = Callable[[Any], Any]
"""A function of a PackContext."""

VIEW_FIELDS = frozenset(
    {"method", "scheme", "host", "port", "path", "query", "headers", "form", "json", "xml", "text", "data", "args"}
    | {"params", "auth", "typed", "size", "target", "parts"}
)
"""Fields of `req`, of a RequestView."""


class ExpressionError(ValueError):
    """An expression that cannot be used; the message says what is wrong with it. For the pack's author."""


class Constant:
    """The function of a literal: its value never depends on the context."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, _context: Any) -> Any:
        return self.value


def texts(parts: list[Evaluate]) -> Evaluate:
    """A function that joins what `parts` read as."""
    if all(isinstance(part, Constant) for part in parts):
        return Constant(values.joined([values.text(part(None)) for part in parts]))
    return lambda context: values.joined([values.text(part(context)) for part in parts])


def view_field(name: str) -> Evaluate:
    if name not in VIEW_FIELDS:
        raise ExpressionError(f"a request has no {name!r}; it has {', '.join(sorted(VIEW_FIELDS))}")
    return attrgetter(f"req.{name}")


def getter(value: Evaluate, key: Any) -> Evaluate:
    if type(key) is not str:
        return lambda context: values.get(value(context), key)

    def get(context: Any) -> Any:
        held = value(context)
        return held.get(key) if type(held) is dict else None

    return get


def keyed(value: Evaluate, key: Evaluate) -> Evaluate:
    return lambda context: values.get(value(context), key(context))


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
    return lambda context: work(value(context))


def applied(work: Callable[..., Any], value: Evaluate, arguments: list[Evaluate]) -> Evaluate:
    _check_count(work, len(arguments))
    if not arguments:
        return lambda context: work(value(context))
    if len(arguments) == 1:
        only = arguments[0]
        return lambda context: work(value(context), only(context))
    return lambda context: work(value(context), *[argument(context) for argument in arguments])


def _check_count(work: Callable[..., Any], given: int) -> None:
    code = work.__code__
    most = code.co_argcount - 1
    least = most - len(work.__defaults__ or ())
    if given < least or (given > most and not code.co_flags & 0x04):
        raise ExpressionError(f"{work.__name__} takes {least} to {most} arguments, not {given}")


def lacks(left: Any, right: Any) -> bool:
    """`left not in right`."""
    return not values.contains(right, left)


COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "lt": values.less,
    "gt": lambda left, right: values.less(right, left),
    "lteq": lambda left, right: values.less(left, right) or left == right,
    "gteq": lambda left, right: values.less(right, left) or left == right,
    "in": lambda left, right: values.contains(right, left),
}

ARITHMETIC: dict[type[nodes.Node], Callable[[Any, Any], Any]] = {
    nodes.Add: values.add,
    nodes.Sub: values.subtract,
    nodes.Mul: values.multiply,
    nodes.Div: values.divide,
    nodes.FloorDiv: values.floor_divide,
    nodes.Mod: values.modulo,
}
