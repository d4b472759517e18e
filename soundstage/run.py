"""`soundstage run`: a command as one attributed, contained run, from the run's opening to its verdict."""

import argparse
import asyncio
import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboard.gateway_link import GatewayUnreachable
from policies.http_request import RunClaim
from soundstage import addresses, canary, run_summary
from soundstage.adoption import Adoption
from soundstage.adoption_socket import NAME
from soundstage.api import Api
from soundstage.console import complain, warn
from soundstage.control_client import ControlClient
from soundstage.namespace import Broken, Impossible, Outcome, Restricted, contained
from soundstage.namespace_restrictions import explained
from soundstage.options import given
from soundstage.run_environment import environment_of
from soundstage.run_judged import expected, judged
from soundstage.run_plan import RELAY, Plan, canary_of, own_ports, plan
from soundstage.run_services import Services, read_services, relayed
from soundstage.run_trust import trusted
from soundstage.run_uncontained import uncontained
from soundstage.run_view import Guarded
from soundstage.settings import Settings
from soundstage.settings_source import read_settings
from soundstage.trouble import ConfigError, SoundstageError, Unanswered
from soundstage.trust_bundle import write_bundle

EXPECT = "--expect"
ALLOW = "--allow-uncontained runs it with the variables alone, which a program may ignore"


@dataclass(slots=True)
class Asked:
    """What was asked on the command line, and whom."""

    command: tuple[str, ...]
    settings: Settings
    api: Api
    services: Services
    allow_uncontained: bool
    told: dict[str, Any] = field(default_factory=dict)
    """What this side learnt of the run, for its end."""
    missed: str | None = None
    """Why its last probe did not arrive."""


def run(arguments: argparse.Namespace) -> int:
    """The command's own code if that is not 0, else the verdict's. Raises SoundstageError where it was not started."""
    settings = read_settings(os.environ, arguments.config, given(arguments, ("data_dir",)))
    command = _command(arguments.command)
    text = expected(arguments.expect)
    if arguments.expect is not None and text is None:
        return 2
    services = read_services(arguments.service, _own_ports(settings), settings.data_dir)
    asked = Asked(command, settings, Api.found(settings), services, arguments.allow_uncontained)
    opened = asked.api.post("/api/runs", _wanted(arguments.name, asked))
    try:
        code = _run(asked, opened)
    except BaseException:
        with contextlib.suppress(SoundstageError):
            asked.api.post(f"/api/runs/{opened['id']}/finish", {"verdict": "inconclusive"})
        raise
    try:
        verdict, finished = judged(asked.api, opened["id"], arguments, text, asked.missed)
        run_summary.tell(finished, asked.told, code, arguments.about)
    except SoundstageError as trouble:  # the command's own code comes first, whatever becomes of the run
        complain(str(trouble), trouble.hint)
        return code or 2
    return code or verdict


def _wanted(name: str | None, asked: Asked) -> dict[str, Any]:
    named = name or " ".join((Path(asked.command[0]).name, *asked.command[1:]))[:200]
    return {"name": named, "canaries": True, "services": list(asked.services.told())}


def _command(words: list[str]) -> tuple[str, ...]:
    command = words[1:] if words[:1] == ["--"] else words
    if command is words and any(word.partition("=")[0] == EXPECT for word in words):
        right = "soundstage run --expect FILE -- COMMAND"
        raise ConfigError(f"{EXPECT} stands after the command, which would be given it, and nothing be judged", right)
    if not command:
        raise ConfigError("there is no command to run", "soundstage run -- pytest tests")
    found = shutil.which(command[0])
    if found is None:
        raise ConfigError(f"the command {command[0]} is not found, or is no program")
    return (str(Path(found).absolute()), *command[1:])


def _own_ports(settings: Settings) -> dict[int, str]:
    try:
        return own_ports(addresses.read(settings.data_dir))
    except Unanswered:  # found by SOUNDSTAGE_URL, elsewhere
        return {}


def _run(asked: Asked, opened: dict[str, Any]) -> int:
    try:
        return _contained(asked, opened)
    except Restricted as why:
        message, hint = explained(str(why))
    except Impossible as why:
        if not asked.allow_uncontained:
            raise Unanswered(f"the command cannot be contained: {why}", ALLOW) from None
        message, hint = str(why), None
    warn(f"not contained: {message}" + (f"; {hint}" if hint else ""))
    return _uncontained(asked, opened)


def _contained(asked: Asked, opened: dict[str, Any]) -> int:
    if not hasattr(os, "unshare"):
        raise Restricted("namespaces are not to be had here")
    if not (asked.settings.data_dir / NAME).exists():
        raise Impossible(
            f"its network can only be passed to a gateway of this machine, and {asked.settings.data_dir} is none's"
        )
    with tempfile.TemporaryDirectory(prefix="soundstage-run-") as scratch:
        write_bundle(asked.settings.data_dir)
        data_dir, files = asked.settings.data_dir, Path(scratch)
        stores = trusted(asked.command[0], Path.cwd(), os.environ, data_dir, files)
        made = plan(opened, asked.command, asked.services, data_dir, files, stores, _guarded(asked.settings))
        try:
            outcome = asyncio.run(_served(asked, opened, made))
        except (OSError, Broken) as trouble:
            raise Unanswered(f"the contained run ended: {trouble}") from None
    asked.missed = outcome.canary
    asked.told |= {"refused": dict(outcome.refused), "outlived": outcome.outlived}
    return outcome.code


def _guarded(settings: Settings) -> Guarded:
    """What is Soundstage's own beside its data directory; the gateway knows best which policy it reads."""
    try:
        sources = asyncio.run(ControlClient(settings.data_dir).policy())["sources"]
    except (GatewayUnreachable, ValueError) as trouble:
        raise Unanswered(f"the gateway does not tell which policy it reads: {trouble}") from None
    fixed = [Path(source) for source in sources] + [*settings.policy, *settings.packs]
    fixed += [settings.hosts_file] if settings.hosts_file else []
    return Guarded((settings.token_file.resolve(),), tuple(path.resolve() for path in fixed if path.is_absolute()))


async def _served(asked: Asked, opened: dict[str, Any], made: Plan) -> Outcome:
    @contextlib.asynccontextmanager
    async def serve(sockets: dict[str, int]) -> AsyncIterator[None]:
        passed = {name: descriptor for name, descriptor in sockets.items() if not name.startswith(RELAY)}
        claim = RunClaim(opened["id"], opened["token"])
        adoption = Adoption(asked.settings.data_dir, claim, passed)
        async with contextlib.AsyncExitStack() as held:
            await held.enter_async_context(_adopted(adoption))
            await held.enter_async_context(
                relayed((socket.socket(fileno=os.dup(sockets[name])), place) for name, place in made.relays.items())
            )
            yield

    return await contained(made.order, serve)


@contextlib.asynccontextmanager
async def _adopted(adoption: Adoption) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as held:
        try:
            await held.enter_async_context(adoption.kept())
        except OSError as trouble:
            message = f"the gateway does not take over the run's network: {trouble}"
            raise Unanswered(message, "--data-dir has to name the data directory of a running Soundstage") from None
        except ValueError as refused:
            raise Unanswered(f"the gateway does not take over the run's network: {refused}") from None
        yield


def _uncontained(asked: Asked, opened: Mapping[str, Any]) -> int:
    probes = canary_of(opened)
    trouble = canary.send(probes, "begin")
    if trouble is not None:
        raise Unanswered(trouble)
    code, outlived = uncontained(asked.command, environment_of(os.environ, opened["variables"]))
    asked.missed = canary.send(probes, "end")
    asked.told |= {"outlived": outlived}
    return code
