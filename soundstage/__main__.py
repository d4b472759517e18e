"""`soundstage` and `python -m soundstage`: runs one command and maps what goes wrong to one line and an exit code."""

import os
import sys
from collections.abc import Sequence

from soundstage.arguments import parser
from soundstage.console import complain
from soundstage.trouble import SoundstageError

INTERRUPTED = 130
"""What shells report of a program ended by Ctrl-C: 128 + SIGINT."""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 good, 1 the thing asked about is not so, 2 bad input or no answer (contract.md)."""
    try:
        arguments = parser().parse_args(argv)
        return int(arguments.run(arguments))
    except SoundstageError as trouble:
        complain(str(trouble), trouble.hint)
        return 2
    except BrokenPipeError:  # `soundstage captures list | head`: whoever read it has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
