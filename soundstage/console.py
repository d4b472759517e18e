"""What the command line says on stderr: `soundstage: error: ...`, and `soundstage: hint: ...` where there is one."""

import sys


def complain(message: str, hint: str | None = None) -> None:
    """One line each, lower case, no full stop: people grep for them. Several problems are several lines."""
    for line in message.splitlines():
        print(f"soundstage: error: {line}", file=sys.stderr)
    if hint:
        print(f"soundstage: hint: {hint}", file=sys.stderr)


def warn(message: str) -> None:
    """Something that does not stop the command."""
    print(f"soundstage: warning: {message}", file=sys.stderr)
