"""Describing an HTTP request: where it was meant to go, what its pack makes of it, whom it reaches."""

import re
from typing import Any, Protocol

from policies.effect import Channel, Effect, Intent
from policies.expression_code import Evaluate
from policies.expression_collections import aslist
from policies.facts_code import MOST_NAMED
from policies.head_shape import HeadShape, shape_of
from policies.http_request import HttpRequest
from policies.multipart import READ_CHARSETS, parameter
from policies.pack_context import Describing
from policies.pack_type import Pack
from policies.recognition import Recognition
from policies.request_view import RequestView
from policies.whole_text import whole

READS = frozenset({"GET", "HEAD", "OPTIONS"})
_ADDRESS = r"[^\s,;:<>()\[\]\"\\@]+@[^\s,;:<>()\[\]\"\\@]+"
_ONE_ADDRESS = re.compile(rf"\s*(?:({_ADDRESS})|(?:\"[^\"\\<>]*\"\s*|[^\"\\<>@,;:()]*)<({_ADDRESS})>)\s*\Z")
"""One plain address, alone or in angle brackets after a name. Anything cleverer might be read as two by a server."""


class Recogniser(Protocol):
    """The packs, as far as describing needs them."""

    def recognise(self, view: RequestView) -> Recognition:
        """What a request is; never raises for what a client sent."""
        ...


def describe_request(
    request: HttpRequest, packs: Recogniser, *, run: str, window: str | None = None, flags: tuple[str, ...] = ()
) -> tuple[Effect, Recognition]:
    """The effect of a request, and what its pack made of it."""
    shape: HeadShape = request.__dict__.get("_shape") or shape_of(request)
    named, place = shape.named, shape.places.get(request.target) or shape.place(request.target)
    view = RequestView(request, named.host, named.port, place.path, shape, place)
    known = packs.recognise(view)
    pack, operation, facts, recipients = known.pack, known.operation, known.kept, None
    flags = (*request.flags, *flags)
    if operation is None:
        channel, intent, marks = _undescribed(request, pack)
    else:
        channel, intent, marks = operation.channel, operation.intent, operation.marks
        if intent == "read" and operation.when is not None and (view.faults or not _read_as_sent(known)):
            intent = "write"  # for another reader it may be another operation
        if operation.recipients is not None:
            recipients = _recipients(known, operation.recipients, channel)
    if named.address is not None:
        facts.setdefault("address", named.address)
    effect = {
        "channel": channel,
        "intent": intent,
        "protocol": request.protocol,
        "target": place.target,
        "source": request.source,
        "run": run,
        "window": window,
        "provider": None if pack is None else pack.id,
        "operation": None if operation is None else operation.id,
        "address": named.address,
        "facts": facts,
        "recipients": recipients,
        "credential": known.credential,
        "flags": _flags(flags, marks, view) if flags or marks or view.faults else (),
        "conflicts": named.conflicts,
        "canonical": place.canonical,
    }
    return Effect.made_of(effect), known


def answered(known: Recognition) -> tuple[str, ...]:
    """The addresses that hear of a request besides those it reaches: bounces, receipts. '' for one that is none."""
    if known.operation is None or known.operation.answers is None:
        return ()
    found = [
        _ONE_ADDRESS.match(item) if isinstance(item, str) else None for item in _reached(known, known.operation.answers)
    ]
    return tuple(dict.fromkeys([match[1] or match[2] if match else "" for match in found]))


def _undescribed(request: HttpRequest, pack: Pack | None) -> tuple[Channel, Intent, tuple[str, ...]]:
    """Of an unknown host the method decides; of a known one the pack, and what it does not describe is a write."""
    if pack is not None:
        return pack.channel, "write", ("generic",)
    if request.method == "POST":
        return "webhook", "write", ()
    return "web", "read" if request.method in READS else "write", ()


def _recipients(known: Recognition, reach: Evaluate, channel: Channel) -> tuple[str, ...] | None:
    """Everybody the request reaches, or None wherever there is the least doubt: an opt-in rests on it.

    None with a body that could not be read cleanly, and for mail with anything that is not exactly one plain address.
    """
    reached = _reached(known, reach)
    if not reached or len(reached) > MOST_NAMED or not _is_all_known(known):
        return None
    if not all(isinstance(item, str) and item and whole(item) is item for item in reached):
        return None
    if channel == "email":
        matches = [_ONE_ADDRESS.match(item) for item in reached]
        reached = [match and (match.group(1) or match.group(2)) for match in matches]
    return tuple(dict.fromkeys(reached)) if all(reached) else None


def _is_all_known(known: Recognition) -> bool:
    """Whether nothing but what was read here can say whom it reaches."""
    fields = None if known.operation is None else known.operation.known
    return (fields is None or fields.is_all(known.view)) and not known.view.faults and _read_as_sent(known)


def _read_as_sent(known: Recognition) -> bool:
    """Whether every server reads the fields that were read here, and no others."""
    if known.view.query and known.view.form:
        return False  # some read both as one, and would reach whom the query names too
    content_type = known.view.shape.content_type.lower()
    if "_charset_" in known.view.form:
        return False
    if "charset" not in content_type:
        return True
    return content_type.count("charset") == 1 and (parameter(content_type, "charset") or "").strip() in READ_CHARSETS


def _reached(known: Recognition, reach: Evaluate) -> list[Any]:
    context = Describing(known.view)
    context.x = known.facts or {}
    return aslist(reach(context))


def _flags(sent: tuple[str, ...], marks: tuple[str, ...], view: RequestView) -> tuple[str, ...]:
    found = (*sent, *marks)
    if view.faults:
        found = (*found, "malformed" if view.request.body.data is not None else "unread_body")
    return tuple(dict.fromkeys(found))
