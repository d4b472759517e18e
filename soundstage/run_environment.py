"""The environment of a run's command: the run's own variables, and nothing that leads to where it must not get."""

from collections.abc import Mapping

from soundstage.joined import joined
from soundstage.run_sockets import STRIPPED

OTHER_PROXIES = ("ALL_PROXY", "FTP_PROXY", "RSYNC_PROXY", "SOCKS_PROXY")
"""Of somebody else: with them a program would ask a proxy that is not there."""


def environment_of(environ: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """What the command is started with. Soundstage's settings stay outside: some are secrets of its operator."""
    dropped = {*STRIPPED, *OTHER_PROXIES, *(name.lower() for name in OTHER_PROXIES)}
    kept = {
        name: value for name, value in environ.items() if name not in dropped and not name.startswith("SOUNDSTAGE_")
    }
    return kept | joined(kept, variables)
