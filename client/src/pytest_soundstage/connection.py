"""Connection: from what was chosen to a Soundstage that answers, and to this process's run in it."""

from __future__ import annotations

import os

from pytest_soundstage.ask import Ask, Steps
from pytest_soundstage.choices import Choices
from pytest_soundstage.container import SoundstageContainer
from pytest_soundstage.handed_on import HandedOn, handed_on, worker_id
from pytest_soundstage.own_gateway import OwnGateway
from pytest_soundstage.place import Place, found
from pytest_soundstage.run_steps import opened, run_told
from pytest_soundstage.soundstage import Run, wire_of
from pytest_soundstage.trouble import Refused, SoundstageError, Unanswered
from pytest_soundstage.wire import Wire

FIRST_QUESTION = 20.0


def connect(choices: Choices, gateway: OwnGateway | SoundstageContainer) -> HandedOn:
    """Find or start the Soundstage of this session. Raises Unanswered where one was asked for and does not answer."""
    inherited = handed_on()
    if inherited is not None:
        return inherited
    place = _place(choices, gateway)
    if place is None:
        return HandedOn(None, why=_nowhere())
    wire = Wire(place)
    try:
        wire.run(_ready())
    except Refused as trouble:
        raise Unanswered(str(trouble)) from None
    finally:
        wire.close()
    return HandedOn(place, _inherited_run(choices))


def open_run(known: HandedOn, name: str, lease: float) -> tuple[Run, bool]:
    """This process's run, and whether it is its own. Raises Unanswered, Refused.

    That of a worker is opened inside the run that pytest was started in, if it was: a run has one window at a time.
    """
    worker = worker_id()
    if known.run is not None and worker is None:
        return run_around(known), False
    wire = Wire(_place_of(known))
    try:
        wanted: dict[str, object] = {"canaries": True}
        if lease:
            wanted["lease"] = lease
        if known.run is not None:
            wanted["parent"] = known.run
        told = wire.run(opened(name if worker is None else f"{name} {worker}", **wanted))
    except SoundstageError:
        wire.close()
        raise
    run = Run(wire_of(wire, told), told)
    if run.wire is not wire:
        wire.close()
    return run, True


def run_around(known: HandedOn) -> Run:
    """The run that pytest was started in. Raises Unanswered, Refused."""
    wire = Wire(_place_of(known))
    try:
        return Run(wire, wire.run(run_told(known.run or "")))
    except SoundstageError:
        wire.close()
        raise


def _place_of(known: HandedOn) -> Place:
    if known.place is None:
        raise Unanswered(known.why)
    return known.place


def _place(choices: Choices, gateway: OwnGateway | SoundstageContainer) -> Place | None:
    """None where none was asked for and none runs."""
    if choices.mode.startswith(("http://", "https://")):
        token = os.environ.get("SOUNDSTAGE_TOKEN")
        if not token:
            raise Unanswered(f"--soundstage={choices.mode} needs SOUNDSTAGE_TOKEN, which is not set")
        return Place(choices.mode.rstrip("/"), token)
    if choices.starts_one and not os.environ.get("SOUNDSTAGE_URL"):
        return gateway.start()
    try:
        return found()
    except Unanswered:
        if choices.mode == "required" or os.environ.get("SOUNDSTAGE_URL"):
            raise
        return None


def _nowhere() -> str:
    try:
        found()
    except Unanswered as trouble:
        return str(trouble)
    return "Soundstage was not there when the session began"


def _inherited_run(choices: Choices) -> str | None:
    if choices.starts_one and not os.environ.get("SOUNDSTAGE_URL"):
        return None
    return os.environ.get("SOUNDSTAGE_RUN") or None


def _ready() -> Steps[None]:
    """Asks something that needs the token, so that a wrong one is known before the first test."""
    yield Ask("GET", "/api/captures", {"limit": 1}, seconds=FIRST_QUESTION)
