"""RunsLink: questions about runs as the API puts them to the gateway, which alone knows and changes them."""

from typing import Any

from dashboard.gateway_link import Gateway
from dashboard.problem import Problem

PATIENCE = 15.0
"""Seconds for an answer that waits for nothing but the disk, which others may be using."""
LOOKED_THROUGH = 1000
MEANT = "; a run is asked for by its id, and the latest of that name is {}."


class RunsLink:
    """Raises GatewayUnreachable where the gateway does not answer, and Problem for what the caller must change."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def ask(self, question: str, given: dict[str, Any], patience: float = PATIENCE) -> dict[str, Any]:
        """The gateway's answer."""
        told = await self._gateway.ask_run(question, given, patience)
        if "problem" in told:
            status, detail = int(told["problem"]["status"]), str(told["problem"]["detail"])
            meant = await self._named(given["run"]) if status == 404 and "run" in given else None
            raise Problem(status, f"{detail.rstrip('.')}{MEANT.format(meant) if meant else '.'}", meant=meant)
        return told

    async def _named(self, name: str) -> str | None:
        """The id of the latest run that somebody called so: people know runs by their names."""
        told = await self._gateway.ask_run("run_list", {"open": None, "limit": LOOKED_THROUGH}, PATIENCE)
        return next((run["id"] for run in told.get("items", []) if run["name"] == name), None)

    async def run_show(self, run_id: str) -> dict[str, Any] | None:
        """The run's JSON; None where there is none. Problem for a run's name, which says its id."""
        try:
            return await self.ask("run_show", {"run": run_id})
        except Problem as problem:
            if problem.status == 404 and problem.more["meant"] is None:
                return None
            raise

    async def names(self) -> dict[str, Any]:
        """The names that the packs in use know."""
        return await self.ask("names", {})

    async def settle(self, run_id: str, quiet: float, at_most: float) -> dict[str, Any]:
        """`{"reached": bool, "why": str | None, "waited": seconds}`."""
        asked = {"run": run_id, "quiet": quiet, "at_most": at_most}
        return await self.ask("settle", asked, at_most + PATIENCE)
