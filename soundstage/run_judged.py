"""What becomes of a run once its command has ended: settled, verified where something is expected, finished.

What verifies is imported only where something is expected: a quarter of a second that most runs can do without.
"""

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import Any

from soundstage.api import Api
from soundstage.console import warn

VERDICTS = {0: "clean", 1: "violated"}


def refused(expect: Path | None) -> bool:
    """Whether the file is no list of expectations; its problems are printed. Known before the command is started."""
    if expect is None:
        return False
    from soundstage.verify import expectations_of

    return expectations_of(expect) is None


def judged(api: Api, run: str, arguments: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    """0, 1 or 2 as of `soundstage verify`, 0 without expectations; and the run, finished."""
    code, verdict = 0, {}
    if arguments.expect is None:
        settled = api.post(f"/api/runs/{run}/settle", {})
        if not settled["reached"]:
            warn(f"what follows may not be all of it: {settled['why']}")
    else:
        from soundstage.report_outputs import Outputs
        from soundstage.verify import verified

        outputs = Outputs.asked(arguments, os.environ, terminal=sys.stderr.isatty())
        allow = arguments.allow_uncontained
        with contextlib.redirect_stdout(sys.stderr):  # what the command prints may be piped somewhere
            code = verified(api, run, arguments.expect, allow_uncontained=allow, outputs=outputs)
        verdict = {"verdict": VERDICTS.get(code, "inconclusive")}
    return code, api.post(f"/api/runs/{run}/finish", verdict)
