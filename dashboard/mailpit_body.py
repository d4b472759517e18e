"""Bodies of requests to Mailpit's API: JSON, whose keys Go reads in any case, or the form that some clients send."""

import json
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request

from dashboard.problem import Problem

IDS = 1000
"""Mails that one request may name."""
_TRUE = ("true", "1")


async def body_of(request: Request) -> dict[str, Any]:
    """Keys lower case; empty where there is no body. Raises Problem for what cannot be read.

    Mailpit takes a body it cannot read for none, and then deletes everything; here nothing is deleted.
    """
    raw = await request.body()
    if not raw.strip():
        return {}
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {name.lower(): values for name, values in _form(raw).items()}
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"The body is no JSON: {error}.") from error
    if isinstance(told, list):
        return {"to": told}
    if not isinstance(told, dict):
        raise Problem(400, f"The body is no JSON object but {type(told).__name__}.")
    return {str(name).lower(): value for name, value in told.items()}


def ids_of(body: dict[str, Any]) -> list[str]:
    """The mails that a body names; empty where it names none."""
    ids = words_of(body, "ids")
    if len(ids) > IDS:
        raise Problem(400, f"IDs: one request may name {IDS} mails, not {len(ids)}.", parameter="IDs")
    return ids


def words_of(body: dict[str, Any], name: str) -> list[str]:
    """A list of texts."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Problem(400, f"{name}: {str(value)[:200]!r} is no list of texts.", parameter=name)
    return value


def text_of(body: dict[str, Any], name: str) -> str:
    """One text; empty where it is not given."""
    value = body.get(name)
    value = value[-1] if isinstance(value, list) and value else value
    if value is not None and not isinstance(value, str):
        raise Problem(400, f"{name}: {str(value)[:200]!r} is no text.", parameter=name)
    return value or ""


def flag_of(body: dict[str, Any], name: str) -> bool:
    """True or false; false where it is not given."""
    value = body.get(name, False)
    if isinstance(value, list) and value:
        return str(value[-1]).lower() in _TRUE
    if not isinstance(value, bool):
        raise Problem(400, f"{name}: {str(value)[:200]!r} is neither true nor false.", parameter=name)
    return value


def _form(raw: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(raw.decode("utf-8", "replace"), max_num_fields=IDS + 10)
    except ValueError as error:
        raise Problem(400, f"This form has more than {IDS} fields.") from error
