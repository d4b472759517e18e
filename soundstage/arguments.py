"""The command line's words and options. What a command does lives in its own module, imported only when it runs."""

import argparse
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from soundstage.trouble import ConfigError

SHELLS = ("sh", "fish", "powershell", "dotenv")
PROCESSES = {"_gateway": "gateway_process", "_dashboard": "dashboard_process"}
"""What `up` supervises: started by it alone, and offered to nobody."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors look like all of Soundstage's."""

    def error(self, message: str) -> NoReturn:
        """Raise what `main` prints as `soundstage: error:`, with exit code 2."""
        for name in PROCESSES:
            message = message.replace(f", {name!r}", "")
        raise ConfigError(message, f"{self.prog} --help lists what it takes")


def later(module: str, function: str) -> Callable[[argparse.Namespace], int]:
    """The command's function, looked up when it runs: `soundstage env` does not wait for the gateway's imports."""

    def run(arguments: argparse.Namespace) -> int:
        return int(getattr(importlib.import_module(f"soundstage.{module}"), function)(arguments))

    return run


def parser() -> Parser:
    """Every command of contract.md that exists."""
    top = Parser(
        prog="soundstage", description="Stops, records and answers every outbound side effect of a staging environment."
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _up(commands)
    _env(commands)
    _sign_in(commands)
    _ca(commands)
    _trust(commands)
    _captures(commands)
    _policy(commands)
    _processes(commands)
    return top


def _command(commands: Any, name: str, text: str, run: Callable[[argparse.Namespace], int]) -> Any:
    made = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    made.set_defaults(run=run)
    return made


def _data_dir(made: argparse.ArgumentParser) -> None:
    made.add_argument("--config", type=Path, metavar="FILE", help="settings as YAML; the environment wins over it")
    made.add_argument("--data-dir", type=Path, metavar="DIR", help="where ledger, CA and keys lie")


def _json(made: argparse.ArgumentParser) -> None:
    made.add_argument("--json", action="store_true", help="for programs: JSON instead of a table")


def _up(commands: Any) -> None:
    made = _command(commands, "up", "start gateway and dashboard in the foreground", later("up", "up"))
    _data_dir(made)
    made.add_argument("--policy", type=Path, action="append", metavar="FILE", help="what may leave; repeatable")


def _env(commands: Any) -> None:
    made = _command(commands, "env", "print the variables that route a program through it", later("env", "env"))
    _data_dir(made)
    made.add_argument("--shell", choices=SHELLS, default="sh", help="whose syntax (default: sh)")


def _sign_in(commands: Any) -> None:
    text = "print a fresh link that signs a person in to the dashboard, once"
    made = _command(commands, "sign-in", text, later("sign_in", "sign_in"))
    _data_dir(made)
    _json(made)


def _ca(commands: Any) -> None:
    made = _command(commands, "ca", "show the certificate that clients have to trust", later("ca", "ca"))
    made.add_argument("what", choices=("print", "path"))
    _data_dir(made)


def _trust(commands: Any) -> None:
    text = "make programs that bring their own certificates trust the CA"
    made = _command(commands, "trust", text, later("trust", "trust"))
    made.add_argument("what", choices=("install", "remove", "list"))
    _data_dir(made)
    _json(made)
    made.add_argument("--venv", type=Path, action="append", default=[], metavar="DIR", help="a Python environment")
    made.add_argument(
        "--node", type=Path, action="append", default=[], metavar="DIR", help="a project with node_modules"
    )
    made.add_argument("--java", type=Path, action="append", default=[], metavar="HOME", help="a JAVA_HOME")


FILTERS = [
    "run",
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
    listed = _command(verbs, "list", "the newest captures, as a table", later("captures", "listed"))
    listed.add_argument("--limit", type=int, default=50, metavar="N", help="at most so many (default: 50)")
    shown = _command(verbs, "show", "one capture, whole", later("captures", "shown"))
    shown.add_argument("id", metavar="ID")
    exported = _command(verbs, "export", "captures as JSON lines, newest first", later("captures", "exported"))
    exported.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to stdout")
    purged = _command(verbs, "purge", "delete captures; what an open run needs is kept", later("captures", "purged"))
    purged.add_argument("--all", action="store_true", help="needed where no filter is given")
    for verb in (listed, shown, exported, purged):
        _data_dir(verb)
        _json(verb)
    for verb in (listed, exported, purged):
        for name in FILTERS:
            verb.add_argument(f"--{name}", dest=f"filter_{name}", metavar="VALUE", help=argparse.SUPPRESS)
        verb.epilog = "Filters, all optional: " + ", ".join(f"--{name}" for name in FILTERS) + "."


def _policy(commands: Any) -> None:
    made = commands.add_parser("policy", help="check and try policy files, ask what would happen")
    verbs = made.add_subparsers(required=True, metavar="check|test|explain")
    checked = _command(verbs, "check", "read policy files as the gateway would", later("policy", "checked"))
    tested = _command(verbs, "test", "judge a policy file's examples, one by one", later("policy", "tested"))
    for verb in (checked, tested):
        verb.add_argument("files", nargs="+", type=Path, metavar="FILE")
        _json(verb)
    explained = _command(verbs, "explain", "what the running gateway would do, and why", later("policy", "explained"))
    explained.add_argument(
        "request", nargs="+", metavar="REQUEST", help='such as "POST https://api.stripe.com/v1/charges"'
    )
    explained.add_argument("--headers", type=Path, metavar="FILE", help="NAME: VALUE lines; they may hold credentials")
    _data_dir(explained)
    _json(explained)


def _processes(commands: Any) -> None:
    """Without help: not for people."""
    for name, module in PROCESSES.items():
        commands.add_parser(name).set_defaults(run=later(module, "main"))


def given(arguments: argparse.Namespace, fields: Sequence[str]) -> dict[str, Any]:
    """The options that stand for settings, as overrides."""
    return {field: getattr(arguments, field, None) for field in fields}
