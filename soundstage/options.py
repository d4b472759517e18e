"""Options: what every command's options are made of, and how they are refused. The commands are in `arguments`."""

import argparse
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from soundstage.importing import kept_for_good
from soundstage.trouble import ConfigError

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
        with kept_for_good():
            found = importlib.import_module(f"soundstage.{module}")
        return int(getattr(found, function)(arguments))

    return run


def command(commands: Any, name: str, text: str, run: Callable[[argparse.Namespace], int]) -> Any:
    """A command, or a verb of one, with its help; `run` takes its arguments and gives the exit code."""
    made = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    made.set_defaults(run=run)
    return made


def data_dir_options(made: argparse.ArgumentParser) -> None:
    """Where Soundstage is found."""
    made.add_argument("--config", type=Path, metavar="FILE", help="settings as YAML; the environment wins over it")
    made.add_argument("--data-dir", type=Path, metavar="DIR", help="where ledger, CA and keys lie")


def json_option(made: argparse.ArgumentParser) -> None:
    """Output for programs."""
    made.add_argument("--json", action="store_true", help="for programs: JSON instead of a table")


def given(arguments: argparse.Namespace, fields: Sequence[str]) -> dict[str, Any]:
    """The options that stand for settings, as overrides."""
    return {field: getattr(arguments, field, None) for field in fields}
