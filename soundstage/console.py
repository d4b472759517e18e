"""What the command line says on stderr: `soundstage: error: ...`, and `soundstage: hint: ...` where there is one."""

import contextlib
import os
import sys
from typing import TextIO

from soundstage.table import printable
from soundstage.trouble import Unanswered


def complain(message: str, hint: str | None = None) -> None:
    """One line each, lower case, no full stop: people grep for them. Several problems are several lines."""
    for line in message.splitlines():
        remark(f"soundstage: error: {line}")
    if hint:
        remark(f"soundstage: hint: {hint}")


def warn(message: str) -> None:
    """Something that does not stop the command."""
    remark(f"soundstage: warning: {message}")


def remark(line: str) -> None:
    """On stderr; a host that was captured may be in it. Where nobody reads that any more, what is done is done."""
    try:
        print(printable(line), file=sys.stderr)
    except BrokenPipeError:
        silence(sys.stderr)


def say(text: str) -> None:
    """A verdict, on stdout. Nobody reading it changes nothing of it. Raises Unanswered where it cannot be written."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        silence(sys.stdout)
    except OSError as trouble:
        silence(sys.stdout)
        raise Unanswered(f"what there is to say cannot be written: {trouble.strerror}") from None


def silence(stream: TextIO | None) -> None:
    """From now on to nowhere: what is left of it would make Python end with an exit code of its own."""
    if stream is None:
        return
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
