"""Supervision: checks the ground, keeps gateway and dashboard running, says where everything is, until the stop."""

import argparse
import asyncio
import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from ledger import data_dir
from ledger.trouble import LedgerUnavailable
from sinks.binding import bound_socket
from soundstage import addresses
from soundstage.addresses import Addresses
from soundstage.admin_token import admin_token
from soundstage.options import given
from soundstage.settings import Settings
from soundstage.settings_source import read_settings
from soundstage.spawned import Spawned
from soundstage.supervisor import Supervisor
from soundstage.told_to_operator import told_to_operator
from soundstage.trouble import ConfigError
from soundstage.welcome import welcome


def supervise(arguments: argparse.Namespace, gateway: Spawned) -> None:
    """Until a clean stop. Raises ConfigError before anything is told what to do, or where the first start fails."""
    settings = read_settings(os.environ, arguments.config, given(arguments, ("data_dir", "policy")))
    _prepare(settings.data_dir)
    admin_token(settings)
    with alone(settings.data_dir), dashboard_socket(settings) as listening:
        addresses.remove(settings.data_dir)
        asyncio.run(_supervise(settings, gateway, listening))


async def _supervise(settings: Settings, gateway: Spawned, listening: socket.socket) -> None:
    def announce(bound: Addresses) -> None:
        print(welcome(settings, bound), flush=True)

    await Supervisor(settings, gateway, listening, announce).run()


def _prepare(path: Path) -> None:
    with told_to_operator(LedgerUnavailable):
        data_dir.prepare(path)


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the data directory for one `up`: a second one must not take the first one's addresses away."""
    with os.fdopen(os.open(path / "up.lock", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigError(
                f"another Soundstage runs on the data directory {path}",
                "stop that one, or give this one another with --data-dir or SOUNDSTAGE_DATA_DIR",
            ) from None
        yield


def dashboard_socket(settings: Settings) -> socket.socket:
    """The dashboard's listening socket. Raises ConfigError where its address cannot be had."""
    bind, port = settings.dashboard_bind, settings.dashboard_port
    try:
        listening = bound_socket(bind, port)
        listening.listen(128)
    except OSError as trouble:
        raise ConfigError(
            f"the dashboard cannot listen on {addresses.shown(bind, port)}: {trouble.strerror}",
            addresses.bind_hint(trouble, "SOUNDSTAGE_DASHBOARD", "DASHBOARD"),
        ) from None
    return listening
