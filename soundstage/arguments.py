"""The command line's words and options. What a command does lives in its own module, imported only when it runs."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from soundstage import (
    options_contain,
    options_cron,
    options_doctor,
    options_env,
    options_expect,
    options_run,
    options_verify,
    options_wireguard,
)
from soundstage.options import PROCESSES, Parser, command, data_dir_options, json_option, later


def parser() -> Parser:
    """Every command of contract.md that exists."""
    top = Parser(
        prog="soundstage", description="Stops, records and answers every outbound side effect of a staging environment."
    )
    top.add_argument("--version", nargs=0, action=_Version, help="print which Soundstage this is")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _up(commands)
    options_env.add(commands)
    _sign_in(commands)
    _ca(commands)
    _trust(commands)
    _captures(commands)
    _policy(commands)
    options_contain.add(commands)
    options_verify.add(commands)
    options_expect.add(commands)
    options_run.add(commands)
    options_cron.add(commands)
    options_wireguard.add(commands)
    options_doctor.add(commands)
    _processes(commands)
    return top


class _Version(argparse.Action):
    """Looked up when it is asked for: reading what is installed takes longer than all other options."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from soundstage.version import version

        print(f"soundstage {version()}")
        parser.exit()


def _up(commands: Any) -> None:
    made = command(commands, "up", "start gateway and dashboard in the foreground", later("up", "up"))
    data_dir_options(made)
    made.add_argument("--policy", type=Path, action="append", metavar="FILE", help="what may leave; repeatable")


def _sign_in(commands: Any) -> None:
    text = "print a fresh link that signs a person in to the dashboard, once"
    made = command(commands, "sign-in", text, later("sign_in", "sign_in"))
    data_dir_options(made)
    json_option(made)


def _ca(commands: Any) -> None:
    made = command(commands, "ca", "show the certificate that clients have to trust", later("ca", "ca"))
    made.add_argument("what", choices=("print", "path"))
    data_dir_options(made)


def _trust(commands: Any) -> None:
    text = "make programs that bring their own certificates trust the CA"
    made = command(commands, "trust", text, later("trust", "trust"))
    made.add_argument("what", choices=("install", "remove", "list"))
    data_dir_options(made)
    json_option(made)
    made.add_argument("--venv", type=Path, action="append", default=[], metavar="DIR", help="a Python environment")
    made.add_argument(
        "--node", type=Path, action="append", default=[], metavar="DIR", help="a project with node_modules"
    )
    made.add_argument("--java", type=Path, action="append", default=[], metavar="HOME", help="a JAVA_HOME")
    made.add_argument(
        "--folder", type=Path, action="append", default=[], metavar="DIR", help="packages, as PHP's vendor, Ruby's gems"
    )


FILTERS = [
    "run",
    "window",
    "channel",
    "provider",
    "operation",
    "verdict",
    "left",
    "host",
    "to",
    "from",
    "subject",
    "q",
    "since",
    "until",
]


def _captures(commands: Any) -> None:
    made = commands.add_parser("captures", help="look at, export and delete what was captured")
    verbs = made.add_subparsers(required=True, metavar="list|show|export|purge")
    listed = command(verbs, "list", "the newest captures, as a table", later("captures", "listed"))
    listed.add_argument("--limit", type=int, default=50, metavar="N", help="at most so many (default: 50)")
    shown = command(verbs, "show", "one capture, whole", later("captures", "shown"))
    shown.add_argument("id", metavar="ID")
    exported = command(verbs, "export", "captures as JSON lines, newest first", later("captures", "exported"))
    exported.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to stdout")
    purged = command(verbs, "purge", "delete captures; what an open run needs is kept", later("captures", "purged"))
    purged.add_argument("--all", action="store_true", help="needed where no filter is given")
    for verb in (listed, shown, exported, purged):
        data_dir_options(verb)
        json_option(verb)
    for verb in (listed, exported, purged):
        for name in FILTERS:
            verb.add_argument(f"--{name}", dest=f"filter_{name}", metavar="VALUE", help=argparse.SUPPRESS)
        verb.epilog = "Filters, all optional: " + ", ".join(f"--{name}" for name in FILTERS) + "."


def _policy(commands: Any) -> None:
    made = commands.add_parser("policy", help="check and try policy files, ask what would happen")
    verbs = made.add_subparsers(required=True, metavar="check|test|explain")
    checked = command(verbs, "check", "read policy files as the gateway would", later("policy", "checked"))
    tested = command(verbs, "test", "judge a policy file's examples, one by one", later("policy", "tested"))
    for verb in (checked, tested):
        verb.add_argument("files", nargs="+", type=Path, metavar="FILE")
        json_option(verb)
    explained = command(verbs, "explain", "what the running gateway would do, and why", later("policy", "explained"))
    explained.add_argument(
        "request", nargs="+", metavar="REQUEST", help='such as "POST https://api.stripe.com/v1/charges"'
    )
    explained.add_argument("--headers", type=Path, metavar="FILE", help="NAME: VALUE lines; they may hold credentials")
    data_dir_options(explained)
    json_option(explained)


def _processes(commands: Any) -> None:
    """Without help: not for people."""
    for name, module in PROCESSES.items():
        commands.add_parser(name).set_defaults(run=_supervised(module))


def _supervised(module: str) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        from soundstage.child_side import die_with_parent  # here: no other command needs it

        die_with_parent()
        return later(module, "main")(arguments)

    return run
