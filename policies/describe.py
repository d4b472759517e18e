"""Describing: what a listener saw, as an Effect. Pure, and never an exception for what a client sent.

Of HTTP, `describe_http` knows more; here are the protocols whose effect is plain from their envelope.
"""

from functools import lru_cache
from typing import Any

from policies.describe_http import Recogniser, describe_request
from policies.dns_question import DnsQuestion
from policies.effect import Effect, Target
from policies.host import BadName, as_address, canonical_host
from policies.http_request import HttpRequest
from policies.mail import Mail
from policies.mail_headers import read_headers
from policies.naming import UNNAMED, meant
from policies.raw_connection import RawConnection
from policies.recognition import Recognition
from policies.scheduled_job import ScheduledJob


def describe(
    seen: HttpRequest | Mail | DnsQuestion | RawConnection | ScheduledJob,
    packs: Recogniser,
    *,
    run: str,
    window: str | None = None,
    flags: tuple[str, ...] = (),
) -> tuple[Effect, Recognition | None]:
    """The effect somebody attempted; of an HTTP request also what its pack made of it. `flags` are added to its own."""
    if isinstance(seen, HttpRequest):
        return describe_request(seen, packs, run=run, window=window, flags=flags)
    if isinstance(seen, Mail):
        return _mail(seen, run, window, (*seen.flags, *flags)), None
    effect = _described(seen, run, flags)
    return effect if window is None else effect.model_copy(update={"window": window}), None


def _described(seen: DnsQuestion | RawConnection | ScheduledJob, run: str, flags: tuple[str, ...]) -> Effect:
    if isinstance(seen, DnsQuestion):
        return _question(seen, run, (*seen.flags, *flags))
    if isinstance(seen, ScheduledJob):
        return _job(seen, run, (*seen.flags, *flags))
    return _connection(seen, run, (*seen.flags, *flags))


def _mail(mail: Mail, run: str, window: str | None, flags: tuple[str, ...]) -> Effect:
    """The envelope says whom it reaches; what the headers say is only shown."""
    headers = read_headers(mail.body.data or mail.head, sender=not mail.sender)
    facts: dict[str, Any] = {
        "from": mail.sender or headers.from_,
        "to": list(mail.recipients),
        "subject": headers.subject,
        "message_id": headers.message_id,
    }
    if mail.server:
        facts["server"] = mail.server
    return Effect.made_of(
        {
            "channel": "email",
            "intent": "write",
            "protocol": mail.protocol,
            "target": _entrance(mail.protocol, mail.port),
            "source": mail.source,
            "run": run,
            "window": window,
            "provider": None,
            "operation": None,
            "address": None,
            "facts": facts,
            "recipients": mail.recipients,
            "credential": "none",
            "flags": flags,
            "conflicts": (),
            "canonical": True,
        }
    )


@lru_cache(maxsize=64)
def _entrance(protocol: str, port: int) -> Target:
    """Where mail is handed over: the same for all that come by one socket."""
    return Target(scheme=protocol, host="mail", port=port)


def _question(question: DnsQuestion, run: str, flags: tuple[str, ...]) -> Effect:
    host = question.name.rstrip(".").lower() or "."
    server = {"server": question.server} if question.server else {}
    return Effect(
        channel="dns",
        intent="read",
        protocol=question.protocol,
        target=Target(scheme="dns", host=host, port=53, method=question.kind),
        source=question.source,
        run=run,
        facts={"name": question.name, "kind": question.kind, **server},
        flags=flags,
    )


def _connection(connection: RawConnection, run: str, flags: tuple[str, ...]) -> Effect:
    named = meant(connection.names, connection.protocol, connection.port)
    facts = {"what": connection.what}
    if named.address is not None:
        facts["address"] = named.address
    return Effect(
        channel="socket",
        intent="connect",
        protocol=connection.protocol,
        target=Target(scheme=connection.protocol, host=named.host, port=named.port),
        source=connection.source,
        run=run,
        address=named.address,
        facts=facts,
        flags=flags,
        conflicts=named.conflicts,
        canonical=named.canonical,
    )


def _job(job: ScheduledJob, run: str, flags: tuple[str, ...]) -> Effect:
    """Where it would run is shown, and no host an opt-in could name: jobs are opted in by their own."""
    return Effect(
        channel="schedule",
        intent="write",
        protocol=job.scheduler,
        target=Target(scheme=job.scheduler, host=_machine(job.machine), port=0),
        source=job.source,
        run=run,
        facts={"job": job.name, "program": job.program, "user": job.user, "machine": job.machine},
        flags=flags,
    )


def _machine(name: str) -> str:
    try:
        host = canonical_host(name)
    except BadName:
        return UNNAMED
    return UNNAMED if as_address(host) is not None else host
