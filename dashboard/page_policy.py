"""The page Policy: what may leave, the files as they were loaded, and what would happen to a request."""

import asyncio
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from dashboard import figures as said
from dashboard.gateway_link import Gateway
from dashboard.look import CHANNEL_WORDS
from dashboard.page_part import PagePart, as_it_is
from dashboard.policy_question import policy_question, proposal
from dashboard.rendering import Rendering

EXAMPLE = timedelta(days=30)
"""How far ahead the opt-in ends that is shown where there is none."""


class PolicyPages:
    """`/policy`, with the question in its address."""

    def __init__(self, gateway: Gateway, rendering: Rendering) -> None:
        self._gateway = gateway
        self._rendering = rendering

    def routes(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/policy", self.policy, methods=["GET"])
        return router

    def part(self, _of: str = "") -> PagePart:
        """All but the question: its answer is of when it was asked."""
        return PagePart("policy_part.html", self._told, as_it_is)

    async def policy(self, request: Request, ask: str = "", live: str = "") -> HTMLResponse:
        answer = await _answer(self._gateway, ask, live=bool(live)) if ask.strip() else None
        asked = {"ask": ask, "live": bool(live), "answer": answer}
        return self._rendering.page(request, "policy.html", **asked, **await self.part().drawn())

    async def _told(self) -> dict[str, Any]:
        told, files = await asyncio.gather(self._gateway.policy(), self._gateway.policy_files())
        now = self._rendering.clock()
        return {
            "environment": told.get("environment"),
            "alerts": said.policy_alerts(told, now),
            "opt_ins": said.opt_ins(told, now),
            "files": files["files"],
            "defaults": defaults_shown(files["defaults"]),
            "soon": f"{now + EXAMPLE:%Y-%m-%d}",
        }


def defaults_shown(defaults: dict[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """By what happens: the channel's word with each of its intents that has a default of its own."""
    shown = []
    for channel, what in defaults.items():
        each = list(what.items()) if isinstance(what, dict) else [("", str(what))]
        shown.append((CHANNEL_WORDS.get(channel, channel), each))
    return shown


async def _answer(gateway: Gateway, ask: str, *, live: bool) -> dict[str, Any]:
    """`{"wrong": sentence}`, or what `Gateway.explain` says, with `opt_in` empty where there is none to write."""
    try:
        told = await gateway.explain(policy_question(ask, live=live))
    except ValueError as error:
        return {"wrong": str(error)}
    opt_in, none = proposal(str(told.get("opt_in") or ""))
    return {**told, "wrong": None, "opt_in": opt_in, "none": none}
