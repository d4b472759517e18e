"""One attempt: what, by whom, why it was decided so, what was answered, what would opt it in, earlier ones."""

import asyncio
import re
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from dashboard.captured_message import detail as detail_of
from dashboard.captured_message import header_of, is_mail
from dashboard.curl_command import address, curl_command
from dashboard.gateway_link import Gateway, GatewayUnreachable
from dashboard.look import request_line, row
from dashboard.opened_message import MESSAGE_CHANNELS
from dashboard.policy_question import proposal
from dashboard.readable_body import pretty
from dashboard.rendering import Rendering
from ledger.reader import Reader
from policies.scheduled_job import SCHEDULERS

EARLIER = 10
FIDELITY = {
    "shaped": "in the provider's own shape, by its pack",
    "emulated": "by a stateful emulator",
    "generic": "a plain success: no pack knows this operation",
    "refused": "a refusal",
    "real": "the real destination's own answer",
}
_REMOVED = re.compile(r"\[removed:[^\[\]/]*\]")
_ANY = "# `*` stands for a secret that was removed: this opens all paths that differ in it alone.\n"
_ELSEWHERE = frozenset({"from", "to", "message_id"})


def attempt_routes(reader: Reader, gateway: Gateway, rendering: Rendering) -> APIRouter:
    """`/attempts/{id}`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/attempts/{capture_id}")
    async def attempt(request: Request, capture_id: str) -> HTMLResponse:
        found = await asyncio.to_thread(gather, reader, capture_id)
        if found is None:
            told = {"heading": "No such attempt", "sentence": "It was never captured, or retention has taken it."}
            return rendering.page(request, "lost.html", 404, **told)
        opt_in, missing = await opt_in_for(gateway, found["detail"])
        return rendering.page(request, "attempt.html", opt_in=opt_in, opt_in_missing=missing, **found)

    return router


def gather(reader: Reader, capture_id: str) -> dict[str, Any] | None:
    """Everything the page shows that the ledger knows."""
    stored = reader.get(capture_id)
    if stored is None:
        return None
    detail = detail_of(stored, reader.raw(capture_id))
    reply_type = header_of(detail["reply_headers"], "content-type")
    mail = is_mail(detail)
    return {
        "detail": {"attempt_of": None, **detail},
        "row": row(stored),
        "request_line": request_line(detail),
        "facts": facts_shown(detail["facts"]),
        "is_mail": mail,
        "is_message": detail["channel"] in MESSAGE_CHANNELS,
        "curl": curl_command(detail),
        "body": None if mail or not detail["body"] else pretty(detail["body"], detail["payload"]["content_type"]),
        "reply_body": pretty(detail["reply_body"], reply_type) if detail["reply_body"] else None,
        "fidelity": FIDELITY.get(detail["fidelity"], detail["fidelity"]),
        "earlier": [row(one) for one in reader.similar(stored, EARLIER)],
    }


def facts_shown(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Facts by their names, people first."""
    first = [(name, facts[name]) for name in ("from", "to") if facts.get(name)]
    others = [(name, value) for name, value in facts.items() if name not in _ELSEWHERE and value not in (None, "")]
    return [(name.replace("_", " ").capitalize(), _said(value)) for name, value in [*first, *others]]


async def opt_in_for(gateway: Gateway, detail: dict[str, Any]) -> tuple[str, str]:
    """The YAML that would let it through, or why there is none to show."""
    if detail["channel"] in ("dns", "socket"):
        return "", "Nothing can: names are never resolved outside, and bytes of no known protocol never leave."
    try:
        told = await gateway.explain(question(detail))
    except GatewayUnreachable:
        return "", "The gateway does not answer, so it cannot be asked."
    except ValueError as error:
        return "", str(error)
    opt_in, missing = proposal(str(told.get("opt_in") or ""))
    hidden = _REMOVED.search(str(detail["target"].get("path") or "")) is not None
    return f"{opt_in}{_ANY}" if opt_in and hidden else opt_in, missing


def question(detail: dict[str, Any]) -> dict[str, Any]:
    """What the policy is asked, made from a capture. Its credentials are removed: of a live one it is told.

    What stands in their place in a path would make it another; a star there is a path, and the pattern of all of them.
    """
    facts, target = detail["facts"], detail["target"]
    if is_mail(detail):
        mail = {"from": facts.get("from") or "", "to": facts.get("to") or [], "subject": facts.get("subject") or ""}
        return {"email": mail}
    if target["scheme"] in SCHEDULERS:
        return {"job": str(facts.get("job"))}
    live, url = "live_credential" in detail["flags"], _REMOVED.sub("*", address(target))
    return {"method": target.get("method") or "GET", "url": url, "headers": {}, "live_credential": live}


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_said(one) for one in value)
    return str(value)
