"""`soundstage verify`: judge a run against what was expected of it, and say so to people and to CI."""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policies.expectation_file import ExpectationError, read_expectations
from policies.verification_result import Result, result_of
from soundstage.api import Api
from soundstage.console import complain, say
from soundstage.options import given
from soundstage.report_discretion import discreet
from soundstage.report_outputs import Outputs
from soundstage.report_text import text_report
from soundstage.settings_source import read_settings
from soundstage.trouble import ConfigError, Unanswered, unread
from soundstage.verdict import CODES, verdict_of


def verify(arguments: argparse.Namespace) -> int:
    """0 clean, 1 violated, 2 inconclusive or unreachable or a file that is refused."""
    run_id = named_run(arguments.run_id)
    outputs = Outputs.asked(arguments, os.environ, terminal=sys.stdout is not None and sys.stdout.isatty())
    text = None if arguments.expect is None else expectations_of(arguments.expect)
    if arguments.expect is not None and text is None:
        return 2
    settings = read_settings(os.environ, arguments.config, given(arguments, ("data_dir",)))
    allow = bool(arguments.allow_uncontained)
    with Api.found(settings) as api:
        file = None if arguments.expect is None else str(arguments.expect)
        told = verdict_of(api, run_id, text, file, allow_uncontained=allow)
    return reported(told, file, outputs)


def reported(told: Mapping[str, Any], file: str | None, outputs: Outputs) -> int:
    """Print the report and write the others; the exit code. SoundstageError for what is no result, or a lost report.

    `file` is only what the expectations' file is called: it has been read, once, and by now may say something else.
    """
    result = _read(told)
    shown = result if outputs.show_values else discreet(result)
    say("\n".join((text_report(shown, file=file, colour=outputs.colour), *outputs.commands(shown, file))))
    outputs.write(shown, file)
    return CODES[result.verdict]


def named_run(run_id: str | None) -> str:
    """The run that was named, by an option or, inside a run, by its variable. Raises ConfigError."""
    found = run_id or os.environ.get("SOUNDSTAGE_RUN")
    if not found:
        raise ConfigError("no run is named", "say --run ID, or set SOUNDSTAGE_RUN")
    if "/" in found or not found.isprintable() or "?" in found or "#" in found:
        raise ConfigError(f"--run {found!r:.100} is no run's id", "it is what `soundstage run` or the API said")
    return found


def expectations_of(path: Path) -> str | None:
    """The file's text, read as the server will read it; None, with its problems printed, where it is refused."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        raise ConfigError(f"--expect {path} cannot be read: {unread(trouble)}") from None
    try:
        read_expectations(text, str(path))
    except ExpectationError as refused:
        complain(str(refused))
        return None
    return text


def _read(told: Mapping[str, Any]) -> Result:
    try:
        return result_of(told)
    except (KeyError, TypeError) as trouble:
        raise Unanswered(f"Soundstage answered what is no result of a verification: {trouble!r}") from None
