"""`soundstage env`: the variables that route a program through a running Soundstage, in the words of a shell."""

import argparse
import json
import os
from pathlib import Path
from urllib.parse import quote, urlsplit

from soundstage import addresses
from soundstage.api import Api
from soundstage.console import warn
from soundstage.joined import joined
from soundstage.options import given
from soundstage.routing import routing
from soundstage.settings import Settings
from soundstage.settings_source import read_settings
from soundstage.shells import NOT_EXPLAINED, shown
from soundstage.trouble import ConfigError
from soundstage.trust_bundle import write_bundle
from soundstage.variables import EXPLAINED, RUNTIMES, read_by

SHARED_ENTRANCE = "no browser takes credentials this way: its traffic is the run's only by a listener of its own"


def env(arguments: argparse.Namespace) -> int:
    """Print them. Raises Unanswered where nothing runs: variables that lead nowhere would look like an outage."""
    settings = read_settings(os.environ, arguments.config, given(arguments, ("data_dir",)))
    wanted = _wanted(arguments.runtime)
    variables = _everybodys(settings) if arguments.run_id is None else _of_run(settings, arguments.run_id)
    if arguments.browser is not None:
        print(_browser(arguments.browser, variables, as_json=arguments.json))
        return 0
    chosen = {name: value for name, value in joined(os.environ, variables).items() if read_by(wanted)(name)}
    if arguments.json:
        print(json.dumps(_explained(chosen) if arguments.explain else chosen, indent=1))
    else:
        print(shown(chosen, arguments.shell, EXPLAINED if arguments.explain else NOT_EXPLAINED))
    return 0


def _wanted(told: str | None) -> frozenset[str]:
    wanted = frozenset(RUNTIMES if told is None else (name.strip() for name in told.split(",")))
    for name in sorted(wanted - set(RUNTIMES)):
        raise ConfigError(f"--runtime {told}: no variables are known for {name!r}", f"known are {', '.join(RUNTIMES)}")
    return wanted


def _everybodys(settings: Settings) -> dict[str, str]:
    bound = addresses.read(settings.data_dir)
    bundle = write_bundle(settings.data_dir)
    return routing(bound.seen_from(settings.steered_to[0]), bundle)


def _of_run(settings: Settings, run_id: str) -> dict[str, str]:
    """With the run's own credentials, as the gateway knows them."""
    run = Api.found(settings).get(f"/api/runs/{quote(run_id, safe='')}")
    if run.get("variables") is None:
        raise ConfigError(f"the run {run_id!r} is finished: nothing would be booked to it any more")
    return dict(run["variables"])


def _explained(variables: dict[str, str]) -> dict[str, dict[str, str | None]]:
    return {name: {"value": value, "why": EXPLAINED.get(name)} for name, value in variables.items()}


def _browser(name: str, variables: dict[str, str], *, as_json: bool) -> str:
    """Flags, one a line, or the policy file."""
    from soundstage import browsers  # here, because whoever asks for variables would wait for its imports

    proxy = urlsplit(variables["HTTPS_PROXY"])
    if proxy.username:
        warn(SHARED_ENTRANCE)
    place, ca = (proxy.hostname or "", proxy.port or 80), Path(variables["NODE_EXTRA_CA_CERTS"])
    if name == "firefox":
        return json.dumps(browsers.firefox(place, ca), indent=1)
    flags = browsers.chromium(place, ca)
    return json.dumps(flags) if as_json else "\n".join(flags)
