"""Trees: the bodies of answers, written as YAML with `${expressions}` in its texts, made into functions of a context.

A text that is one expression keeps its type. Parts without expressions are made once, at load. Directives are mappings:
`{$each: list, $as: name, $do: tree}` a list; `{$map: list, $as: name, $key: expression, $value: tree}` an object;
`{$if: condition, $then: tree, $else: tree}`; `{$merge: [trees]}` later keys win, nulls merge nothing; `{$shape: name}`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policies.expression import compile_expression
from policies.expression_code import Writer, called, code, displayed
from policies.expression_collections import aslist
from policies.expression_operators import Constant, Evaluate, ExpressionError, texts
from policies.expression_values import TooLarge, text, weight
from policies.text_parts import split_text

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
        self._fields: dict[Evaluate, dict[str, Evaluate]] = {}
        """Of objects whose keys are known, what they were made of."""
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
            return self.text(
                [compile_expression(part, names) if is_code else Constant(part) for is_code, part in split_text(tree)]
            )
        except ExpressionError as error:
            raise TreeError(place, str(error)) from error

    def text(self, parts: list[Evaluate]) -> Evaluate:
        """One part as it is, several as the text they make together."""
        return parts[0] if len(parts) == 1 else texts(parts)

    def _list(self, items: list[Evaluate]) -> Evaluate:
        if all(isinstance(item, Constant) for item in items):
            return Constant([item(None) for item in items])
        return self.list_of(items)

    def list_of(self, items: list[Evaluate]) -> Evaluate:
        """A list some of whose items are computed."""
        return displayed(items)

    def _object(self, tree: dict[Any, Any], names: frozenset[str], place: tuple[str | int, ...]) -> Evaluate:
        return self._laid({str(key): self.compile(value, names, (*place, str(key))) for key, value in tree.items()})

    def _laid(self, fields: dict[str, Evaluate]) -> Evaluate:
        if all(isinstance(field, Constant) for field in fields.values()):
            return Constant({key: field(None) for key, field in fields.items()})
        made = self.object_of(fields)
        self._fields[made] = fields
        return made

    def object_of(self, fields: dict[str, Evaluate]) -> Evaluate:
        """An object some of whose values are computed."""
        # Constants are laid down once, with every key in its place; only the rest is computed for each answer.
        laid = {key: field.value if isinstance(field, Constant) else None for key, field in fields.items()}
        moving = [(key, field) for key, field in fields.items() if not isinstance(field, Constant)]
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
        return self.each_of(source, name, self.compile(tree.get("$do"), names | {name}, (*place, "$do")))

    def each_of(self, source: Evaluate, name: str, item: Evaluate) -> Evaluate:
        """A list of what `item` gives for each value of a list."""

        def each(context: Any, values: Any) -> list[Any]:
            made, spent = [], 0
            for _ in named(context, name, values):
                made.append(item(context))
                spent = weight(made[-1], spent)
            return made

        return code("{work}(c, {0})", source, work=each)

    def _map(self, tree: dict[str, Any], names: frozenset[str], place: tuple[str | int, ...]) -> Evaluate:
        name = str(tree.get("$as", "item"))
        source = self._expression(tree["$map"], names, (*place, "$map"))
        key = self._expression(tree.get("$key"), names | {name}, (*place, "$key"))
        value = self.compile(tree.get("$value"), names | {name}, (*place, "$value"))
        return self.map_of(source, name, key, value)

    def map_of(self, source: Evaluate, name: str, key: Evaluate, value: Evaluate) -> Evaluate:
        """An object of what `key` and `value` give for each value of a list."""

        def mapped(context: Any, values: Any) -> dict[str, Any]:
            made: dict[str, Any] = {}
            spent = 0
            for _ in named(context, name, values):
                at = text(key(context))
                made[at] = value(context)
                spent = weight(made[at], spent + len(at))
            return made

        return code("{work}(c, {0})", source, work=mapped)

    def _if(self, tree: dict[str, Any], names: frozenset[str], place: tuple[str | int, ...]) -> Evaluate:
        test = self._expression(tree["$if"], names, (*place, "$if"))
        yes = self.compile(tree.get("$then"), names, (*place, "$then"))
        no = self.compile(tree.get("$else"), names, (*place, "$else"))
        return self.choice(test, yes, no)

    def choice(self, test: Evaluate, yes: Evaluate, no: Evaluate) -> Evaluate:
        """One of two."""
        return code("({1} if {0} else {2})", test, yes, no)

    def _merge(self, tree: dict[str, Any], names: frozenset[str], place: tuple[str | int, ...]) -> Evaluate:
        if not isinstance(tree["$merge"], list):
            raise TreeError(place, "$merge takes a list of trees")
        parts = [self.compile(part, names, (*place, "$merge", at)) for at, part in enumerate(tree["$merge"])]
        folded = self._folded(parts)
        return folded[0] if len(folded) == 1 and self._known(folded[0]) is not None else self.merge_of(folded)

    def merge_of(self, parts: list[Evaluate]) -> Evaluate:
        """One object of several."""
        return called(_merged, displayed(parts))

    def _folded(self, parts: list[Evaluate]) -> list[Evaluate]:
        """Neighbours whose keys are all known made one, so that what a later one says is not computed twice."""
        folded: list[Evaluate] = []
        for part in parts:
            before, fields = self._known(folded[-1]) if folded else None, self._known(part)
            if before is None or fields is None:
                folded.append(part)
            else:
                folded[-1] = self._laid({**before, **fields})
        return folded

    def _known(self, part: Evaluate) -> dict[str, Evaluate] | None:
        if isinstance(part, Constant) and isinstance(part.value, dict):
            return {key: Constant(value) for key, value in part.value.items()}
        return self._fields.get(part)

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


def named(context: Any, name: str, values: Any) -> Iterator[Any]:
    """Each item of a list, under its name and with its number as `i`. Raises TooLarge where there are too many."""
    for index, value in enumerate(bounded(values)):
        context.i, context.names[name] = index, value
        yield value


def bounded(value: Any) -> list[Any]:
    items = aslist(value)
    if len(items) > MOST_ITEMS:
        raise TooLarge(f"a list of {len(items)} items; at most {MOST_ITEMS} are answered one by one")
    return items
