"""Describing an HTTP request: where it was meant to go, what its pack makes of it, whom it reaches."""

import re
from collections.abc import Mapping
from typing import Any, Protocol

from policies.effect import Channel, Effect, Intent
from policies.expression_collections import aslist
from policies.expression_values import encoded, text
from policies.head_shape import shape_of
from policies.http_request import HttpRequest
from policies.multipart import parameter
from policies.operation import Operation
from policies.pack_context import describing
from policies.recognition import Recognition
from policies.request_view import RequestView

READS = frozenset({"GET", "HEAD", "OPTIONS"})
SPOKEN_TO: frozenset[str] = frozenset({"email", "sms", "push", "chat"})
"""Channels whose fact `to` is a list."""
LONGEST_FACT = 2000
"""Characters of one fact that are kept; the body is kept beside it."""
MOST_NAMED = 10_000
"""Recipients that are named one by one; more count as not all named."""
_ADDRESS = r"[^\s,;:<>()\[\]\"\\@]+@[^\s,;:<>()\[\]\"\\@]+"
_ONE_ADDRESS = re.compile(rf"\s*(?:({_ADDRESS})|(?:\"[^\"\\<>]*\"\s*|[^\"\\<>@,;:()]*)<({_ADDRESS})>)\s*\Z")
"""One plain address, alone or in angle brackets after a name. Anything cleverer might be read as two by a server."""


_READ_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
"""In UTF-7 the same octets are other text."""


class Recogniser(Protocol):
    """The packs, as far as describing needs them."""

    def recognise(self, view: RequestView) -> Recognition:
        """What a request is; never raises for what a client sent."""
        ...


def describe_request(
    request: HttpRequest, packs: Recogniser, *, run: str, window: str | None = None, flags: tuple[str, ...] = ()
) -> tuple[Effect, Recognition]:
    """The effect of a request, and what its pack made of it."""
    shape = shape_of(request)
    named, place = shape.named, shape.place(request.target)
    view = RequestView(request, named.host, named.port, place.path, shape)
    known = packs.recognise(view)
    facts = _facts(known)
    if named.address is not None:
        facts.setdefault("address", named.address)
    channel, intent = _kind(request, known)
    effect = {
        "channel": channel,
        "intent": intent,
        "protocol": request.protocol,
        "target": place.target,
        "source": request.source,
        "run": run,
        "window": window,
        "provider": None if known.pack is None else known.pack.id,
        "operation": None if known.operation is None else known.operation.id,
        "address": named.address,
        "facts": facts,
        "recipients": _recipients(known, facts, channel),
        "credential": _credential(known),
        "flags": _flags(known, request, flags),
        "conflicts": named.conflicts,
        "canonical": place.canonical,
    }
    return Effect.made_of(effect), known


def _kind(request: HttpRequest, known: Recognition) -> tuple[Channel, Intent]:
    """Of an unknown host the method decides; of a known one the pack, and what it does not describe is a write."""
    if known.operation is not None:
        return known.operation.channel, known.operation.intent
    if known.pack is not None:
        return known.pack.channel, "write"
    if request.method == "POST":
        return "webhook", "write"
    return "web", "read" if request.method in READS else "write"


def _facts(known: Recognition) -> dict[str, Any]:
    """What the pack extracted, as plain facts of bounded size; nulls are left out."""
    facts: dict[str, Any] = {}
    spoken = known.operation is not None and known.operation.channel in SPOKEN_TO
    for name, value in (known.facts or {}).items():
        if spoken and name == "to":
            facts[name] = [_short(text(item)) for item in aslist(value)[:MOST_NAMED] if item is not None]
        elif type(value) is str:
            if value:
                facts[name] = value if value.isascii() and len(value) <= LONGEST_FACT else _short(value)
        elif value is not None and value != []:
            facts[name] = _fact(value)
    return facts


def _fact(value: Any) -> Any:
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, list):
        return [_fact(item) for item in value[:MOST_NAMED]]
    return _short(encoded(value))


def _short(value: str) -> str:
    cut = value if len(value) <= LONGEST_FACT else f"{value[: LONGEST_FACT - 1]}…"
    return cut if cut.isascii() else cut.encode("utf-8", "replace").decode("utf-8")


def _recipients(known: Recognition, facts: Mapping[str, Any], channel: Channel) -> tuple[str, ...] | None:
    """Everybody the request reaches, or None wherever there is the least doubt: an opt-in rests on it.

    None with a body that could not be read cleanly, and for mail with anything that is not exactly one plain address.
    """
    if known.operation is None or known.operation.recipients is None:
        return None
    reached = _reached(known.operation, known)
    if not reached or known.view.faults or len(reached) > MOST_NAMED:
        return None
    if not _read_as_sent(known):
        return None
    if not all(isinstance(item, str) and item for item in reached):
        return None
    if channel == "email":
        matches = [_ONE_ADDRESS.match(item) for item in reached]
        reached = [match and (match.group(1) or match.group(2)) for match in matches]
    return tuple(dict.fromkeys(reached)) if all(reached) else None


def _read_as_sent(known: Recognition) -> bool:
    """Whether every server reads the fields that were read here, and no others."""
    if known.view.query and known.view.form:
        return False  # some read both as one, and would reach whom the query names too
    content_type = known.view.shape.content_type.lower()
    if "charset" not in content_type:
        return True
    return (parameter(content_type, "charset") or "").strip() in _READ_CHARSETS


def _reached(operation: Operation, known: Recognition) -> list[Any]:
    context = describing(known.view)
    context.x = known.facts or {}
    return [] if operation.recipients is None else aslist(operation.recipients(context))


def _credential(known: Recognition) -> Any:
    if known.pack is None or known.host is None:
        return "none"
    return known.pack.credentials.kind_of(known.view, known.credentials, known.host.env)


def _flags(known: Recognition, request: HttpRequest, flags: tuple[str, ...]) -> tuple[str, ...]:
    found = [*request.flags, *flags]
    operation = known.operation
    if operation is None:
        if known.pack is not None:
            found.append("generic")
    elif operation.generic or operation.telemetry:
        found += ["generic"] * operation.generic + ["telemetry"] * operation.telemetry
    if known.view.faults:
        found.append("malformed" if request.body.data is not None else "unread_body")
    return tuple(dict.fromkeys(found)) if found else ()
