"""Supervisor: the two processes of `soundstage up`, kept running side by side until the stop."""

import asyncio
import signal
import socket
from collections.abc import Callable
from typing import Any

from soundstage import addresses
from soundstage.addresses import Addresses, shown
from soundstage.keeper import Keeper
from soundstage.settings import Settings
from soundstage.spawned import Spawned, process_of
from soundstage.trouble import SoundstageError
from soundstage.trust_bundle import hand_out

PORTS = {
    "proxy": "proxy_port",
    "https": "https_port",
    "http": "http_port",
    "dns": "dns_port",
    "smtp": "smtp_port",
    "smtps": "smtps_port",
    "socks": "socks_port",
    "wireguard": "wireguard_port",
    "transparent": "transparent_port",
}
"""Each listener of the gateway, and the setting its port is. Not each of them has to be there."""


class Supervisor:
    """Owns the dashboard's listening socket, so that a page asked for while the dashboard restarts only waits."""

    def __init__(
        self, settings: Settings, gateway: Spawned, dashboard: socket.socket, announce: Callable[[Addresses], None]
    ) -> None:
        self._settings = settings
        self._socket = dashboard
        self._announce = announce
        self._gateway = Keeper("gateway", process_of("gateway"), self._gateway_order, first=gateway)
        self._dashboard = Keeper(
            "dashboard",
            process_of("dashboard"),
            self._dashboard_order,
            self._dashboard_go,
            pass_fds=(dashboard.fileno(),),
        )
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Until SIGINT or SIGTERM. Raises ConfigError where the first start fails."""
        self._watch_signals()
        failed: SoundstageError | None = None
        try:
            await self._keep_both()
        except* SoundstageError as several:
            failed = next(error for error in several.exceptions if isinstance(error, SoundstageError))
        finally:
            addresses.remove(self._settings.data_dir)
        if failed is not None:
            raise failed

    async def _keep_both(self) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in (self._gateway.keep(), self._dashboard.keep(), self._open())]
            await self._stop.wait()
            for task in tasks:
                task.cancel()

    def _watch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._gateway.signal(signal.SIGHUP))

    async def _open(self) -> None:
        """Tell the world once both are ready."""
        bound = await self._bound()
        await self._dashboard.ready
        if self._settings.trust_dir is not None:
            hand_out(self._settings.data_dir, self._settings.trust_dir)
        addresses.write(self._settings.data_dir, bound)
        self._announce(bound)

    async def _gateway_order(self) -> dict[str, Any]:
        """A restarted gateway gets the ports that clients already know."""
        settings = self._settings
        if self._gateway.ready.done():
            known = self._gateway.ready.result()["sockets"]
            bound = {field: known[name][1] for name, field in PORTS.items() if name in known}
            settings = settings.model_copy(update=bound)
        host, port = self._socket.getsockname()[:2]
        return {"settings": settings.model_dump(mode="json"), "dashboard": [host, port]}

    async def _dashboard_order(self) -> dict[str, Any]:
        return {"settings": self._settings.model_dump(mode="json"), "socket": self._socket.fileno()}

    async def _dashboard_go(self) -> dict[str, Any]:
        """Given once the gateway is ready: the ledger is in shape then."""
        await asyncio.shield(self._gateway.ready)
        return {"ledger": "ready"}

    async def _bound(self) -> Addresses:
        ready = await asyncio.shield(self._gateway.ready)
        sockets = {name: shown(*ready["sockets"][name]) for name in PORTS if name in ready["sockets"]}
        host, port = self._socket.getsockname()[:2]
        return Addresses(**sockets, dashboard=f"http://{shown(host, port)}", ca=ready["ca"])
