"""Connection: from what was chosen to a Soundstage that answers, and to this process's run in it."""

from __future__ import annotations

import os

from pytest_soundstage.ask import Ask, Steps
from pytest_soundstage.choices import Choices
from pytest_soundstage.handed_on import HandedOn, handed_on, worker_id
from pytest_soundstage.own_gateway import OwnGateway
from pytest_soundstage.place import Place, found
from pytest_soundstage.run_steps import opened, run_told
from pytest_soundstage.soundstage import Run
from pytest_soundstage.trouble import Refused, SoundstageError, Unanswered
from pytest_soundstage.wire import Wire

FIRST_QUESTION = 20.0


def connect(choices: Choices, gateway: OwnGateway) -> HandedOn:
    """Find or start the Soundstage of this session. Raises Unanswered where one was asked for and does not answer."""
    inherited = handed_on()
    if inherited is not None:
        return inherited
    place = _place(choices, gateway)
    if place is None:
        return HandedOn(None, why=_nowhere())
    run = _inherited_run(choices)
    wire = Wire(place)
    try:
        wire.run(_ready(run if choices.spread else None))
    except Refused as trouble:
        raise Unanswered(str(trouble)) from None
    finally:
        wire.close()
    return HandedOn(place, run)


def open_run(known: HandedOn, name: str) -> tuple[Run, bool]:
    """This process's run, and whether it is its own. Raises Unanswered, Refused."""
    if known.place is None:
        raise Unanswered(known.why)
    wire, worker = Wire(known.place), worker_id()
    try:
        if known.run is not None and worker is None:
            return Run(wire, wire.run(run_told(known.run))), False
        return Run(wire, wire.run(opened(name if worker is None else f"{name} {worker}", canaries=True))), True
    except SoundstageError:
        wire.close()
        raise


def _place(choices: Choices, gateway: OwnGateway) -> Place | None:
    """None where none was asked for and none runs."""
    if choices.mode.startswith(("http://", "https://")):
        token = os.environ.get("SOUNDSTAGE_TOKEN")
        if not token:
            raise Unanswered(f"--soundstage={choices.mode} needs SOUNDSTAGE_TOKEN, which is not set")
        return Place(choices.mode.rstrip("/"), token)
    if choices.mode == "auto" and not os.environ.get("SOUNDSTAGE_URL"):
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
    if choices.mode == "auto" and not os.environ.get("SOUNDSTAGE_URL"):
        return None
    return os.environ.get("SOUNDSTAGE_RUN") or None


def _ready(run: str | None) -> Steps[None]:
    """Asks something that needs the token, so that a wrong one is known before the first test.

    `run` is one that pytest was started in, if its tests are spread over workers: each of them needs a run of its own.
    """
    yield Ask("GET", "/api/captures", {"limit": 1}, seconds=FIRST_QUESTION)
    if run is None:
        return
    answer = yield Ask("GET", "/api/runs", {"limit": 1}, also=(403,))
    if answer.status == 403:
        why = f"run {run}, which pytest was started in, has one window at a time, and its token opens no further runs"
        raise Unanswered(f"{why}: leave out -n, or start pytest -n outside of it")
