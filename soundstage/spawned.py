"""Spawned: one of our own processes as it is started, before anybody knows what to tell it.

Nothing is imported here that takes long: what the process imports meanwhile is most of what a start costs.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

PROJECT = Path(__file__).resolve().parent.parent


class Spawned:
    """It imports what it needs and waits for its order on stdin. Ended with the block, where nobody else ended it."""

    def __init__(self, argv: Sequence[str], pass_fds: Sequence[int] = ()) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - a command of our own
            argv,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=pass_fds,
            env=environment(os.environ),
        )

    def __enter__(self) -> "Spawned":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.close()

    def close(self) -> None:
        """Let go of its pipes."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def process_of(name: str) -> list[str]:
    """The command of one of our own processes."""
    # -P: rooms have plain names, and a folder of the same name in the operator's directory must not be imported.
    return [sys.executable, "-P", "-m", "soundstage", f"_{name}"]


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What a child sees: no settings (they come with the order), no proxy, this checkout first on the path."""
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith("SOUNDSTAGE_") and not name.lower().endswith("_proxy")
    }
    # No plugin installed beside us has a say in what we validate; looking for one reads each package's description.
    kept["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    kept["PYTHONPATH"] = os.pathsep.join([str(PROJECT), *filter(None, [environ.get("PYTHONPATH")])])
    return kept
