"""`soundstage up`: starts the gateway's process first of all, so that it is ready to be told what to do when we are."""

import argparse

from soundstage.spawned import Spawned, process_of


def up(arguments: argparse.Namespace) -> int:
    """0 after a clean stop. Raises ConfigError where it does not start."""
    with Spawned(process_of("gateway")) as gateway:
        from soundstage.supervision import supervise  # here: the two processes import side by side

        supervise(arguments, gateway)
    return 0
