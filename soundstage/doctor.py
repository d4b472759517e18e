"""`soundstage doctor`: from inside an environment, whether anything goes round Soundstage.

Runs on the standard library alone, so that it runs in any image; the record is asked where the API can be reached.
"""

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soundstage import doctor_machine, doctor_report
from soundstage.console import remark, warn
from soundstage.doctor_attempt import WHAT, Finding
from soundstage.doctor_examination import examine, judged, where
from soundstage.doctor_judge import accepted, contained, exit_code, noted
from soundstage.doctor_network import look_around
from soundstage.doctor_plan import MOST_TARGETS, plan
from soundstage.doctor_record import Recorded
from soundstage.doctor_silence import outside_report
from soundstage.doctor_trust import Stores
from soundstage.trouble import ConfigError, SoundstageError, Unanswered

if TYPE_CHECKING:
    from soundstage.api import Api


def doctor(arguments: argparse.Namespace) -> int:
    """0 contained, 1 open or incomplete, 2 in doubt; with `--before`, the command's code. Raises SoundstageError."""
    surroundings = look_around()
    if len(arguments.target) > MOST_TARGETS:
        raise ConfigError(f"--target was given {len(arguments.target)} times, {MOST_TARGETS} at most are tried")
    attempts = plan(surroundings, os.environ, arguments.target, f"sd{secrets.token_hex(5)}")
    if arguments.list:
        told = [{"id": one.id, "what": WHAT[one.way]} for one in attempts]
        print(json.dumps(told, indent=1) if arguments.json else doctor_report.planned(attempts))
        return 0
    command = _command(arguments)
    stores = Stores(os.environ, arguments.ca)
    outside = {} if arguments.outside is None else outside_report(arguments.outside)
    api, began = _api(arguments), time.monotonic()
    record = None if api is None else Recorded(api)
    with ThreadPoolExecutor(1) as beside:  # Java takes its time
        trust = beside.submit(lambda: list(stores.findings()))
        findings = judged(examine(attempts, surroundings), record, outside)
        findings += doctor_machine.look(os.environ, surroundings)
        findings += [*doctor_machine.exceptions(os.environ), *trust.result()]
    findings = accepted(findings, arguments.accept)
    report = doctor_report.machine(
        findings, machine=where(), consulted=record is not None, seconds=time.monotonic() - began
    )
    _tell(arguments, findings, report)
    _file(api, arguments.run_id, report)
    unnoted = api is not None and arguments.run_id is not None and not _note(api, arguments.run_id, findings)
    return _ended(command, findings) or (2 if unnoted else 0)


def _tell(arguments: argparse.Namespace, findings: Sequence[Finding], report: dict[str, Any]) -> None:
    # With --before, what is on stdout is the command's.
    place = sys.stderr if arguments.before else sys.stdout
    consulted = bool(report["consulted"])
    text = json.dumps(report, indent=1) if arguments.json else doctor_report.human(findings, consulted=consulted)
    print(text, file=place, flush=True)
    if not arguments.json and (hint := doctor_report.hint(findings)):
        remark(f"soundstage: hint: {hint}")


def _ended(command: list[str], findings: Sequence[Finding]) -> int:
    if not command:
        return exit_code(findings)
    if not contained(findings):
        warn(f"{Path(command[0]).name} was not started")
        return exit_code(findings)
    return subprocess.run(command, check=False).returncode  # noqa: S603 - no shell


def _command(arguments: argparse.Namespace) -> list[str]:
    words: list[str] = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if bool(words) != arguments.before:
        raise ConfigError(
            "--before goes with a command, and a command with --before", "soundstage doctor --before -- pg_restore dump"
        )
    if words and shutil.which(words[0]) is None:
        raise ConfigError(f"the command {words[0]} is not found, or is no program")
    return words


def _api(arguments: argparse.Namespace) -> "Api | None":
    """None where nothing says where it is, or what it takes to ask is not installed: a container of staging's."""
    named = bool(os.environ.get("SOUNDSTAGE_URL"))
    try:
        # Here, because an application's image lacks what they import.
        from soundstage.api import Api
        from soundstage.options import given
        from soundstage.settings_source import read_settings

        return Api.found(read_settings(os.environ, arguments.config, given(arguments, ("data_dir",))))
    except ImportError as trouble:
        if named or arguments.run_id:
            raise Unanswered(f"the record cannot be asked: {trouble}", "run Soundstage's own image") from None
        return None
    except Unanswered:
        if named or arguments.run_id:
            raise
        return None


def _file(api: "Api | None", run: str | None, report: dict[str, Any]) -> None:
    """Have the dashboard keep the report."""
    if api is None:
        return
    try:
        api.post("/api/doctor", {**report, "run": run})
    except ConfigError:  # a run's own token opens no more than the run: its programs could file what they like
        warn("the report is not kept on the dashboard: that takes the admin's token, and this is another")
    except SoundstageError as trouble:
        warn(f"the report is not kept on the dashboard: {trouble}")


def _note(api: "Api", run: str, findings: Sequence[Finding]) -> bool:
    """Whether the run was noted as contained: only where whatever it tries is on record. SoundstageError."""
    if noted(findings):
        api.post(f"/api/runs/{run}/contained", {"how": "doctor"})
    elif exit_code(findings) == 0:
        warn(f"{run} is not noted as contained: what it sends by ways that are dropped is on nobody's record")
        return False
    return True
