"""HandedOn: what the process that pytest-xdist was started in tells its workers, by a variable they inherit.

They need it before the application is imported, which is before pytest-xdist hands them anything.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass

from pytest_soundstage.place import Place

VARIABLE = "PYTEST_SOUNDSTAGE"


@dataclass(frozen=True)
class HandedOn:
    """Where Soundstage is, and the run all of pytest was started in, if it was; or why there is no Soundstage."""

    place: Place | None
    run: str | None = None
    why: str = ""

    def as_variable(self) -> dict[str, str]:
        place = None if self.place is None else {"url": self.place.url, "token": self.place.token}
        return {VARIABLE: json.dumps({"place": place, "run": self.run, "why": self.why})}


def worker_id(environ: Mapping[str, str] | None = None) -> str | None:
    """`gw0` in a worker of pytest-xdist, None elsewhere."""
    environ = os.environ if environ is None else environ
    return environ.get("PYTEST_XDIST_WORKER")


def handed_on(environ: MutableMapping[str, str] | None = None) -> HandedOn | None:
    """What was handed on to this process, None where nothing was."""
    environ = os.environ if environ is None else environ
    if worker_id(environ) is None or VARIABLE not in environ:
        return None
    # Taken out: what the tests start has no use for the token in it.
    told = json.loads(environ.pop(VARIABLE))
    place = Place(**told["place"]) if told["place"] else None
    return HandedOn(place, told["run"], told["why"])
