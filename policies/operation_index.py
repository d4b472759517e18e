"""OperationIndex: which operations a method and path could be, by a tree of path segments.

Templates: `/v1/customers/{id}`, `/Messages/{sid}.json` (part of a segment), `/{key+}` (all that is left, also slashes).
A written segment comes before a partly written one, that before a parameter, that before a rest; then the file's order.
A slash at the end is ignored.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from policies.operation import Operation

_PARAMETER = re.compile(r"\{([a-zA-Z_][a-zA-Z0-9_]*)(\+?)\}")
Found = tuple[Operation, dict[str, str]]


class TemplateError(ValueError):
    """A path template that cannot be used. For the pack's author."""


class _Node:
    """What may follow a run of segments."""

    __slots__ = ("affixed", "ends", "literal", "parameter", "rests")

    def __init__(self) -> None:
        self.literal: dict[str, _Node] = {}
        self.affixed: dict[tuple[str, str], _Node] = {}
        self.parameter: _Node | None = None
        self.ends: list[tuple[Operation, tuple[str, ...]]] = []
        self.rests: list[tuple[Operation, tuple[str, ...]]] = []


class OperationIndex:
    """The operations of one pack."""

    def __init__(self) -> None:
        self._methods: dict[str, _Node] = {}
        self._written: dict[tuple[str, str], list[Operation]] = {}
        """Operations whose path has no parameter, found without a walk."""
        self._all: dict[int, Operation] = {}

    def __iter__(self) -> Iterator[Operation]:
        """Each once, in the file's order."""
        return iter(self._all.values())

    def add(self, method: str, template: str, operation: Operation) -> None:
        """Raises TemplateError."""
        if not template.startswith("/"):
            raise TemplateError(f"the path {template!r} does not begin with a slash")
        self._all.setdefault(id(operation), operation)
        if "{" not in template:
            self._written.setdefault((method, template), []).append(operation)
        node = self._methods.setdefault(method, _Node())
        names: list[str] = []
        segments = _segments(template)
        for position, segment in enumerate(segments):
            whole = _PARAMETER.fullmatch(segment)
            if whole and whole.group(2):
                if position != len(segments) - 1:
                    raise TemplateError(f"the path {template!r} goes on after {segment}, which takes all that is left")
                node.rests.append((operation, (*names, whole.group(1))))
                return
            node = _step(node, segment, template, names)
        node.ends.append((operation, tuple(names)))

    def find(self, method: str, path: str) -> Iterator[Found]:
        """Operations that fit, best first, each with its path parameters decoded. A HEAD without its own is a GET.

        One that was turned down may come again.
        """
        for operation in self._written.get((method, path), ()):
            yield operation, {}
        segments = _segments(path)
        ending = "/" if path.endswith("/") and segments else ""
        for name in (method, "GET", "*") if method == "HEAD" else (method, "*"):
            node = self._methods.get(name)
            if node is not None:
                for operation, names, values in _walk(node, segments, 0, (), ending):
                    yield operation, dict(zip(names, map(_decoded, values), strict=True))


def _segments(path: str) -> list[str]:
    """`/a/b/` as `["a", "b"]`, `/` as none."""
    trimmed = path[1:-1] if path.endswith("/") else path[1:]
    return trimmed.split("/") if trimmed else []


def _step(node: _Node, segment: str, template: str, names: list[str]) -> _Node:
    parameters = list(_PARAMETER.finditer(segment))
    if not parameters:
        if "{" in segment or "}" in segment:
            raise TemplateError(f"the path {template!r} has a parameter that is no {{name}}: {segment}")
        return node.literal.setdefault(segment, _Node())
    if len(parameters) > 1 or parameters[0].group(2):
        raise TemplateError(f"the path {template!r} has a segment of more than one {{name}}: {segment}")
    names.append(parameters[0].group(1))
    prefix, suffix = segment[: parameters[0].start()], segment[parameters[0].end() :]
    if prefix or suffix:
        return node.affixed.setdefault((prefix, suffix), _Node())
    if node.parameter is None:
        node.parameter = _Node()
    return node.parameter


def _walk(
    node: _Node, segments: list[str], at: int, values: tuple[str, ...], ending: str
) -> Iterator[tuple[Operation, tuple[str, ...], tuple[str, ...]]]:
    if at == len(segments):
        for operation, names in node.ends:
            yield operation, names, values
        return
    segment = segments[at]
    below = node.literal.get(segment)
    if below is not None:
        yield from _walk(below, segments, at + 1, values, ending)
    for (prefix, suffix), under in node.affixed.items():
        if len(segment) > len(prefix) + len(suffix) and segment.startswith(prefix) and segment.endswith(suffix):
            value = segment[len(prefix) : len(segment) - len(suffix)]
            yield from _walk(under, segments, at + 1, (*values, value), ending)
    if node.parameter is not None:
        yield from _walk(node.parameter, segments, at + 1, (*values, segment), ending)
    for operation, names in node.rests:
        yield operation, names, (*values, "/".join(segments[at:]) + ending)


def _decoded(value: str) -> str:
    return unquote(value) if "%" in value else value
