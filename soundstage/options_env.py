"""The options of `soundstage env`."""

from typing import Any

from soundstage.options import command, data_dir_options, json_option, later

SHELLS = ("sh", "fish", "powershell", "dotenv")
BROWSERS = ("chromium", "firefox")


def add(commands: Any) -> None:
    """`env [OPTIONS]`."""
    made = command(commands, "env", "print the variables that route a program through it", later("env", "env"))
    data_dir_options(made)
    json_option(made)
    made.add_argument("--shell", choices=SHELLS, default="sh", help="whose syntax (default: sh)")
    made.add_argument("--run", dest="run_id", metavar="ID", help="with the credentials of this run, which must be open")
    made.add_argument("--runtime", metavar="NAME,...", help="only what these runtimes read, such as java,node")
    made.add_argument("--explain", action="store_true", help="with a comment on each, why it is there")
    made.add_argument("--browser", choices=BROWSERS, help="instead: what this browser takes, which reads no variables")
