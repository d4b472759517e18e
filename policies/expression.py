"""Expressions: Jinja2's expression language, parsed by Jinja2 at load and made into one function of a context each.

Jinja's own run time is not used. Only the kinds of node listed in `_Compiler._kinds` exist here, so nothing but
JSON-shaped data, the operators of `expression_values` and the filters of `expression_filters` can be reached: no
attribute, no method, no call but that of a named generator. There are no loops, no powers and no repeated texts, so
that work and size stay bounded by the request and the pack. A name, field, filter or test that does not exist is an
error at load, never null at run time.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from policies import expression_values as values
from policies.expression_code import Writer, called, code, displayed
from policies.expression_filters import FILTERS, PREPARED, TESTS
from policies.expression_operators import (
    ARITHMETIC,
    COMPARISONS,
    EQUALITIES,
    Constant,
    Evaluate,
    ExpressionError,
    applied,
    cut_out,
    getter,
    is_within,
    keyed,
    lacks,
    literal,
    plain_arguments,
    prepared,
    texts,
    view_field,
)
from policies.written_code import LETS, ReadCode, choice, let, root, safe_code, truth

ROOTS = frozenset({"x", "obj", "objs", "now", "iso", "iso_ms", "rfc2822", "reason", "capture", "out", "i"})
"""Names that stand for a context's value of the same name."""

GENERATORS = frozenset({"hex", "b62", "digits", "upper", "uuid"})
"""Kinds of made-up identifier: `gen.hex(24)`."""

_ENVIRONMENT = Environment(autoescape=False)  # noqa: S701 # parses expressions only; no template is ever rendered
_NO_NAMES: frozenset[str] = frozenset()


@lru_cache(maxsize=2048)
def compile_expression(source: str, names: frozenset[str] = _NO_NAMES) -> Evaluate:
    """A function of a context. `names` are the loop names and `var.<name>`s that exist where the expression stands.

    Raises ExpressionError naming the expression. The same for whoever asks again, as seven in ten of the packs' do.
    """
    return _Compiler(names).compile(source)


@lru_cache(maxsize=1024)
def _parsed(source: str) -> nodes.Expr:
    """Its nodes, which nobody changes. Of the packs' expressions four in five stand in them more than once."""
    parser = Parser(_ENVIRONMENT, source, state="variable")
    expression = parser.parse_expression()
    if not parser.stream.eos:
        raise ExpressionError(f"{source!r} does not end where its expression ends")
    return expression


class _Compiler:
    """Turns one expression's nodes into functions, innermost first."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def compile(self, source: str) -> Evaluate:
        try:
            return self._node(_parsed(source))
        except TemplateSyntaxError as error:
            raise ExpressionError(f"{source!r} is no expression: {error.message}") from error
        except ExpressionError as error:
            raise ExpressionError(f"{error} (in {source!r})") from error
        except RecursionError as error:
            raise ExpressionError(f"{source[:80]!r}... is nested too deeply") from error

    def _node(self, node: nodes.Node) -> Evaluate:
        kind = self._kinds.get(type(node))
        if kind is None:
            raise ExpressionError(f"{type(node).__name__.lower()} is not part of the expression language")
        return kind(self, node)

    def _const(self, node: nodes.Const) -> Evaluate:
        return Constant(node.value)

    def _name(self, node: nodes.Name) -> Evaluate:
        if node.name in self._names:
            return code("c.names.get({0})", Constant(node.name))
        if node.name in ROOTS:
            return root(node.name)
        known = ", ".join(sorted({"req", "var", "gen", *ROOTS, *(n for n in self._names if "." not in n)}))
        raise ExpressionError(f"there is no value called {node.name!r} here; there are {known}")

    def _getattr(self, node: nodes.Getattr) -> Evaluate:
        if isinstance(node.node, nodes.Name):
            if node.node.name == "req":
                return view_field(node.attr)
            if node.node.name == "var":
                return self._variable(node.attr)
        return getter(self._node(node.node), node.attr)

    def _variable(self, name: str) -> Evaluate:
        for kind in LETS:
            if f"{kind}.{name}" in self._names:
                return let(kind, name)
        raise ExpressionError(f"there is no var.{name}; `let` makes one")

    def _getitem(self, node: nodes.Getitem) -> Evaluate:
        value = self._node(node.node)
        if isinstance(node.arg, nodes.Slice):
            return self._piece(value, node.arg)
        key = self._node(node.arg)
        return getter(value, key.value) if isinstance(key, Constant) else keyed(value, key)

    def _piece(self, value: Evaluate, cut: nodes.Slice) -> Evaluate:
        start, stop, step = (
            Constant(None) if part is None else self._node(part) for part in (cut.start, cut.stop, cut.step)
        )
        return cut_out(value, start, stop, step)

    def _call(self, node: nodes.Call) -> Evaluate:
        target = node.node
        if (
            not isinstance(target, nodes.Getattr)
            or not isinstance(target.node, nodes.Name)
            or target.node.name != "gen"
        ):
            raise ExpressionError(
                "only gen.hex(n), gen.b62(n), gen.digits(n), gen.upper(n) and gen.uuid() can be called"
            )
        if target.attr not in GENERATORS:
            raise ExpressionError(f"there is no generator gen.{target.attr}; there are {', '.join(sorted(GENERATORS))}")
        arguments = [literal(argument, f"gen.{target.attr}") for argument in plain_arguments(node)]
        if target.attr == "uuid":
            return safe_code("c.gen.uuid()")
        if len(arguments) != 1 or type(arguments[0]) is not int or not 0 < arguments[0] <= 200:
            raise ExpressionError(f"gen.{target.attr} takes one length from 1 to 200")
        return safe_code(f"c.gen.{target.attr}({arguments[0]})")

    def _filter(self, node: nodes.Filter) -> Evaluate:
        if node.node is None:
            raise ExpressionError(f"the filter {node.name} has nothing to work on")
        value, arguments = self._node(node.node), plain_arguments(node)
        if node.name in PREPARED:
            return prepared(node.name, value, arguments)
        if node.name not in FILTERS:
            raise ExpressionError(
                f"there is no filter {node.name!r}; there are {', '.join(sorted([*FILTERS, *PREPARED]))}"
            )
        given = [self._node(argument) for argument in arguments]
        if node.name == "patched" and isinstance(value, ReadCode) and len(given) == 1:
            return value.patched(given[0])
        return applied(FILTERS[node.name], value, given)

    def _test(self, node: nodes.Test) -> Evaluate:
        if node.name not in TESTS:
            raise ExpressionError(f"there is no test {node.name!r}; there are {', '.join(sorted(TESTS))}")
        arguments = [self._node(argument) for argument in plain_arguments(node)]
        return applied(TESTS[node.name], self._node(node.node), arguments)

    def _condition(self, node: nodes.CondExpr) -> Evaluate:
        test, yes = self._node(node.test), self._node(node.expr1)
        no = Constant(None) if node.expr2 is None else self._node(node.expr2)
        return choice(test, yes, no)

    def _compare(self, node: nodes.Compare) -> Evaluate:
        if len(node.ops) != 1:
            raise ExpressionError("a comparison has two sides; join several with `and`")
        left, right = self._node(node.expr), self._node(node.ops[0].expr)
        operator = node.ops[0].op
        if operator in EQUALITIES:
            return truth(code(f"({{0}} {EQUALITIES[operator]} {{1}})", left, right))
        if operator == "in":
            return is_within(left, right)
        # The one operator of Jinja that is not listed is `not in`.
        return called(COMPARISONS.get(operator, lacks), left, right)

    def _and(self, node: nodes.And) -> Evaluate:
        left, right = self._node(node.left), self._node(node.right)
        return code("({0} and {1})", left, right)

    def _or(self, node: nodes.Or) -> Evaluate:
        left, right = self._node(node.left), self._node(node.right)
        return code("({0} or {1})", left, right)

    def _not(self, node: nodes.Not) -> Evaluate:
        value = self._node(node.node)
        return truth(code("(not {0})", value))

    def _negative(self, node: nodes.Neg) -> Evaluate:
        value = self._node(node.node)
        if isinstance(value, Constant):
            return Constant(values.negative(value.value))
        return called(values.negative, value)

    def _positive(self, node: nodes.Pos) -> Evaluate:
        return self._node(node.node)

    def _binary(self, node: nodes.BinExpr) -> Evaluate:
        work, left, right = ARITHMETIC[type(node)], self._node(node.left), self._node(node.right)
        return called(work, left, right)

    def _concat(self, node: nodes.Concat) -> Evaluate:
        return texts([self._node(part) for part in node.nodes])

    def _list(self, node: nodes.List | nodes.Tuple) -> Evaluate:
        items = [self._node(item) for item in node.items]
        if all(isinstance(item, Constant) for item in items):
            return Constant([item(None) for item in items])
        return displayed(items)

    def _dict(self, node: nodes.Dict) -> Evaluate:
        pairs = [(self._node(pair.key), self._node(pair.value)) for pair in node.items]
        writer = Writer()
        read = writer.hold(values.text)
        return writer.code(
            "{" + ", ".join([f"{read}({writer.part(key)}): {writer.part(value)}" for key, value in pairs]) + "}"
        )

    _kinds: ClassVar[dict[type[nodes.Node], Callable[["_Compiler", Any], Evaluate]]] = {
        nodes.Const: _const,
        nodes.Name: _name,
        nodes.Getattr: _getattr,
        nodes.Getitem: _getitem,
        nodes.Call: _call,
        nodes.Filter: _filter,
        nodes.Test: _test,
        nodes.CondExpr: _condition,
        nodes.Compare: _compare,
        nodes.And: _and,
        nodes.Or: _or,
        nodes.Not: _not,
        nodes.Neg: _negative,
        nodes.Pos: _positive,
        nodes.Concat: _concat,
        nodes.List: _list,
        nodes.Tuple: _list,
        nodes.Dict: _dict,
        **dict.fromkeys(ARITHMETIC, _binary),
    }
