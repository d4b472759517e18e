"""Loading packs: files read, validated and compiled; everything wrong in one is told with file, line and field."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from policies.pack_compiler import PackCompiler
from policies.pack_file import PackFile
from policies.pack_type import Pack
from policies.yaml_lines import Document, Place, YamlTrouble, parse


class PackError(ValueError):
    """Packs that cannot be used: `problems` are `file:line: field: what is wrong`. For the packs' author."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def load_pack(path: Path) -> Pack:
    """One file's pack. Raises PackError with every problem in it."""
    try:
        source = parse(path.read_text(encoding="utf-8"))
    except YamlTrouble as error:
        raise PackError([f"{path}:{error.line}: {error.what}"]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise PackError([f"{path}:1: this file cannot be read: {error}"]) from error
    try:
        file = PackFile.model_validate(source.data)
    except ValidationError as error:
        raise PackError([_told(path, source, item["loc"], _sentence(item)) for item in error.errors()]) from error
    return _compiled(path, source, file)


def pack_files(directories: Iterable[Path]) -> list[Path]:
    """The pack files of directories, in the order of directories and names. Raises PackError for one that is none."""
    found: list[Path] = []
    for directory in directories:
        if not directory.is_dir():
            raise PackError([f"{directory}:1: this is no directory of packs"])
        found.extend(sorted(path for path in directory.iterdir() if path.suffix in (".yaml", ".yml")))
    return found


def _compiled(path: Path, source: Document, file: PackFile) -> Pack:
    compiler = PackCompiler(file)
    pack = compiler.pack()
    if file.id != path.stem:
        compiler.problems.append((("id",), f"the pack {file.id!r} belongs in a file of that name, not {path.name}"))
    if compiler.problems:
        raise PackError([_told(path, source, place, what) for place, what in compiler.problems])
    return pack


def _told(path: Path, source: Document, place: Place, what: str) -> str:
    field = ".".join(str(step) for step in place)
    return f"{path}:{source.line(place)}: {field}: {what}" if field else f"{path}:{source.line(place)}: {what}"


def _sentence(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such key in a pack"
    if error["type"] == "missing":
        return "this key is required"
    return f"{error['msg']}, not {str(error['input'])[:80]!r}"
