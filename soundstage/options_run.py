"""The options of `soundstage run`."""

import argparse
from pathlib import Path
from typing import Any

from soundstage.options import command, data_dir_options, later
from soundstage.options_verify import output_options


def add(commands: Any) -> None:
    """`run [OPTIONS] -- COMMAND...`."""
    made = command(commands, "run", "run a command as one attributed, contained run", later("run", "run"))
    made.usage = "soundstage run [OPTIONS] -- COMMAND..."
    data_dir_options(made)
    made.add_argument("--name", metavar="NAME", help="what the run is called (default: the command)")
    made.add_argument("--expect", type=Path, metavar="FILE", help="what is expected of it, verified at its end")
    made.add_argument(
        "--service",
        action="append",
        default=[],
        metavar="PORT|PATH",
        help="a port of this machine, or a unix socket, that the command may reach; repeatable",
    )
    made.add_argument(
        "--allow-uncontained", action="store_true", help="do not call a run inconclusive for not being contained"
    )
    made.add_argument("--about", type=Path, metavar="FILE", help="what the run was, as JSON: counts, refused packets")
    output_options(made)
    made.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND...", help="and its arguments")
