"""CleanExchange: a request and our own answer to it made into a row at once, for nearly always nothing is a secret.

Two looks at all that is new tell so, where each part for itself takes many; and what one head, one operation's answers
and one decision have in common is told already. Where a look finds anything, or a part is unlike what it nearly always
is, every part is masked for itself and made into a record (`ledger.masking`, `ledger.row`): what is made here is the
row that would come of that, octet for octet. Between texts that are looked at as one stands a line feed, or what stands
between texts in JSON: either ends what a pattern may span, and is the start and the end of a word to all of them.
"""

from collections.abc import Mapping
from datetime import datetime
from json.encoder import encode_basestring
from typing import Any

from ledger.body_store import INLINE_LIMIT
from ledger.hidden_secrets import ENCODED_HINT
from ledger.kept import ObjectChange, kept_of
from ledger.mask_plan import MaskPlan, may_be_link
from ledger.masked_answer import answer_of
from ledger.masked_body import is_of_one_text
from ledger.masked_facts import facts_told
from ledger.masked_head import MaskedHead
from ledger.masked_headers import masked_path, masked_query, octets_of
from ledger.masking import Masker
from ledger.moment import microseconds
from ledger.reply import Reply
from ledger.row import ROW_OVERHEAD, CaptureColumns, EvidenceColumns, Row, recipients_of, sender_of, subject_of
from ledger.secret_hints import KEY_HINT
from ledger.story import json_of, opening, plain, unusual
from ledger.traits import traits_of
from policies.decision import Decision
from policies.effect import Effect
from policies.head_shape import shape_of
from policies.http_request import HttpRequest
from policies.secret_place import SecretPlace
from policies.written import WrittenObject

_starts: dict[tuple[Any, ...], str] = {}
_MOST_KEPT = 1024
_LONGEST_KEPT = 6144
"""Beginnings of stories that are remembered, and the characters of one with the head it is of, which it keeps."""
_made = tuple.__new__
"""Makes a named tuple of all its fields, where its own way is a call more."""


def clean_row(
    masker: Masker,
    capture_id: str,
    at: datetime,
    effect: Effect,
    decision: Decision,
    request: HttpRequest,
    reply: Reply,
    places: tuple[SecretPlace, ...],
) -> Row | None:
    """The row of a request that stays here and of our own answer to it, where nothing is to be removed from either.
    None where something may be, or where a body is too long for a row."""
    # In one piece, for every request: each step of its own costs a microsecond, and there were sixty.
    shape = shape_of(request)
    head: MaskedHead | None = shape.masked
    if head is None or head.keeper is not masker or head.plan.places is not places:
        head = shape.masked = MaskedHead(request, shape, masker.plan(places), masker, masker.mark)
    path, _, query = request.target.partition("?")
    key = head, path, effect.protocol, effect.credential, decision.rule, decision.reason, reply.fidelity
    start = _starts.get(key) or _start(key, masker, effect, decision)
    facts = effect.facts if not reply.facts else {**effect.facts, **reply.facts}
    if not start or (query and masked_query(query, head.plan, masker.mark) != query):
        return None
    told = _told(request, reply, facts, head, masker.general)
    if told is None:
        return None
    body, answer, replay, run = request.body, reply.body, reply.replay, effect.run
    if not run.isidentifier():
        run = plain(run)
    sha256 = f'"{body.sha256}"' if body.size else "null"
    story = f'{start}{body.size},{sha256}],"reply":[{reply.status or "null"},{len(answer)}],{told}}}'
    flags: tuple[str, ...] = ()
    if effect.flags or decision.flags or reply.flags:
        flags = tuple(dict.fromkeys((*effect.flags, *decision.flags, *reply.flags)))
    if (flags or query or reply.attempt_of or effect.recipients or effect.conflicts or not effect.canonical) and (
        more := unusual(effect, decision, flags, reply.attempt_of, query, None)
    ):
        story = f"{story[:-1]},{json_of(more)[1:]}"
    kept: str | None = None
    objects: tuple[ObjectChange, ...] = ()
    if reply.keep or replay is not None:
        kept, objects = kept_of(reply.keep, replay, answer, run, effect.provider or "")
    channel = effect.channel
    columns = (
        capture_id,
        microseconds(at),
        run,
        channel,
        effect.intent,
        effect.provider,
        effect.operation,
        decision.verdict,
        False,
        effect.target.host,
        effect.source,
        sender_of(facts) if "from" in facts else None,
        subject_of(facts) if "subject" in facts else None,
        len(story) + body.size + len(answer) + len(kept or "") + ROW_OVERHEAD,
        traits_of(flags, channel, head.content_type, body) if flags or channel == "email" else None,
        effect.window,
    )
    return _made(
        Row,
        (
            _made(CaptureColumns, columns),
            _made(EvidenceColumns, (story, body.data or None, None, answer or None, None, kept)),
            recipients_of(facts) if "to" in facts else (),
            objects,
            None if replay is None else (run, replay.key, replay.fingerprint),
            (),
        ),
    )


def _start(key: tuple[Any, ...], masker: Masker, effect: Effect, decision: Decision) -> str:
    """How a story begins, up to the size of the request's body; empty where the name of the host is a key, or one is in
    the path: what names an object may be repeated by all that is told of it."""
    head, path, *_, fidelity = key
    host = effect.target.host
    if masker.words(host) is not host or plain(host) is not host:
        return ""
    if masked_path(path, head.plan, masker.mark) != path:
        return ""
    shown = None if effect.target.path is None else path
    start = f'{opening(effect, shown, decision, fidelity)}"payload":[{json_of(head.content_type)},'
    if len(start) + len(head.form or "") <= _LONGEST_KEPT:
        if len(_starts) >= _MOST_KEPT:
            _starts.clear()
        _starts[key] = start
    return start


def _told(
    request: HttpRequest, reply: Reply, facts: Mapping[str, Any], head: MaskedHead, general: MaskPlan
) -> str | None:
    """The facts and the fields of both as a story tells them, where nothing in them is to be removed, nor from the
    bodies."""
    plan, form = head.plan, head.form
    names, ours = zip(*reply.headers, strict=True) if reply.headers else ((), ())
    answer = plan.answers.get(names) or answer_of(names, plan)
    told = facts_told(facts, general)
    if form is None or answer is None or told is None:
        return None
    if answer.content_type is not None and not is_of_one_text(ours[answer.content_type]):
        return None
    values = [request.headers[at][1] for at in head.changing]
    # Escaped, a text would hide what it says.
    said = told if "\\" not in told else "\n".join([value for value in facts.values() if isinstance(value, str)])
    if not _is_clean(request.body.data, "\n".join([*values, *ours]), reply, said, head):
        return None
    asked = form % tuple(map(encode_basestring, values))
    return f'"facts":{told},"headers":{asked},"reply_headers":{answer.form % tuple(map(encode_basestring, ours))}'


def _is_clean(data: bytes | None, fields: str, reply: Reply, said: str, head: MaskedHead) -> bool:
    """Whether nothing is to be removed from a request's body, nor from the `fields` that are new in it and in our
    answer, and neither the answer nor what is `said` in facts repeat a key."""
    answer, made = reply.body, reply.told
    if data is None or len(data) > INLINE_LIMIT or len(answer) > INLINE_LIMIT or (data and not head.one_text):
        return False
    plan = head.plan
    try:
        asked = f"{data.decode()}\n{fields}"
        new = answer.decode() if made is None or made[0] is not answer else _new_in(made[1]) or answer.decode()
        everything = f"{asked}\n{new}\n{said}"
        if not everything.isascii() or "\0" in everything:
            everything.encode()
            begin = data[:2] + answer[:2]
            if not begin.isascii() or b"\0" in begin:
                # Packed, after a byte order mark, or in units of several octets: not to be looked at as it stands.
                return False
    except UnicodeError:
        return False
    if head.secrets and any(secret in everything for secret in head.secrets):
        return False
    if not (plan.name_hint.found(asked) or KEY_HINT.found(everything)) and not (
        ("=" in fields or "@" in fields) and may_be_link(fields.encode())
    ):
        return True
    return (
        not plan.is_in_body(data)
        and (b"%" not in data or ENCODED_HINT.search(data) is None)
        and not plan.is_in_header(octets_of(fields))
        and not plan.is_key_in(b"%b\n%b" % (answer, said.encode()))
    )


def _new_in(answer: WrittenObject) -> str:
    """What of an answer is not the same in all of its layout; empty where the rest may be a key.

    Both are whole values of JSON, or signs between them: no key is in one and the other, nor spans several. To look at
    what is new alone costs half of looking at a common answer as a whole.
    """
    layout = answer.layout
    if layout.keyless is None:
        layout.keyless = not KEY_HINT.found("\n".join(layout.pieces))
    return ",".join(answer.values) if layout.keyless else ""
