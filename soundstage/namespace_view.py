"""The view: the file system as a contained command sees it. Carries out the steps that `run_view` decided on.

Run inside, in a mount namespace of its own, with powers over that alone.
"""

import contextlib
import errno
import os
from collections.abc import Sequence
from pathlib import Path

from soundstage import namespace_kernel as kernel
from soundstage.namespace_network import CannotBe
from soundstage.run_order import Hidden, Order


def arrange(steps: Sequence[Hidden]) -> None:
    """All steps in order. Raises CannotBe where a needed one is refused: the command would see what it must not."""
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    sources = _opened(steps)  # before anything is hidden: what is put back lies under what hides it
    try:
        for number, step in enumerate(steps):
            _one(step, sources.get(number))
    finally:
        for descriptor in sources.values():
            os.close(descriptor)


def hide(path: str, order: Order) -> None:
    """A socket that somebody outside has bound meanwhile, unless the command may reach it; it may be hidden already."""
    if not any(step.do == "back" and step.path == path for step in order.view):
        with contextlib.suppress(OSError):
            kernel.mount("/dev/null", path, None, kernel.MS_BIND)


def fresh_proc() -> None:
    """`/proc` of the command's own processes. Refused where parts of it are hidden, as in some containers."""
    kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)


def _opened(steps: Sequence[Hidden]) -> dict[int, int]:
    found = {}
    for number, step in enumerate(steps):
        if step.do in ("over", "back"):
            try:
                found[number] = os.open(step.source or step.path, os.O_PATH | os.O_CLOEXEC)
            except OSError as trouble:
                _unless_needless(step, trouble)
    return found


def _one(step: Hidden, source: int | None) -> None:
    try:
        if step.do in ("over", "back"):
            if source is not None:
                _bind(step, source)
        elif step.do == "empty":
            kernel.mount("tmpfs", step.path, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, f"mode={step.mode:o}")
        elif step.do == "readonly":
            kernel.read_only(step.path)
        else:
            _make(step)
    except OSError as trouble:
        if step.do != "over" or trouble.errno != errno.ENOENT:  # a socket that has gone since leads nowhere
            _unless_needless(step, trouble)


def _bind(step: Hidden, source: int) -> None:
    place = Path(f"/proc/self/fd/{source}")
    if step.do == "back" and not Path(step.path).exists():
        Path(step.path).parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir():
            Path(step.path).mkdir()
        else:
            Path(step.path).touch()
    # Of a file it would bring back what was mounted over it since.
    recursive = kernel.MS_REC if step.do == "back" and place.is_dir() else 0
    kernel.mount(str(place), step.path, None, kernel.MS_BIND | recursive)


def _make(step: Hidden) -> None:
    path = Path(step.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if step.do == "link":
        path.symlink_to(step.source)
    elif step.do == "folder":
        path.mkdir(exist_ok=True)
        path.chmod(step.mode)
    else:
        path.touch()


def _unless_needless(step: Hidden, trouble: OSError) -> None:
    if step.needed:
        raise CannotBe(f"{step.path} cannot be hidden from the command ({step.do}): {trouble.strerror}") from None
