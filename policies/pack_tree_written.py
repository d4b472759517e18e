"""WrittenTrees: trees whose values are written as JSON while they are made. What they say is what `pack_tree` says."""

from typing import Any

from policies import written
from policies.expression_code import Code, Evaluate, called, code, displayed
from policies.expression_values import LIMIT, TooLarge, text
from policies.pack_tree import Trees, named
from policies.written_code import (
    ObjectCode,
    PatchedCode,
    ReadCode,
    WrittenCode,
    list_code,
    raw,
    told_of,
)


class WrittenTrees(Trees):
    """Trees of answers in JSON."""

    def text(self, parts: list[Evaluate]) -> Evaluate:
        return raw(super().text(parts))

    def list_of(self, items: list[Evaluate]) -> Evaluate:
        return list_code(items)

    def object_of(self, fields: dict[str, Evaluate]) -> Evaluate:
        return ObjectCode(fields)

    def _expression(self, source: Any, names: frozenset[str], place: tuple[str | int, ...]) -> Evaluate:
        """What a directive goes by is looked into, also where it is a tree itself."""
        made = super()._expression(source, names, place)
        return ReadCode(made) if isinstance(made, WrittenCode) else made

    def each_of(self, source: Evaluate, name: str, item: Evaluate) -> Evaluate:
        item = told_of(item)

        def each(context: Any, values: Any) -> str:
            made, spent = [], 0
            for _ in named(context, name, values):
                made.append(item(context))
                spent = _weighed(made[-1], spent)
            return f"[{','.join(made)}]"

        return _written(code("{work}(c, {0})", source, work=each))

    def map_of(self, source: Evaluate, name: str, key: Evaluate, value: Evaluate) -> Evaluate:
        value = told_of(value)

        def mapped(context: Any, values: Any) -> str:
            made: dict[str, str] = {}
            spent = 0
            for _ in named(context, name, values):
                at = text(key(context))
                made[at] = value(context)
                spent = _weighed(made[at], spent + len(at))
            return f"{{{','.join([f'{written.quoted(at)}:{told}' for at, told in made.items()])}}}"

        return _written(code("{work}(c, {0})", source, work=mapped))

    def choice(self, test: Evaluate, yes: Evaluate, no: Evaluate) -> Evaluate:
        made = code("({1} if {0} else {2})", test, yes, no)
        if not isinstance(yes, WrittenCode) and not isinstance(no, WrittenCode):
            return made
        return WrittenCode(made, code("({1} if {0} else {2})", test, told_of(yes), told_of(no)))

    def merge_of(self, parts: list[Evaluate]) -> Evaluate:
        if len(parts) == 2 and isinstance(parts[0], PatchedCode) and isinstance(parts[1], ObjectCode):
            return parts[0].under(parts[1])
        return WrittenCode(called(written.merged, displayed(parts)))


def _written(told: Code) -> WrittenCode:
    return WrittenCode(called(written.Written, told), told)


def _weighed(told: str, spent: int) -> int:
    spent += len(told) + 8
    if spent > LIMIT:
        raise TooLarge(f"an answer would be larger than {LIMIT} characters")
    return spent
