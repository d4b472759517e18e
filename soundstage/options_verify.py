"""Options of `soundstage verify`."""

from pathlib import Path
from typing import Any

from soundstage.options import command, data_dir_options, later


def add(commands: Any) -> None:
    """`verify`. Its `--json` takes a file: what it prints is for people."""
    text = "judge a run against what was expected of it"
    made = command(commands, "verify", text, later("verify", "verify"))
    data_dir_options(made)
    made.add_argument("--run", dest="run_id", metavar="ID", help="the run (default: SOUNDSTAGE_RUN)")
    made.add_argument("--expect", type=Path, metavar="FILE", help="what should have happened")
    made.add_argument("--allow-uncontained", action="store_true", help="judge it even if something could go round")
    output_options(made)


def output_options(made: Any) -> None:
    """Where reports go; `soundstage run` takes the same."""
    reports = {
        "junit": "JUnit XML, a case a row",
        "summary": "Markdown (default: GITHUB_STEP_SUMMARY)",
        "json": "the result as JSON",
        "sarif": "SARIF 2.1.0",
        "gitlab": "GitLab's code quality report",
    }
    for name, what in reports.items():
        made.add_argument(f"--{name}", dest=f"report_{name}", type=Path, metavar="FILE", help=what)
    made.add_argument("--show-values", action="store_true", help="addresses, numbers and codes in full")
