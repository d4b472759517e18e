"""The page Policy: what may leave, the files as they were loaded, and what would happen to a request."""

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from dashboard import figures as said
from dashboard.gateway_link import Gateway
from dashboard.look import CHANNEL_WORDS
from dashboard.policy_question import policy_question, proposal
from dashboard.rendering import Rendering

EXAMPLE = timedelta(days=30)
"""How far ahead the opt-in ends that is shown where there is none."""


def policy_pages(gateway: Gateway, rendering: Rendering) -> APIRouter:
    """`/policy`, with the question in its address."""
    router = APIRouter(include_in_schema=False)

    @router.get("/policy")
    async def policy(request: Request, ask: str = "", live: str = "") -> HTMLResponse:
        told, files = await gateway.policy(), await gateway.policy_files()
        now = datetime.now(UTC)
        return rendering.page(
            request,
            "policy.html",
            environment=told.get("environment"),
            alerts=said.policy_alerts(told, now),
            opt_ins=said.opt_ins(told, now),
            files=files["files"],
            defaults=defaults_shown(files["defaults"]),
            soon=f"{now + EXAMPLE:%Y-%m-%d}",
            ask=ask,
            live=bool(live),
            answer=await _answer(gateway, ask, live=bool(live)) if ask.strip() else None,
        )

    return router


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
