"""Options of `soundstage expect`."""

from pathlib import Path
from typing import Any

from soundstage.options import command, data_dir_options, json_option, later


def add(commands: Any) -> None:
    """`expect check` and `expect record`."""
    made = commands.add_parser("expect", help="check files of expectations, or write a first one")
    verbs = made.add_subparsers(required=True, metavar="check|record")
    checked = command(verbs, "check", "read a file of expectations as `verify` would", later("expect", "checked"))
    checked.add_argument("file", type=Path, metavar="FILE")
    json_option(checked)
    recorded = command(verbs, "record", "write a first file from what a run did", later("expect", "recorded"))
    data_dir_options(recorded)
    recorded.add_argument("--run", dest="run_id", metavar="ID", help="the run (default: SOUNDSTAGE_RUN)")
    recorded.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to stdout")
