"""`soundstage expect`: check a file of expectations, or write a first one from what a run did."""

import argparse
import json
import os
from pathlib import Path

from policies.expectation_file import ExpectationError, read_expectations
from policies.expectation_names import Names, asks_names
from policies.expectation_recording import recorded_file
from soundstage.api import Api
from soundstage.console import complain
from soundstage.options import given
from soundstage.packs_in_use import packs_in_use
from soundstage.settings_source import read_settings
from soundstage.trouble import ConfigError, unread
from soundstage.verify import named_run


def checked(arguments: argparse.Namespace) -> int:
    """0 where the file is good, 2 with every problem where it is not."""
    try:
        text, name = _text(arguments.file), str(arguments.file)
        read = read_expectations(text, name)
        if asks_names((*read.expect, *read.never)):
            packs = packs_in_use(read_settings(os.environ, None, {}).packs)
            read = read_expectations(text, name, Names.of(packs))
    except ExpectationError as refused:
        if arguments.json:
            print(json.dumps({"problems": [str(problem) for problem in refused.problems]}, indent=1))
        complain(str(refused))
        return 2
    if arguments.json:
        print(json.dumps({"expect": len(read.expect), "never": len(read.never), "problems": []}))
        return 0
    print(f"good: {len(read.expect)} expected, {len(read.never)} never, others: {read.others}")
    return 0


def recorded(arguments: argparse.Namespace) -> int:
    """Print the file, or write it where nothing is yet."""
    run_id = named_run(arguments.run_id)
    with Api.found(read_settings(os.environ, arguments.config, given(arguments, ("data_dir",)))) as api:
        run = api.get(f"/api/runs/{run_id}")
        text = recorded_file(run_id, str(run["contained"]), api.captures({"run": run_id}))
    if arguments.output is None:
        print(text, end="")
        return 0
    try:
        with arguments.output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(f"--output {arguments.output} is there already", "name a new file, or remove it") from None
    except OSError as trouble:
        raise ConfigError(f"--output {arguments.output}: {trouble.strerror}") from None
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        raise ConfigError(f"{path} cannot be read: {unread(trouble)}") from None
