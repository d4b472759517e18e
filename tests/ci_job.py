"""A CI job on this machine: steps of an action or of a template, run by the shell that a runner would run them by."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from running import PROJECT

CI = PROJECT / "deploy" / "ci"
SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
INSTALLS = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/installed"
"""
"""In place of `deploy/prepare`, which would install into the environment that the tests themselves run in."""
ROOT = """#!/bin/sh
echo "$@" >> {log}
"""


class Job:
    """A runner's machine in a folder: a checkout of Soundstage, a workspace, and a `sudo` that does nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.work, self.checkout = folder, folder / "work", folder / "checkout"
        self.work.mkdir()
        shutil.copytree(CI, self.checkout / "deploy" / "ci")
        (self.checkout / ".venv").symlink_to(PROJECT / ".venv")
        _program(self.checkout / "deploy" / "prepare", INSTALLS)
        self.sudo = folder / "sudo.log"
        self.programs = folder / "programs"
        self.programs.mkdir()
        for name in ("sudo", "sysctl", "apt-get"):
            _program(self.programs / name, ROOT.format(log=self.sudo).replace('"$@"', f'{name} "$@"'))
        kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        path = f"{self.programs}:{os.environ['PATH']}"
        self.environ = {**kept, "PATH": path, "RUNNER_TEMP": str(folder / "temp"), "STAGE_PROC": str(folder / "proc")}
        (folder / "temp").mkdir()

    @property
    def installed(self) -> str:
        """What the stand-in for `deploy/prepare` was told."""
        return (self.checkout / "deploy" / "installed").read_text()

    def keeps_namespaces(self) -> None:
        """From now on this machine is as Ubuntu 24.04 is."""
        setting = self.folder / "proc" / "kernel" / "apparmor_restrict_unprivileged_userns"
        setting.parent.mkdir(parents=True)
        setting.write_text("1\n")

    def shell(self, text: str, variables: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:
        """One step."""
        return subprocess.run(
            [*SHELL, text],
            cwd=self.work,
            env={**self.environ, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


class GitHub(Job):
    """With the files by which GitHub's steps tell each other."""

    FILES = ("ENV", "PATH", "OUTPUT", "STEP_SUMMARY")

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.files = {name: folder / f"github_{name.lower()}" for name in self.FILES}
        for file in self.files.values():
            file.touch()
        told = {f"GITHUB_{name}": str(file) for name, file in self.files.items()}
        action = {"GITHUB_ACTION_PATH": str(self.checkout / "deploy" / "ci"), "GITHUB_ACTIONS": "true"}
        self.environ |= {**told, **action}
        self.action: dict[str, Any] = yaml.safe_load((CI / "action.yml").read_text())

    def step(self, name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
        """One of the action's own, with the inputs given and the defaults of the others."""
        step = next(one for one in self.action["runs"]["steps"] if one["name"] == name)
        known = {key: one.get("default", "") for key, one in self.action["inputs"].items()} | inputs
        variables = {key: _filled(value, known) for key, value in step.get("env", {}).items()}
        done = self.shell(_filled(step["run"], known), variables)
        self.environ |= dict(line.split("=", 1) for line in self.files["ENV"].read_text().splitlines())
        self.environ["PATH"] = ":".join([*self.files["PATH"].read_text().split(), self.environ["PATH"]])
        return done


def _filled(text: str, inputs: Mapping[str, str]) -> str:
    known = {"github.job": "tests", "steps.python.outputs.python-path": "/usr/bin/python3"}
    known |= {f"inputs.{name}": value for name, value in inputs.items()}
    for _ in range(2):  # an input's default may be an expression
        text = re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: known[found.group(1)], text)
    return text


def _program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
