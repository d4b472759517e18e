"""The options of `soundstage doctor`."""

import argparse
from pathlib import Path
from typing import Any

from soundstage.options import command, data_dir_options, json_option, later


def add(commands: Any) -> None:
    """`doctor [OPTIONS] [--before -- COMMAND...]`."""
    text = "from inside an environment: does anything go round Soundstage"
    made = command(commands, "doctor", text, later("doctor", "doctor"))
    made.usage = "soundstage doctor [OPTIONS] [--before -- COMMAND...]"
    data_dir_options(made)
    json_option(made)
    made.add_argument("--list", action="store_true", help="say what would be tried, and try nothing")
    made.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="try this address instead of the usual ones; repeatable",
    )
    made.add_argument(
        "--outside",
        type=Path,
        metavar="FILE",
        help="what doctor --json found where nothing is contained: it tells a dropped packet from a silent server",
    )
    made.add_argument(
        "--accept",
        action="append",
        default=[],
        metavar="ATTEMPT",
        help="a finding that somebody answers for, by its name in the table; repeatable",
    )
    made.add_argument("--ca", type=Path, metavar="FILE", help="the CA's certificate (default: any of Soundstage's)")
    made.add_argument("--run", dest="run_id", metavar="ID", help="note the run as contained, where that is shown")
    made.add_argument("--before", action="store_true", help="run the command, if nothing is open or in doubt")
    made.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND...", help="and its arguments")
