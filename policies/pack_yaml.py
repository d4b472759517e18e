"""YAML of a pack: plain data, the line each value stands on, and no key given twice."""

from pathlib import Path
from typing import Any

import yaml

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where it was built in: ten times as fast, and packs are read at every start."""

Place = tuple[str | int, ...]
MOST_NODES = 100_000
"""Values in one file, aliases counted each time they are used."""


class YamlError(ValueError):
    """A file that is no YAML a pack may be written in; `line` is where."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


class PackYaml:
    """A file's data, and its lines."""

    def __init__(self, data: Any, lines: dict[Place, int]) -> None:
        self.data = data
        self._lines = lines

    def line(self, place: Place) -> int:
        """The line of a value, or of the nearest value around it that is written."""
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 1)


def read_pack_yaml(path: Path) -> PackYaml:
    """Raises YamlError, and OSError where the file cannot be read."""
    loader = Loader(path.read_text(encoding="utf-8"))
    try:
        node = loader.get_single_node()
        if node is None:
            raise YamlError(1, "the file is empty")
        lines: dict[Place, int] = {}
        _walk(node, (), lines)
        return PackYaml(loader.construct_document(node), lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(mark.line + 1 if mark else 1, f"this is no YAML: {error.problem}") from error
    finally:
        loader.dispose()


def _walk(node: yaml.Node, place: Place, lines: dict[Place, int]) -> None:
    if len(lines) > MOST_NODES:
        raise YamlError(1, f"the file holds more than {MOST_NODES} values")
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*place, index), lines)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = key.value
            if (*place, name) in lines:
                line = key.start_mark.line + 1
                raise YamlError(line, f"{name!r} is given twice, first on line {lines[(*place, name)]}")
            _walk(value, (*place, name), lines)
