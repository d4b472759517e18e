"""`soundstage policy`: check and test files as the gateway would read them, ask the running one what it would do."""

import argparse
import json
import os
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from policies.policy import Policy
from policies.policy_file import load_policy
from policies.policy_problem import PolicyError
from policies.verification_summary import numbered
from policies.yaml_lines import parse
from soundstage.api import Api
from soundstage.console import complain, warn
from soundstage.options import given
from soundstage.packs_in_use import packs_in_use
from soundstage.settings_source import read_settings
from soundstage.trouble import ConfigError, unread

FAULT = re.compile(r" is not (?:allow|divert|capture|deny)(?: by \S+)? but (?:allow|divert|capture|deny) by ")
"""How a problem that is an example which does not hold tells itself from one that cannot be read."""


def checked(arguments: argparse.Namespace) -> int:
    """0 where the files load together, 2 with every problem where they do not."""
    try:
        policy = _load(arguments.files)
    except PolicyError as refused:
        return _refused(refused, as_json=arguments.json)
    if arguments.json:
        print(json.dumps({"opt_ins": len(policy.opt_ins), "warnings": list(policy.warnings), "problems": []}))
        return 0
    for warning in policy.warnings:
        warn(warning)
    print(
        f"good: {numbered(len(policy.opt_ins), 'opt-in')}{f' for {policy.environment}' if policy.environment else ''}"
    )
    return 0


def tested(arguments: argparse.Namespace) -> int:
    """0 where every example holds, 1 where one does not, 2 where the files cannot be read at all."""
    try:
        _load(arguments.files)
    except PolicyError as refused:
        if not all(FAULT.search(problem.what) for problem in refused.problems):
            return _refused(refused, as_json=arguments.json)
        _show_examples(arguments, refused)
        return 1
    _show_examples(arguments, None)
    return 0


def explained(arguments: argparse.Namespace) -> int:
    """Print the verdict and its reason, as a capture would show them, and what would opt it in."""
    settings = read_settings(os.environ, arguments.config, given(arguments, ("data_dir",)))
    question = _question(arguments.request, _headers(arguments.headers))
    told = Api.found(settings).post("/api/policy/explain", question)
    print(json.dumps(told, indent=1) if arguments.json else explanation(told))
    return 0


def explanation(told: Mapping[str, str]) -> str:
    """For people. What leaves already needs no opt-in."""
    said = f"{told['verdict']} by {told['rule']}: {told['reason']}"
    if told["verdict"] in ("allow", "divert"):
        return said
    if told["opt_in"].startswith("#"):  # a remark alone: nothing can be written
        return f"{said}\n\n{told['opt_in'].rstrip()}"
    return f"{said}\n\nto opt it in:\n\n{told['opt_in'].rstrip()}"


def _load(files: list[Path]) -> Policy:
    packs = packs_in_use(read_settings(os.environ).packs)
    return load_policy(files, packs=packs, now=datetime.now(UTC))


def _refused(refused: PolicyError, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"problems": [str(problem) for problem in refused.problems]}, indent=1))
    for problem in refused.problems:
        complain(str(problem))
    return 2


def _show_examples(arguments: argparse.Namespace, refused: PolicyError | None) -> None:
    faults = [str(problem) for problem in refused.problems] if refused else []
    count = sum(len((parse(path.read_text("utf-8")).data or {}).get("examples") or ()) for path in arguments.files)
    if arguments.json:
        print(json.dumps({"examples": count, "failed": faults}, indent=1))
        return
    for fault in faults:
        complain(fault)
    print(f"{count - len(faults)} of {count} examples hold")


def _question(request: list[str], headers: dict[str, str]) -> dict[str, Any]:
    """`POST https://...`, `https://...`, `mail:someone@example.com[,another@example.com]` or `job:nightly-report`."""
    words = " ".join(request).split()
    if len(words) == 1 and words[0].startswith("mail:"):
        return {"email": {"to": words[0].removeprefix("mail:").split(",")}}
    if len(words) == 1 and words[0].startswith("job:"):
        return {"job": words[0].removeprefix("job:")}
    if not 1 <= len(words) <= 2 or "://" not in words[-1]:
        raise ConfigError(
            f"{' '.join(words)!r} is no request",
            "such as: POST https://api.stripe.com/v1/charges, mail:someone@example.com, or job:nightly-report",
        )
    return {"method": words[0] if len(words) == 2 else "GET", "url": words[-1], "headers": headers}


def _headers(path: Path | None) -> dict[str, str]:
    """`Name: value` lines of a file, `-` for stdin: never of the command line, which others on the machine can read."""
    if path is None:
        return {}
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        raise ConfigError(f"--headers {path} cannot be read: {unread(trouble)}") from None
    pairs = [line.partition(":") for line in text.splitlines() if line.strip()]
    for name, colon, _ in pairs:
        if not colon:
            raise ConfigError(f"--headers {path}: {name!r} is no header", "each line reads Name: value")
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
