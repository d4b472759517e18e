"""What becomes of a run once its command has ended: verified, which settles it first, and finished.

What reads and writes reports is imported only where there is one: a quarter of a second that most runs can do without.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from soundstage.api import Api
from soundstage.console import complain
from soundstage.trouble import SoundstageError
from soundstage.verdict import CODES, verdict_of

REPORTS = ("junit", "summary", "json", "sarif", "gitlab")


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
    verdict = _verdict(api, run, arguments, text)
    if missed is not None and verdict == "clean":
        complain("so the run is inconclusive: nobody knows what of it was seen")
        verdict = "inconclusive"
    finished = api.post(f"/api/runs/{run}/finish", {"verdict": verdict})
    if verdict == "clean" and finished["verdict"] != verdict:
        gaps = "; ".join(gap["why"].rstrip(".") for gap in finished["gaps"]) or "somebody else has ended it"
        complain(f"the run was clean when it was judged, and is {finished['verdict']}: {gaps}")
        verdict = "inconclusive"
    return CODES[verdict], finished


def _verdict(api: Api, run: str, arguments: argparse.Namespace, text: str | None) -> str:
    """Inconclusive also where there is no answer or a report is lost, which is said: the run is to be finished all
    the same. Where nothing was said to be expected, a clean run is reported to nobody who does not ask."""
    file = None if arguments.expect is None else str(arguments.expect)
    try:
        told = verdict_of(api, run, text, file, allow_uncontained=arguments.allow_uncontained)
        verdict = str(told["verdict"])
        if text is not None or verdict != "clean" or any(getattr(arguments, f"report_{kind}") for kind in REPORTS):
            _report(told, file, arguments)
    except SoundstageError as trouble:
        complain(str(trouble), trouble.hint)
        return "inconclusive"
    return verdict


def _report(told: Mapping[str, Any], file: str | None, arguments: argparse.Namespace) -> None:
    from soundstage.report_outputs import Outputs
    from soundstage.verify import reported

    outputs = Outputs.asked(arguments, os.environ, terminal=sys.stderr is not None and sys.stderr.isatty())
    with contextlib.redirect_stdout(sys.stderr):  # what the command prints may be piped somewhere
        reported(told, file, outputs)
