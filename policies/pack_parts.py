"""PartCompiler: expressions, trees and answers of one pack's file compiled, every problem noted with its place."""

from collections.abc import Callable
from typing import Any, TypeVar

import re2

from policies.answer_code import AnswerCode
from policies.expression import compile_expression
from policies.expression_operators import Constant, Evaluate, ExpressionError
from policies.operation_index import TemplateError
from policies.pack_file import ResponseEntry
from policies.pack_hosts import HostPatternError
from policies.pack_response import CONTENT_TYPES, BodyForm, Response
from policies.pack_tree import TreeError, Trees
from policies.written_code import kind_of
from policies.yaml_lines import Place

Made = TypeVar("Made")
NOTHING: Evaluate = Constant(None)
NO_NAMES: frozenset[str] = frozenset()


class PartCompiler:
    """Goes on after a problem, so that an author sees everything at once."""

    def __init__(self, trees: Trees, answers: Trees | None = None) -> None:
        self._trees = trees
        self._answers = trees if answers is None else answers
        """What answers in JSON are made by."""
        self.problems: list[tuple[Place, str]] = []

    def tried(self, place: Place, work: Callable[[], Made], otherwise: Made) -> Made:
        """What `work` makes, or `otherwise` with its problem noted."""
        try:
            return work()
        except TreeError as error:
            self.problems.append(((*place, *error.place), str(error)))
        except (ExpressionError, HostPatternError, TemplateError, re2.error) as error:
            self.problems.append((place, str(error)))
        return otherwise

    def expression(self, source: str, place: Place, names: frozenset[str] = NO_NAMES) -> Evaluate:
        return self.tried(place, lambda: compile_expression(source, names), NOTHING)

    def condition(self, source: str | None, place: Place, names: frozenset[str] = NO_NAMES) -> Evaluate | None:
        return None if source is None else self.expression(source, place, names)

    def tree(self, tree: Any, place: Place, names: frozenset[str] = NO_NAMES, trees: Trees | None = None) -> Evaluate:
        return self.tried(place, lambda: (trees or self._trees).compile(tree, names), NOTHING)

    def response(self, entry: ResponseEntry, place: Place) -> Response:
        names: frozenset[str] = NO_NAMES
        lets: list[tuple[str, Evaluate]] = []
        trees = self._answers if "json_" in entry.model_fields_set else self._trees
        for name, tree in entry.let.items():
            made = self.tree(tree, (*place, "let", name), names, trees)
            lets.append((f"{kind_of(made)}.{name}", made))
            names |= {lets[-1][0]}
        form, body = self._body(entry, place, names)
        headers = {name.lower(): made for name, made in entry.headers.items()}
        if form != "empty":
            headers.setdefault("content-type", CONTENT_TYPES[form])
        told = [(n, self.tree(made, (*place, "headers", n), names)) for n, made in headers.items()]
        status = self.tree(entry.status, (*place, "status"), names)
        when = self.condition(entry.when, (*place, "when"))
        return Response(when, status, AnswerCode(lets, status, told, body), form, names)

    def _body(self, entry: ResponseEntry, place: Place, names: frozenset[str]) -> tuple[BodyForm, Evaluate]:
        given = {form: tree for form, tree in _forms(entry).items() if tree is not None}
        if "json_" in entry.model_fields_set:
            given["json"] = entry.json_
        if len(given) > 1:
            self.problems.append((place, f"an answer has one body, not {' and '.join(given)}"))
        for form, tree in given.items():
            trees = self._answers if form == "json" else self._trees
            return form, self.tree(list(tree) if form == "sse" else tree, (*place, form), names, trees)
        return "empty", NOTHING


def _forms(entry: ResponseEntry) -> dict[BodyForm, Any]:
    return {"xml": entry.xml, "text": entry.text, "sse": entry.sse}
