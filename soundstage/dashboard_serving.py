"""Serving the dashboard: pages and API on the supervisor's socket, over the ledger and the control socket."""

import asyncio
import contextlib
import shlex
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

from dashboard.app import create_app
from dashboard.settings import DashboardSettings
from ledger.body_store import BodyStore
from ledger.indexer import Indexer
from ledger.labels import Labels
from ledger.reader import Reader
from ledger.store import Ledger, prove_readable, unopened
from ledger.trouble import LedgerCorrupt, LedgerUnavailable
from soundstage.admin_token import admin_token
from soundstage.child_side import ChildSide
from soundstage.control_client import ControlClient
from soundstage.own_command import own_command
from soundstage.settings import Settings
from soundstage.told_to_operator import told_to_operator

GOODBYE_SECONDS = 1
"""How long open pages may take to end at the stop: a live stream never ends by itself."""


class Server(uvicorn.Server):
    """uvicorn, told to stop by us and telling us when it listens."""

    def __init__(self, config: uvicorn.Config, side: ChildSide, app: Any) -> None:
        super().__init__(config)
        self._app = app
        self._side = side

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process, not to the server."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Report once requests are answered."""
        await super().startup(sockets)
        if self.started:
            self._side.report({"ready": {}})

    async def obey(self) -> None:
        """End when told to."""
        await self._side.stop.wait()
        await self._app.state.feed.close()
        self.should_exit = True


async def serve(side: ChildSide) -> None:
    """Serve until the stop. What needs no ledger is done before the gateway has it in shape."""
    settings = Settings.model_validate(side.order["settings"])
    with contextlib.closing(unopened(settings.data_dir)) as ledger:
        server = _server(side, _app(settings, ledger))
        await side.go.wait()
        if side.stop.is_set():
            return
        with told_to_operator(LedgerUnavailable, LedgerCorrupt):
            prove_readable(ledger)
        with _indexing(ledger):
            await _serve(side, server)


def _server(side: ChildSide, app: Any) -> Server:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        http="h11",  # what tests see is what runs: no other parser, where one happens to be installed
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=GOODBYE_SECONDS,
    )
    config.load()
    return Server(config, side, app)


async def _serve(side: ChildSide, server: Server) -> None:
    with socket.socket(fileno=side.order["socket"]) as listening:
        async with asyncio.TaskGroup() as group:
            obeying = group.create_task(server.obey())
            await server.serve(sockets=[listening])
            obeying.cancel()


@contextlib.contextmanager
def _indexing(ledger: Ledger) -> Iterator[None]:
    """Search is fed here, where it costs the traffic nothing."""
    indexer = Indexer(ledger, BodyStore(ledger.data_dir))
    indexer.start()
    try:
        yield
    finally:
        indexer.close()


def _app(settings: Settings, ledger: Ledger) -> Any:
    told = DashboardSettings(
        settings.data_dir,
        admin_token(settings),
        settings.dashboard_names,
        command=own_command(),
        where=f" --data-dir {shlex.quote(str(settings.data_dir.absolute()))}",
    )
    return create_app(told, Reader(ledger), ControlClient(settings.data_dir), Labels(ledger))
