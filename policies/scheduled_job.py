"""ScheduledJob: a job that a scheduler is about to start, and asks whether it may."""

from dataclasses import dataclass
from typing import Literal, get_args

from policies.http_request import RunClaim

Scheduler = Literal["cron", "systemd", "kubernetes"]
SCHEDULERS: tuple[Scheduler, ...] = get_args(Scheduler)


@dataclass(frozen=True, slots=True)
class ScheduledJob:
    """What is known of it before it runs. Its arguments are not: they hold passwords, and stay where they are."""

    name: str
    """As policies name it: `nightly-report`."""
    program: str
    """What it would run, without arguments; empty where the scheduler does not say."""
    user: str
    machine: str
    """The name of the machine it would run on."""
    source: str
    scheduler: Scheduler
    claim: RunClaim | None = None
    flags: tuple[str, ...] = ()
