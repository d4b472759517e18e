"""PowerDisk: what a disk may hold once its power failed, by what was written to it and what was synced.

As little is sure as POSIX says: a file's octets by a sync of the file, the names in a folder by a sync of the folder.
Of all else each write, each page of it and each name may be there or not, whatever came before it or after.
"""

import os
import random
from dataclasses import dataclass, field
from pathlib import Path

from power_trace import NAMES, SIZES, SYNCS, UNKNOWN, WRITES, Call

SECTOR = 512


@dataclass(frozen=True, slots=True)
class Change:
    """Octets put at an offset, or (`data` is None) an end set there."""

    ended: int
    at: int
    data: bytes | None


@dataclass(slots=True, eq=False)
class File:
    """What is sure of it, and what came since."""

    sure: bytearray = field(default_factory=bytearray)
    since: list[Change] = field(default_factory=list)
    size: int = 0

    def sync(self, begun: int) -> None:
        for change in self.since:
            if change.ended < begun:
                _apply(self.sure, change.at, change.data)
        self.since = [change for change in self.since if change.ended >= begun]


@dataclass(slots=True, eq=False)
class Folder:
    """What is sure of its names, and what came since: (when, name, what it leads to)."""

    sure: "dict[str, Node]" = field(default_factory=dict)
    since: "list[tuple[int, str, Node | None]]" = field(default_factory=list)
    now: "dict[str, Node]" = field(default_factory=dict)

    def name(self, ended: int, name: str, node: "Node | None") -> None:
        self.since.append((ended, name, node))
        _set(self.now, name, node)

    def sync(self, begun: int) -> None:
        for ended, name, node in self.since:
            if ended < begun:
                _set(self.sure, name, node)
        self.since = [one for one in self.since if one[0] >= begun]


Node = File | Folder


class PowerDisk:
    """One folder that was there and empty, and all that calls have made in it since."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._top = Folder()
        self._gone: dict[Path, Node] = {}
        """What a path led to last that leads to nothing now: it may still be open."""
        self._places: dict[tuple[int, int], int] = {}
        """Where the next octets go, by descriptor and file."""

    def do(self, call: Call) -> bool:
        """What a call does; whether it was to this disk at all."""
        if call.name in ("open", "openat", "creat"):
            return "O_CREAT" in call.flags and self._open(call)
        if call.name in NAMES:
            return self._names(call)
        path = call.names[0] if call.name == "truncate" else call.path
        if path is None or not path.is_relative_to(self.root):
            return False
        assert call.name not in UNKNOWN, f"{call.name} of {path} is not understood"
        return self._within(call, self._node(path))

    def _within(self, call: Call, node: Node | None) -> bool:
        if call.name in SYNCS and node is not None:
            node.sync(call.begun)
        elif call.name in WRITES and isinstance(node, File):
            self._write(call, node)
        elif call.name in SIZES and isinstance(node, File):
            self._resize(call, node)
        else:
            return False
        return True

    def fail(self, target: Path, luck: random.Random | bool) -> None:
        """Make a folder as the disk may be found: with all that was not sure, with nothing of it, or as luck has it."""
        _Failed(luck).folder(self._top, target)

    def _open(self, call: Call) -> bool:
        path = call.names[0]
        if not path.is_relative_to(self.root):
            return False
        node = self._node(path)
        folder = self._folder(path)
        if folder is None:
            return False
        if path.name not in folder.now:
            node = File()
            folder.name(call.ended, path.name, node)
        assert isinstance(node, File)
        if "O_TRUNC" in call.flags:
            self._change(call, node, 0, None)
        self._places[call.result, id(node)] = -1 if "O_APPEND" in call.flags else 0
        return True

    def _names(self, call: Call) -> bool:
        paths = [path for path in call.names if path.is_relative_to(self.root)]
        if not paths:
            return False
        if call.name.startswith("mkdir"):
            self._name(call, paths[0], Folder())
        elif call.name.startswith(("unlink", "rmdir")):
            self._name(call, paths[0], None)
        else:
            old, new = paths
            self._name(call, new, self._node(old))
            if call.name.startswith("rename"):
                self._name(call, old, None)
        return True

    def _name(self, call: Call, path: Path, node: Node | None) -> None:
        folder = self._folder(path)
        assert folder is not None, path
        if path.name in folder.now:
            self._gone[path] = folder.now[path.name]
        folder.name(call.ended, path.name, node)

    def _write(self, call: Call, node: File) -> None:
        data = b"".join(call.texts)[: call.result]
        at = call.numbers[-1] if call.name.startswith("p") else self._places.get((call.fd, id(node)), 0)
        if at < 0:
            at = node.size
        elif not call.name.startswith("p"):
            self._places[call.fd, id(node)] = at + len(data)
        self._change(call, node, at, data)

    def _resize(self, call: Call, node: File) -> None:
        grows = call.name == "fallocate"
        self._change(call, node, max(node.size, sum(call.numbers[-2:])) if grows else call.numbers[-1], None)

    @staticmethod
    def _change(call: Call, node: File, at: int, data: bytes | None) -> None:
        node.since.append(Change(call.ended, at, data))
        node.size = at if data is None else max(node.size, at + len(data))

    def _folder(self, path: Path) -> Folder | None:
        folder = self._node(path.parent)
        return folder if isinstance(folder, Folder) else None

    def _node(self, path: Path) -> Node | None:
        node: Node | None = self._top
        for part in path.relative_to(self.root).parts:
            node = node.now.get(part) if isinstance(node, Folder) else None
        return node or self._gone.get(path)


class _Failed:
    """One failure: what a file holds then is the same by each of its names."""

    def __init__(self, luck: random.Random | bool) -> None:
        self._luck = luck
        self._files: dict[int, bytes] = {}

    def folder(self, folder: Folder, target: Path) -> None:
        target.mkdir(mode=0o700)
        for name, node in self._names(folder).items():
            if isinstance(node, Folder):
                self.folder(node, target / name)
            else:
                _put(target / name, self._file(node))

    def _names(self, folder: Folder) -> dict[str, Node]:
        found = dict(folder.sure)
        if self._luck is not False:
            for name in {name: None for _, name, _ in folder.since}:
                could = [folder.sure.get(name), *(node for _, changed, node in folder.since if changed == name)]
                _set(found, name, could[-1] if self._luck is True else self._luck.choice(could))
        return found

    def _file(self, file: File) -> bytes:
        if id(file) not in self._files:
            content = bytearray(file.sure)
            for change in file.since if self._luck is not False else ():
                self._reach(content, change)
            self._files[id(file)] = bytes(content)
        return self._files[id(file)]

    def _reach(self, content: bytearray, change: Change) -> None:
        """The whole of it, nothing, or some sectors."""
        luck = self._luck
        what = 0 if isinstance(luck, bool) else luck.randrange(3)
        if what == 0:
            _apply(content, change.at, change.data)
        elif what == 1 and change.data is not None and not isinstance(luck, bool):
            for first in range(0, len(change.data), SECTOR):
                if luck.random() < 0.5:
                    _apply(content, change.at + first, change.data[first : first + SECTOR])


def _apply(content: bytearray, at: int, data: bytes | None) -> None:
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    if data is None:
        del content[at:]
    else:
        content[at : at + len(data)] = data


def _put(path: Path, content: bytes) -> None:
    path.write_bytes(b"" if content.count(0) == len(content) else content)
    os.truncate(path, len(content))


def _set(names: dict[str, Node], name: str, node: Node | None) -> None:
    if node is None:
        names.pop(name, None)
    else:
        names[name] = node
