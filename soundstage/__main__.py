"""`soundstage` and `python -m soundstage`: runs one command and maps what goes wrong to one line and an exit code."""

import sys
import traceback
from collections.abc import Sequence

from soundstage.arguments import parser
from soundstage.console import complain, silence
from soundstage.trouble import SoundstageError

INTERRUPTED = 130
"""What shells report of a program ended by Ctrl-C: 128 + SIGINT."""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 good, 1 the thing asked about is not so, 2 bad input or no answer (contract.md)."""
    code = None
    try:
        arguments = parser().parse_args(argv)
        code = int(arguments.run(arguments))
        if sys.stdout is not None:
            sys.stdout.flush()
    except SoundstageError as trouble:
        complain(str(trouble), trouble.hint)
        return 2
    except BrokenPipeError:
        silence(sys.stdout)
        return _cut_off(sys.argv[1:] if argv is None else argv) if code is None else code
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception:  # a bug: 1, as Python would end with, says that the thing asked about is not so
        traceback.print_exc()
        return 2
    return code


def _cut_off(words: Sequence[str]) -> int:
    """`soundstage captures list | head`: whoever read it has seen enough. Of a question, nobody saw the answer."""
    return 0 if words and words[0] == "captures" else 2


if __name__ == "__main__":
    sys.exit(main())
