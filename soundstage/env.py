"""`soundstage env`: the variables that route a program through a running Soundstage, in the words of a shell."""

import argparse
import os
from urllib.parse import quote

from soundstage import addresses
from soundstage.api import Api
from soundstage.options import given
from soundstage.routing import routing
from soundstage.settings import Settings
from soundstage.settings_source import read_settings
from soundstage.shells import shown
from soundstage.trouble import ConfigError
from soundstage.trust_bundle import write_bundle


def env(arguments: argparse.Namespace) -> int:
    """Print them. Raises Unanswered where nothing runs: variables that lead nowhere would look like an outage."""
    settings = read_settings(os.environ, arguments.config, given(arguments, ("data_dir",)))
    print(
        shown(
            _everybodys(settings) if arguments.run_id is None else _of_run(settings, arguments.run_id), arguments.shell
        )
    )
    return 0


def _everybodys(settings: Settings) -> dict[str, str]:
    bound = addresses.read(settings.data_dir)
    bundle = write_bundle(settings.data_dir)
    return routing(bound.seen_from(settings.steered_to[0]), bundle)


def _of_run(settings: Settings, run_id: str) -> dict[str, str]:
    """With the run's own credentials, as the gateway knows them."""
    run = Api.found(settings).get(f"/api/runs/{quote(run_id, safe='')}")
    if run.get("variables") is None:
        raise ConfigError(f"the run {run_id!r} is finished: nothing would be booked to it any more")
    return dict(run["variables"])
