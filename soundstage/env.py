"""`soundstage env`: the variables that route a program through a running Soundstage, in the words of a shell."""

import argparse
import os

from soundstage import addresses
from soundstage.options import given
from soundstage.routing import routing
from soundstage.settings_source import read_settings
from soundstage.shells import shown
from soundstage.trust_bundle import write_bundle


def env(arguments: argparse.Namespace) -> int:
    """Print them. Raises Unanswered where nothing runs: variables that lead nowhere would look like an outage."""
    settings = read_settings(os.environ, arguments.config, given(arguments, ("data_dir",)))
    bound = addresses.read(settings.data_dir)
    bundle = write_bundle(settings.data_dir)
    print(shown(routing(bound.seen_from(settings.steered_to[0]), bundle), arguments.shell))
    return 0
