"""`soundstage-cron`: `soundstage cron run` as a crontab's SHELL is called, `soundstage-cron -c COMMAND`."""

import sys
from collections.abc import Sequence

from soundstage.__main__ import main as soundstage


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code of `soundstage cron run`."""
    return soundstage(["cron", "run", *(sys.argv[1:] if argv is None else argv)])


if __name__ == "__main__":
    sys.exit(main())
