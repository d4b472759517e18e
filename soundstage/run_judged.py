"""What becomes of a run once its command has ended: verified, which settles it first, and finished.

What reads and writes reports is imported only where there is one: a quarter of a second that most runs can do without.
"""

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import Any

from soundstage.api import Api
from soundstage.console import complain
from soundstage.trouble import SoundstageError

VERDICTS = {0: "clean", 1: "violated"}
REPORTS = ("junit", "summary", "json", "sarif", "gitlab")
PATIENCE = 600.0
"""Seconds that settling and judging may take."""


def expected(expect: Path | None) -> str | None:
    """What the file says, read before the command is started, which might write another one in its place.

    None where nothing is expected, or where it is no list of expectations: then its problems are printed.
    """
    if expect is None:
        return None
    from soundstage.verify import expectations_of

    return expectations_of(expect)


def judged(
    api: Api, run: str, arguments: argparse.Namespace, text: str | None, missed: str | None = None
) -> tuple[int, dict[str, Any]]:
    """0, 1 or 2 as of `soundstage verify`; and the run, finished.

    `text`: of the file of expectations. Without it nothing may have been real.
    `missed`: why its last probe did not arrive. One that the command sent itself does not stand for it.
    """
    if missed is not None:
        complain(missed)
    code = 0 if text is None and _is_clean(api, run, arguments) else _verified(api, run, arguments, text)
    if missed is not None and code == 0:
        complain("so the run is inconclusive: nobody knows what of it was seen")
        code = 2
    finished = api.post(f"/api/runs/{run}/finish", {"verdict": VERDICTS.get(code, "inconclusive")})
    if code == 0 and finished["verdict"] != VERDICTS[code]:
        gaps = "; ".join(gap["why"].rstrip(".") for gap in finished["gaps"]) or "somebody else has ended it"
        complain(f"the run was clean when it was judged, and is {finished['verdict']}: {gaps}")
        code = 2
    return code, finished


def _is_clean(api: Api, run: str, arguments: argparse.Namespace) -> bool:
    """Whether nothing was real, for certain, and nobody asked for a report of that."""
    if any(getattr(arguments, f"report_{kind}") for kind in REPORTS):
        return False
    asked = {"allow_uncontained": arguments.allow_uncontained}
    told = api.post(f"/api/runs/{run}/verify", asked, seconds=PATIENCE)
    return isinstance(told, dict) and told.get("verdict") == VERDICTS[0]


def _verified(api: Api, run: str, arguments: argparse.Namespace, text: str | None) -> int:
    """2 as well where there is no answer or a report is lost, which is said: the run is to be finished all the same."""
    from soundstage.report_outputs import Outputs
    from soundstage.verify import verified

    outputs = Outputs.asked(arguments, os.environ, terminal=sys.stderr is not None and sys.stderr.isatty())
    allow = arguments.allow_uncontained
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what the command prints may be piped somewhere
            return verified(api, run, arguments.expect, text, allow_uncontained=allow, outputs=outputs)
    except SoundstageError as trouble:
        complain(str(trouble), trouble.hint)
        return 2
