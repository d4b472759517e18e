"""Filing: a passage and its reply made into the one record the ledger writes, with every secret removed."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ledger.clean_exchange import clean_row
from ledger.clean_mail import clean_mail
from ledger.entry import Entry
from ledger.masking import MaskedRequest, Masker
from ledger.record import Record
from ledger.reply import KeptObject, Reply
from ledger.row import Row
from policies.body import EMPTY, Body
from policies.decision import Decision
from policies.dns_question import DnsQuestion
from policies.effect import Effect
from policies.head_shape import shape_of
from policies.http_request import HttpRequest
from policies.mail import Mail
from policies.raw_connection import RawConnection
from policies.request_body import Undecodable, aws_unchunked
from policies.scheduled_job import ScheduledJob
from policies.secret_place import SecretPlace
from sinks.passage import Passage

NOTHING = Reply(fidelity="real", status=0)
"""Stands for the answer of a departure that has not come back yet."""


NO_PLACES: tuple[SecretPlace, ...] = ()
"""Of what is no pack's."""

ALERTS_WITHIN = 256 * 1024
"""Octets of a mail in which live keys and card numbers are looked for before it is answered."""


def written(passage: Passage, reply: Reply, masker: Masker) -> Record | Row:
    """What the ledger writes of a passage that stays here and was answered: where nothing is to be removed, its row."""
    request, known = passage.seen, passage.recognition
    if isinstance(request, HttpRequest) and reply.fidelity != "real":
        kind, places = "structured", NO_PLACES
        if known is not None and known.pack is not None:
            kind, places = (known.operation or known.pack).body, known.pack.secrets
        if kind != "exact":
            effect, decision = passage.effect, passage.decision
            row = clean_row(masker, passage.capture_id, passage.at, effect, decision, request, reply, places)
            if row is not None:
                return row
    elif isinstance(request, Mail):
        row = clean_mail(masker, passage.capture_id, passage.at, passage.effect, passage.decision, request, reply)
        if row is not None:
            return row
    return filed(passage, reply, left=False, masker=masker)


def filed(passage: Passage, reply: Reply | None, *, left: bool, masker: Masker) -> Record:
    """The record of one passage. Without a reply: of a departure, before anything is dialled."""
    told = NOTHING if reply is None else reply
    if isinstance(passage.seen, HttpRequest):
        return _of_request(passage, passage.seen, told, left, masker)
    content_type: str | None = "message/rfc822"
    session: dict[str, Any] = {}
    flags: tuple[str, ...] = ()
    if isinstance(passage.seen, Mail):
        body, session = passage.seen.body, _session(passage.seen, masker)
        flags = masker.message_flags((body.data or passage.seen.head)[:ALERTS_WITHIN])
    else:
        body, content_type = _evidence(passage.seen, masker)
    return Record.of(
        _entry(passage, told, left, body, content_type, masker, masker.facts(dict(_facts(passage, told))), flags),
        kept_body=body,
        query="",
        request_headers=(),
        reply_headers=told.headers,
        reply_body=told.body,
        session=session,
        keep=told.keep,
        replay=told.replay,
        after=told.after,
    )


class _Shown(NamedTuple):
    """An exchange, safe to keep."""

    request: MaskedRequest
    headers: tuple[tuple[str, str], ...]
    body: bytes
    facts: Mapping[str, Any]
    keep: tuple[KeptObject, ...]


def _of_request(passage: Passage, request: HttpRequest, reply: Reply, left: bool, masker: Masker) -> Record:
    recognition = passage.recognition
    exact = recognition is not None and recognition.keeps_body_exactly
    shown = _shown(passage, request, reply, exact, masker)
    masked = shown.request
    kept = _upload(request, masked.body) if exact else masked.body
    effect, target = passage.effect, passage.effect.target
    recipients = masked.echo.recipients(effect.recipients)
    if target.path != masked.path and target.path is not None:
        effect = effect.model_copy(update={"target": target.model_copy(update={"path": masked.path})})
    if recipients != effect.recipients:
        effect = effect.model_copy(update={"recipients": recipients})
    content_type = shape_of(request).first.get("content-type")
    return Record.of(
        _entry(passage, reply, left, kept, content_type, masker, shown.facts, masked.flags, effect),
        kept_body=kept,
        query=masked.query,
        request_headers=masked.headers,
        reply_headers=shown.headers,
        reply_body=shown.body,
        session={},
        keep=shown.keep,
        replay=reply.replay,
        after=reply.after,
    )


def _shown(passage: Passage, request: HttpRequest, reply: Reply, exact: bool, masker: Masker) -> _Shown:
    recognition, facts = passage.recognition, _facts(passage, reply)
    places = recognition.secrets if recognition is not None else ()
    own = reply.fidelity != "real"
    message = recognition is not None and recognition.message_body
    masked = masker.request(request, places, exact_body=exact, message=message)
    headers, body = masker.reply(reply.headers, reply.body, places, own=own)
    echo = masked.echo
    told = echo.facts(masker.facts(dict(facts)))
    return _Shown(masked, echo.headers(headers), echo.text(body), told, echo.kept(reply.keep))


def _facts(passage: Passage, reply: Reply) -> Mapping[str, Any]:
    return passage.effect.facts if not reply.facts else {**passage.effect.facts, **reply.facts}


def _upload(request: HttpRequest, body: Body) -> Body:
    """The object itself, without the signed chunks AWS SDKs send it in. A streamed one stays as it was sent."""
    signed_chunks = (request.header("x-amz-content-sha256") or "").startswith("STREAMING-")
    if body.data is None or not signed_chunks:
        return body
    try:
        return Body.of(aws_unchunked(body.data))
    except Undecodable:
        return body


def _entry(
    passage: Passage,
    reply: Reply,
    left: bool,
    body: Body,
    content_type: str | None,
    masker: Masker,
    facts: Mapping[str, Any],
    flags: tuple[str, ...] = (),
    effect: Effect | None = None,
) -> Entry:
    effect, decision = effect or passage.effect, passage.decision
    if masker.words(effect.target.host) is not effect.target.host:
        effect, decision = _without_named_key(effect, decision, masker)
        facts = {name: masker.words(value) if isinstance(value, str) else value for name, value in facts.items()}
    every_flag = (*effect.flags, *decision.flags, *flags, *reply.flags)
    return Entry(
        passage.capture_id,
        passage.at,
        effect,
        decision,
        reply.fidelity,
        left,
        content_type,
        body.size,
        body.sha256 if body.size else None,
        reply.status or None,
        reply.after + len(reply.body),
        reply.attempt_of,
        facts,
        tuple(dict.fromkeys(every_flag)) if every_flag else (),
    )


def _without_named_key(effect: Effect, decision: Decision, masker: Masker) -> tuple[Effect, Decision]:
    """Of a host's name that is a key, as it is where data is carried off by DNS."""
    words = masker.words
    target = effect.target.model_copy(update={"host": words(effect.target.host)})
    facts = {name: words(value) if isinstance(value, str) else value for name, value in effect.facts.items()}
    conflicts = tuple([words(conflict) for conflict in effect.conflicts])
    named = effect.model_copy(update={"target": target, "facts": facts, "conflicts": conflicts})
    return named, decision.model_copy(update={"reason": words(decision.reason)})


def _session(mail: Mail, masker: Masker) -> dict[str, Any]:
    return {
        "helo": masker.words(mail.helo),
        "tls": mail.tls,
        "sender": mail.sender,
        "sender_options": [masker.words(option) for option in mail.sender_options],
        "recipients": [
            {"address": address, "options": [masker.words(option) for option in options]}
            for address, options in zip(
                mail.recipients, mail.recipient_options or ((),) * len(mail.recipients), strict=True
            )
        ],
        "transcript": masker.words(mail.transcript),
    }


def _evidence(
    seen: DnsQuestion | RawConnection | HttpRequest | Mail | ScheduledJob, masker: Masker
) -> tuple[Body, str | None]:
    if isinstance(seen, ScheduledJob):
        return EMPTY, None
    if isinstance(seen, DnsQuestion):
        wire, name = Body.of(seen.wire), seen.wire.decode("latin-1")
        return (wire if masker.words(name) is name else Body(None, wire.size, wire.sha256)), "application/dns-message"
    if isinstance(seen, RawConnection):
        return masker.opening(seen.opening), "application/octet-stream"
    raise TypeError(f"{type(seen).__name__} is filed by its own kind")
