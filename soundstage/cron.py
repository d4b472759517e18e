"""`soundstage cron`: a scheduler's job runs only if the policy opts it in; else it is recorded, and taken for done."""

import argparse
import hashlib
import json
import os
import re
import shlex
import socket
import sys
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, NoReturn

from dashboard.cron_token import cron_token
from soundstage.admin_token import read_token
from soundstage.api import Api
from soundstage.options import given
from soundstage.settings_source import read_settings

SHELL = "/bin/sh"
"""What runs a job that may: what cron runs it with where nothing else is said."""
NAME = "SOUNDSTAGE_JOB"
_JOB = r"([A-Za-z0-9][A-Za-z0-9_.@:/-]{0,99})"
_BEFORE = re.compile(rf"\s*:\s+{_JOB}\s*;")
_AFTER = re.compile(rf"(?:^|\s)#\s*job:\s*{_JOB}\s*$")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


def shell(arguments: argparse.Namespace) -> int:
    """As a crontab's SHELL: run the command in place of this process, or record it and end well.

    0 where it was captured, 1 where it was denied, 2 where nobody could be asked; a job that runs ends as it does.
    """
    command = str(arguments.command)
    told = _ask(arguments, job_name(command, os.environ), program_of(command))
    return _become(command) if told["run"] else _not_run(told)


def allowed(arguments: argparse.Namespace) -> int:
    """As a unit's ExecCondition: 0 where the job may run, 1 where it may not. Recorded either way."""
    told = _ask(arguments, arguments.job, "")
    if arguments.json:
        print(json.dumps(told, indent=1))
    elif not told["run"]:
        print(f"soundstage: the job {arguments.job} does not run: {told['reason']}", file=sys.stderr)
    return 0 if told["run"] else 1


def token(arguments: argparse.Namespace) -> int:
    """Print what a crontab needs in place of the admin's token."""
    settings = read_settings(os.environ, arguments.config, given(arguments, ("data_dir",)))
    print(cron_token(read_token(settings.token_file)))
    return 0


def job_name(command: str, environment: Mapping[str, str]) -> str:
    """SOUNDSTAGE_JOB, else `: name;` before or `# job: name` after the command, else one made of its program.

    A name that is made ends in a digest of the whole command, so that two commands of one program are two jobs.
    """
    if environment.get(NAME):
        return environment[NAME]
    written = _BEFORE.match(command) or _AFTER.search(command)
    if written is not None:
        return written.group(1)
    digest = hashlib.sha256(command.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    name = _NOT_IN_NAMES.sub("-", PurePath(program_of(command)).name).strip("-.")[:60]
    return f"{name or 'job'}-{digest}"


def program_of(command: str) -> str:
    """The first word that is run, without its arguments; empty where it cannot be told."""
    try:
        words = shlex.split(command, comments=True)
    except ValueError:
        return ""
    words = [word for word in words if not _ASSIGNMENT.match(word)]
    first = words[0] if words else ""
    return "" if first == ":" else first[:255]


def _become(command: str) -> NoReturn:
    # Nothing of ours stays: neither the token, nor a SHELL that programs of the job would come back to.
    kept = {name: value for name, value in os.environ.items() if name != "SOUNDSTAGE_TOKEN"}
    os.execve(SHELL, [SHELL, "-c", command], {**kept, "SHELL": SHELL})  # noqa: S606 - the crontab's own, opted in


def _not_run(told: Mapping[str, Any]) -> int:
    """Silent where it was captured: cron mails whatever a job prints."""
    if told["verdict"] != "deny":
        return 0
    print(f"soundstage: the job does not run: {told['reason']}", file=sys.stderr)
    return 1


def _ask(arguments: argparse.Namespace, job: str, program: str) -> dict[str, Any]:
    """Raises Unanswered or ConfigError where nobody could be asked; then the job does not run."""
    question = {
        "job": job,
        "program": program,
        "user": os.environ.get("LOGNAME") or os.environ.get("USER") or str(os.getuid()),
        "machine": socket.gethostname(),
        "scheduler": arguments.scheduler,
    }
    told: dict[str, Any] = _api(arguments).post("/api/schedule", question)
    # Only a plain yes is one, whoever it was that answered.
    return {**told, "run": told.get("run") is True and told.get("verdict") == "allow"}


def _api(arguments: argparse.Namespace) -> Api:
    settings = read_settings(os.environ, arguments.config, given(arguments, ("data_dir",)))
    url = os.environ.get("SOUNDSTAGE_URL")
    if url and not os.environ.get("SOUNDSTAGE_TOKEN") and os.environ.get("SOUNDSTAGE_ADMIN_TOKEN_FILE"):
        return Api(url, read_token(settings.token_file))
    return Api.found(settings)
