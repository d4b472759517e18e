"""The dashboard process: what is done before the dashboard is imported. What it does then is `dashboard_serving`."""

import argparse

from pydantic import BaseModel

from soundstage.child_side import run_child
from soundstage.importing import kept_for_good
from soundstage.powers import give_up


def main(arguments: argparse.Namespace) -> int:
    """Run as a child of `soundstage up`."""
    give_up()
    # Each model when it is first used: FastAPI alone brings dozens for a document that is hardly ever asked for.
    BaseModel.model_config["defer_build"] = True
    with kept_for_good():
        from soundstage.dashboard_serving import serve  # here: models made before would be built at once

    return run_child("dashboard", serve)
