"""A question to the policy, put as the effect it asks about: `{method, url, headers}`, `{email}` or `{job}`. Pure."""

from typing import Any
from urllib.parse import urlsplit

from policies.body import Body
from policies.http_request import HttpRequest, NameSource
from policies.mail import Mail
from policies.scheduled_job import ScheduledJob

SOURCE = "127.0.0.1"
"""Whose question it is: an opt-in narrowed to other sources does not match."""
PORTS = {"http": 80, "https": 443}


def seen_in(question: dict[str, Any], smtp_port: int = 25) -> HttpRequest | Mail | ScheduledJob:
    """What a listener would have seen. ValueError, a whole sentence, where the question itself is wrong."""
    if "email" in question:
        return _mail(question["email"], smtp_port)
    if question.get("job"):
        return ScheduledJob(str(question["job"]), "", "root", "localhost", SOURCE, "cron")
    if not question.get("url"):
        raise ValueError("a question needs a url, an email or a job")
    return _request(question.get("method") or "GET", str(question["url"]), question.get("headers") or {})


def _mail(email: dict[str, Any], port: int) -> Mail:
    recipients = tuple(email.get("to") or ())
    if not recipients:
        raise ValueError("a question about an email needs at least one recipient in `to`")
    sender = str(email.get("from") or "")
    head = f"From: {sender}\r\nTo: {', '.join(recipients)}\r\nSubject: {email.get('subject') or ''}\r\n\r\n"
    body = Body.of(head.encode("utf-8", "replace"))
    return Mail(sender=sender, recipients=recipients, body=body, source=SOURCE, protocol="smtp", port=port)


def _request(method: str, url: str, headers: dict[str, str]) -> HttpRequest:
    scheme, authority, target = _parts(url)
    sent = tuple((name.strip().lower(), value.strip()) for name, value in headers.items())
    if not any(name == "host" for name, _ in sent):
        sent = (("host", authority), *sent)
    names = (*_outer_names(scheme, authority), *(("host", value) for name, value in sent if name == "host"))
    return HttpRequest(
        method=method.upper(),
        scheme="https" if scheme == "https" else "http",
        names=names,
        target=target,
        headers=sent,
        source=SOURCE,
    )


def _parts(url: str) -> tuple[str, str, str]:
    """Scheme, authority and target as written: nothing is tidied, because untidy requests are judged as such."""
    try:
        split = urlsplit(url)
        split.port  # noqa: B018 - raises where it is no number
    except ValueError as wrong:
        raise ValueError(f"the url {url!r} cannot be read: {wrong}") from None
    if split.scheme not in PORTS or not split.netloc:
        raise ValueError(f"the url {url!r} has to begin with http:// or https:// and name a host")
    rest = url[len(split.scheme) + 3 + len(split.netloc) :].partition("#")[0]
    return split.scheme, split.netloc, rest if rest.startswith("/") else f"/{rest}"


def _outer_names(scheme: str, authority: str) -> tuple[tuple[NameSource, str], ...]:
    """What a client of the explicit proxy says before the Host field."""
    if scheme == "http":
        return (("absolute", authority),)
    split = urlsplit(f"//{authority}")
    host = split.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    connect: tuple[NameSource, str] = ("connect", f"{shown}:{split.port or PORTS[scheme]}")
    is_number = ":" in host or host.rpartition(".")[2].isdigit()
    return (connect,) if is_number else (connect, ("sni", host))  # RFC 6066: SNI never carries an address
