"""PowerTrace: what a program and all it starts ask of the disk, in order, as `strace` has seen it.

subprocess.run([*tracing(trace), sys.executable, ...])
for call in calls(trace): ...
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WRITES = ("write", "pwrite64", "writev", "pwritev", "pwritev2")
SYNCS = ("fsync", "fdatasync")
NAMES = ("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir")
SIZES = ("ftruncate", "truncate", "fallocate")
UNKNOWN = ("copy_file_range", "sendfile", "splice", "symlink", "symlinkat", "msync", "sync_file_range")
"""Which would have to be understood first, if anything of ours came to use them on what it keeps."""
SENDS = ("sendto", "sendmsg")
_CALLS = ("open", "openat", "creat", *WRITES, *SYNCS, *NAMES, *SIZES, *UNKNOWN, *SENDS)
_LINE = re.compile(r"(\d+) +(.*)\n")
_BEGUN = re.compile(r"(\w+)\((.*)")
_GOES_ON = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_HANDLE = re.compile(r"(\w+)<((?:\\x[0-9a-f]{2})*|[^>]*)>(\(deleted\))?")
_NUMBER = re.compile(r"(?<![\w\\])-?(?:0x[0-9a-f]+|\d+)(?![\w<])")


@dataclass(frozen=True, slots=True)
class Call:
    """One that succeeded."""

    name: str
    begun: int
    ended: int
    """Lines of the trace: a sync is sure only of what had ended when it began."""
    fd: int
    """-1: it has none."""
    path: Path | None
    """Of the descriptor, or of the folder that the first name is relative to."""
    texts: tuple[bytes, ...]
    numbers: tuple[int, ...]
    """Those that follow what is in quotation marks or between angle brackets, in order."""
    flags: str
    result: int

    @property
    def names(self) -> tuple[Path, ...]:
        """What is in quotation marks, as paths."""
        base = self.path or Path("/")
        return tuple(base / text.decode() for text in self.texts)


def tracing(to: Path) -> list[str]:
    """Words before a program's own."""
    program = shutil.which("strace")
    assert program is not None, "strace is not installed: apt-get install strace"
    told = ["-f", "-y", "-xx", "-s", str(1 << 28), "--seccomp-bpf", "-e", f"trace={','.join(_CALLS)}"]
    return [program, *told, "-o", str(to)]


def calls(trace: Path) -> Iterator[Call]:
    """Every call that succeeded, in the order they ended."""
    open_ones: dict[str, tuple[int, str]] = {}
    with trace.open(encoding="ascii") as lines:
        for number, line in enumerate(lines):
            found = _LINE.fullmatch(line)
            if found is None or found[2].startswith(("---", "+++")):
                continue
            thread, said = found[1], found[2]
            if said.endswith(" <unfinished ...>"):
                open_ones[thread] = number, said.removesuffix(" <unfinished ...>")
                continue
            more = _GOES_ON.fullmatch(said)
            begun, head = open_ones.pop(thread, (number, "")) if more is not None else (number, said)
            call = _read(head + (more[1] if more is not None else ""), begun, number)
            if call is not None:
                yield call


def _read(said: str, begun: int, ended: int) -> Call | None:
    said, _, result = said.rpartition(" = ")
    found = _BEGUN.match(said)
    whole = re.match(r"-?\d+", result)
    if found is None or whole is None or int(whole[0]) < 0:
        return None
    name, told = found[1], found[2]
    texts = list(_TEXT.finditer(told))
    assert not any(text[2] for text in texts), "strace was told to show all"
    bare = _TEXT.sub('"', told)
    handle = _HANDLE.match(bare)
    of = None if handle is None else _plain(handle[2])
    number = -1 if handle is None or not handle[1].isdigit() else int(handle[1])
    rest = bare[handle.end() :] if handle is not None else bare
    numbers = tuple(_number(one[0]) for one in _NUMBER.finditer(rest))
    parts = tuple(bytes.fromhex(text[1].replace("\\x", "")) for text in texts)
    return Call(name, begun, ended, number, of, parts, numbers, rest, int(whole[0]))


def _number(said: str) -> int:
    return int(said, 8 if re.fullmatch("0[0-7]+", said) else 0)


def _plain(hexed: str) -> Path:
    if not hexed.startswith("\\x"):
        return Path(hexed)
    return Path(bytes.fromhex(hexed.replace("\\x", "")).decode())
