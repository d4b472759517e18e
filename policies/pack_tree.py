"""Trees: the bodies of answers, written as YAML with `${expressions}` in its texts, made into functions of a context.

A text that is one expression keeps its type. Parts without expressions are made once, at load. Directives are mappings:
`{$each: list, $as: name, $do: tree}` a list; `{$map: list, $as: name, $key: expression, $value: tree}` an object;
`{$if: condition, $then: tree, $else: tree}`; `{$merge: [trees]}` later keys win, nulls merge nothing; `{$shape: name}`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from policies.expression import compile_expression
from policies.expression_code import Writer, called, code, displayed
from policies.expression_collections import aslist
from policies.expression_operators import Constant, Evaluate, ExpressionError, texts
from policies.expression_values import TooLarge, text, weight

MOST_ITEMS = 10_000
"""Items `$each` and `$map` make of one list."""
_DIRECTIVES: dict[str, frozenset[str]] = {
    "$each": frozenset({"$each", "$as", "$do"}),
    "$map": frozenset({"$map", "$as", "$key", "$value"}),
    "$if": frozenset({"$if", "$then", "$else"}),
    "$merge": frozenset({"$merge"}),
    "$shape": frozenset({"$shape"}),
}


class TreeError(ValueError):
    """A tree that cannot be made; `place` leads to the part at fault. For the pack's author."""

    def __init__(self, place: tuple[str | int, ...], what: str) -> None:
        super().__init__(what)
        self.place = place


class Trees:
    """Compiles the trees of one pack, which may name its shapes."""

    def __init__(self, shapes: Mapping[str, Any]) -> None:
        self._shapes = shapes
        self._made: dict[tuple[str, frozenset[str]], Evaluate] = {}
        self._open: list[str] = []

    def compile(self, tree: Any, names: frozenset[str], place: tuple[str | int, ...] = ()) -> Evaluate:
        """A function of a context giving JSON-shaped data. Raises TreeError."""
        if isinstance(tree, str):
            return self._text(tree, names, place)
        if isinstance(tree, list):
            return self._list([self.compile(item, names, (*place, at)) for at, item in enumerate(tree)])
        if isinstance(tree, dict):
            directive = next((str(key) for key in tree if str(key).startswith("$")), None)
            return self._object(tree, names, place) if directive is None else self._directive(tree, names, place)
        return Constant(tree)

    def _text(self, tree: str, names: frozenset[str], place: tuple[str | int, ...]) -> Evaluate:
        try:
            parts = [
                compile_expression(part, names) if is_code else Constant(part) for is_code, part in split_text(tree)
            ]
            return parts[0] if len(parts) == 1 else texts(parts)
        except ExpressionError as error:
            raise TreeError(place, str(error)) from error

    @staticmethod
    def _list(items: list[Evaluate]) -> Evaluate:
        if all(isinstance(item, Constant) for item in items):
            return Constant([item(None) for item in items])
        return displayed(items)

    def _object(self, tree: dict[Any, Any], names: frozenset[str], place: tuple[str | int, ...]) -> Evaluate:
        fields = {str(key): self.compile(value, names, (*place, str(key))) for key, value in tree.items()}
        # Constants are laid down once, with every key in its place; only the rest is computed for each answer.
        laid = {key: field.value if isinstance(field, Constant) else None for key, field in fields.items()}
        moving = [(key, field) for key, field in fields.items() if not isinstance(field, Constant)]
        if not moving:
            return Constant(laid)

        writer = Writer()
        pairs = ", ".join([f"{key!r}: {writer.part(field)}" for key, field in moving])
        return writer.code(f"{{**{writer.hold(laid)}, {pairs}}}")

    def _directive(self, tree: dict[Any, Any], names: frozenset[str], place: tuple[str | int, ...]) -> Evaluate:
        for name, allowed in _DIRECTIVES.items():
            if name in tree:
                if not tree.keys() <= allowed:
                    raise TreeError(
                        place, f"{name} stands with {', '.join(sorted(allowed))} only, not with {list(tree)}"
                    )
                return getattr(self, f"_{name[1:]}")(tree, names, place)  # type: ignore[no-any-return]  # one of these
        raise TreeError(place, f"there is no directive {', '.join(_unknown(tree))}; there are {', '.join(_DIRECTIVES)}")

    def _expression(self, source: Any, names: frozenset[str], place: tuple[str | int, ...]) -> Evaluate:
        if not isinstance(source, str):
            return self.compile(source, names, place)
        bare = source[2:-1] if source.startswith("${") and source.endswith("}") else source
        try:
            return compile_expression(bare, names)
        except ExpressionError as error:
            raise TreeError(place, str(error)) from error

    def _each(self, tree: dict[str, Any], names: frozenset[str], place: tuple[str | int, ...]) -> Evaluate:
        name = str(tree.get("$as", "item"))
        source = self._expression(tree["$each"], names, (*place, "$each"))
        item = self.compile(tree.get("$do"), names | {name}, (*place, "$do"))

        def each(context: Any, values: Any) -> list[Any]:
            made, spent = [], 0
            for index, value in enumerate(bounded(values)):
                context.i, context.names[name] = index, value
                made.append(item(context))
                spent = weight(made[-1], spent)
            return made

        return code("{work}(c, {0})", source, work=each)

    def _map(self, tree: dict[str, Any], names: frozenset[str], place: tuple[str | int, ...]) -> Evaluate:
        name = str(tree.get("$as", "item"))
        source = self._expression(tree["$map"], names, (*place, "$map"))
        key = self._expression(tree.get("$key"), names | {name}, (*place, "$key"))
        value = self.compile(tree.get("$value"), names | {name}, (*place, "$value"))

        def mapped(context: Any, values: Any) -> dict[str, Any]:
            made: dict[str, Any] = {}
            spent = 0
            for index, item in enumerate(bounded(values)):
                context.i, context.names[name] = index, item
                at = text(key(context))
                made[at] = value(context)
                spent = weight(made[at], spent + len(at))
            return made

        return code("{work}(c, {0})", source, work=mapped)

    def _if(self, tree: dict[str, Any], names: frozenset[str], place: tuple[str | int, ...]) -> Evaluate:
        test = self._expression(tree["$if"], names, (*place, "$if"))
        yes = self.compile(tree.get("$then"), names, (*place, "$then"))
        no = self.compile(tree.get("$else"), names, (*place, "$else"))
        return code("({1} if {0} else {2})", test, yes, no)

    def _merge(self, tree: dict[str, Any], names: frozenset[str], place: tuple[str | int, ...]) -> Evaluate:
        if not isinstance(tree["$merge"], list):
            raise TreeError(place, "$merge takes a list of trees")
        parts = [self.compile(part, names, (*place, "$merge", at)) for at, part in enumerate(tree["$merge"])]
        return called(_merged, displayed(parts))

    def _shape(self, tree: dict[str, Any], names: frozenset[str], place: tuple[str | int, ...]) -> Evaluate:
        name = tree["$shape"]
        if name not in self._shapes:
            raise TreeError(place, f"there is no shape {name!r}; there are {', '.join(sorted(self._shapes))}")
        if name in self._open:
            raise TreeError(place, f"the shape {name!r} holds itself")
        made = self._made.get((name, names))
        if made is None:
            self._open.append(name)
            try:
                made = self._made[name, names] = self.compile(self._shapes[name], names, place)
            finally:
                self._open.pop()
        return made


def _merged(values: Iterable[Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for value in values:
        if isinstance(value, dict):
            made.update(value)
    return made


def _unknown(tree: dict[Any, Any]) -> list[str]:
    known = frozenset().union(*_DIRECTIVES.values())
    return [str(key) for key in tree if key not in known] or sorted(map(str, tree))


def bounded(value: Any) -> list[Any]:
    items = aslist(value)
    if len(items) > MOST_ITEMS:
        raise TooLarge(f"a list of {len(items)} items; at most {MOST_ITEMS} are answered one by one")
    return items


def split_text(source: str) -> list[tuple[bool, str]]:
    """`"a ${b} c"` as `[(False, "a "), (True, "b"), (False, " c")]`. Braces inside an expression may nest."""
    parts: list[tuple[bool, str]] = []
    at = 0
    while (start := source.find("${", at)) >= 0:
        end = _closing(source, start + 2)
        if start > at:
            parts.append((False, source[at:start]))
        parts.append((True, source[start + 2 : end]))
        at = end + 1
    if at < len(source) or not parts:
        parts.append((False, source[at:]))
    return parts


def _closing(source: str, at: int) -> int:
    depth, quote = 0, ""
    for index in range(at, len(source)):
        letter = source[index]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == "{":
            depth += 1
        elif letter == "}":
            if depth == 0:
                return index
            depth -= 1
    raise ExpressionError(f"the ${{ in {source!r} is not closed")
