"""Reading one entry of `opt_in:`. What it means once read lives in opt_in.py."""

import re
from datetime import datetime
from ipaddress import ip_address
from typing import Literal, get_args

from policies.address import refusal
from policies.decision import Verdict
from policies.effect import Channel, Intent
from policies.glob import Glob, path_glob, recipient_glob, word_glob
from policies.never import refusal_of_host
from policies.opt_in import NOT_REQUESTS, Narrowing, OptIn
from policies.pattern import BadPattern, HostPattern, parse_pattern
from policies.policy_file_section import Section, one_of
from policies.policy_file_values import read_expiry, read_method, read_network, read_opened_network, read_target_url

KEYS = (
    "id", "to", "email", "schedule", "do", "divert", "via", "addresses", "methods", "paths", "channel", "intent", "run",
    "source", "recipients", "credentials", "why", "owner", "expires",
)  # fmt: skip
_REQUIRED = ("id", "why", "owner", "expires")
_NOT_FOR_JOBS = (
    "to", "email", "divert", "via", "addresses", "methods", "paths", "channel", "intent", "recipients", "credentials",
)  # fmt: skip
_NOT_FOR_MAIL = ("to", "divert", "methods", "paths", "channel", "intent", "recipients", "credentials")
_VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
_TEST: tuple[Literal["test"], ...] = ("test",)
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")


def read_opt_in(section: Section, now: datetime) -> OptIn | None:
    """The opt-in, or None where something in it is wrong; each such thing is a problem of the file."""
    before = len(section.file.problems)
    section.only(KEYS)
    section.filled(but=_REQUIRED)
    name = _read_id(section)
    do = _read_verdict(section)
    why = section.text("why", "say why this may leave")
    owner = section.text("owner", "name the team that answers for it", longest=100)
    expires, until = _read_expires(section, now)
    addresses = section.several("addresses", read_opened_network) or ()
    jobs = _read_jobs(section)
    target, mail_to = (None, None) if "schedule" in section else _read_target(section, do, addresses)
    narrowing = _read_narrowing(section)
    _check_channels(section, narrowing, do)
    opt_in = OptIn(
        id=name or "",
        do=do,
        why=why or "",
        owner=owner or "",
        expires=expires,
        until=until,
        target=target,
        mail_to=mail_to,
        jobs=jobs,
        narrowing=narrowing,
        credentials=section.choice("credentials", _TEST),
        divert=_read_url(section, "divert", ("http", "https"), addresses),
        via=_read_url(section, "via", ("smtp", "smtps"), addresses),
        addresses=addresses,
        place=section.file.place(section.at),
    )
    return opt_in if len(section.file.problems) == before and not section.broken else None


def _read_id(section: Section) -> str | None:
    right = "write a name of small letters, digits and dashes, such as stripe-sandbox"
    name = section.text("id", right)
    if name is not None and not _ID.match(name):
        section.complain("id", f"{name!r:.80} is no id; {right}")
    return name


def _read_verdict(section: Section) -> Verdict:
    usual: Verdict = "divert" if "divert" in section else "allow"
    do = section.choice("do", _VERDICTS, absent=usual) or usual
    if ("divert" in section) != (do == "divert"):
        section.complain(
            "do" if "do" in section else "divert",
            f"'do: {do}' and 'divert' do not go together; write 'divert: URL' for a divert, and only then",
        )
    return do


def _read_expires(section: Section, now: datetime) -> tuple[datetime, str]:
    text = section.text("expires", "write the day it ends, at most 90 days ahead")
    if text is None:
        return now, ""
    try:
        return read_expiry(text, now)
    except ValueError as error:
        section.complain("expires", str(error))
        return now, ""


def _read_target(
    section: Section, do: Verdict, addresses: tuple[str, ...]
) -> tuple[HostPattern | None, tuple[Glob, ...] | None]:
    if "email" in section:
        return None, _read_mail(section, do)
    if "via" in section:
        section.complain("via", "'via' is for mail alone; write 'email: {to: [...]}' beside it, or 'divert' for calls")
    if "to" not in section:
        section.complain(None, "'to' is missing; write the host this opens, or 'email: {to: [...]}' for mail")
        return None, None
    try:
        target = parse_pattern(section.data["to"])
        _check_openable(target, do, addresses)
    except BadPattern as error:
        section.complain("to", str(error))
        return None, None
    return target, None


def _read_jobs(section: Section) -> tuple[Glob, ...] | None:
    if "schedule" not in section:
        return None
    for key in _NOT_FOR_JOBS:
        if key in section:
            section.complain(key, f"{key!r} is not for scheduled jobs; leave it away, or write 'to' for a call")
    schedule = section.inner("schedule")
    schedule.only(("job",))
    jobs = schedule.several("job", _job_glob)
    if "job" not in schedule and not schedule.broken:
        schedule.complain(None, "'job' is missing; write the job's name, such as nightly-report")
    return jobs


def _job_glob(value: object) -> Glob:
    """A name in which `*` stands for a part, never for all of it: every job at once is no opt-in."""
    glob = word_glob(value)
    if not any(char.isalnum() for char in glob.text) or not glob.text.isprintable() or len(glob.text) > 100:
        raise BadPattern(f"{value!r:.80} is no job's name; write one such as nightly-report, or nightly-*")
    return glob


def _read_mail(section: Section, do: Verdict) -> tuple[Glob, ...] | None:
    for key in _NOT_FOR_MAIL:
        if key in section:
            section.complain(
                key, f"{key!r} is not for mail over SMTP; leave it away, or write 'to' in place of 'email'"
            )
    mail = section.inner("email", "write {to: [...]}")
    mail.only(("to",))
    recipients = mail.several("to", _mail_glob)
    if "to" not in mail and not mail.broken:
        mail.complain(None, "'to' is missing; write whom mail may reach, such as [\"*@qa.example.com\"]")
    if do == "allow" and "via" not in section:
        section.complain(
            None, "'via' is missing; write the server that delivers the mail, such as smtp://relay.internal:25"
        )
    return recipients


def _mail_glob(value: object) -> Glob:
    glob = recipient_glob(value)
    if glob.kind != "address":
        raise BadPattern(f"{value!r} is no mail address; write one such as *@qa.example.com")
    return glob


def _check_openable(target: HostPattern, do: Verdict, addresses: tuple[str, ...]) -> None:
    if target.network is None:
        never = refusal_of_host(target.name) if target.kind == "exact" else None
    else:
        never = refusal_of_host(str(target.network.network_address))
    if never is not None:
        raise BadPattern(f"{never.reason}; name another host")
    if do == "allow" and target.network is not None:
        shut = refusal(ip_address(target.network.network_address), addresses)
        if shut is not None:
            raise BadPattern(f"{shut}; write addresses: [{target.network}]")


def _read_narrowing(section: Section) -> Narrowing:
    methods = section.several("methods", read_method)
    channels = section.several("channel", one_of(get_args(Channel)))
    intents = section.several("intent", one_of(get_args(Intent)))
    return Narrowing(
        methods=None if methods is None else frozenset(methods),
        paths=section.several("paths", path_glob),
        channels=None if channels is None else frozenset(channels),
        intents=None if intents is None else frozenset(intents),
        runs=section.several("run", word_glob),
        sources=section.several("source", read_network),
        recipients=section.several("recipients", recipient_glob),
    )


def _check_channels(section: Section, narrowing: Narrowing, do: Verdict) -> None:
    """Names are answered here and raw connections end here: an opt-in that promised otherwise would be a lie."""
    shut = sorted(NOT_REQUESTS & (narrowing.channels or frozenset()))
    if shut and do in ("allow", "divert"):
        section.complain(
            "channel", f"{' and '.join(shut)} cannot be let out; write 'do: capture' or 'do: deny', or leave it away"
        )


def _read_url(section: Section, key: str, schemes: tuple[str, ...], addresses: tuple[str, ...]) -> str | None:
    if key not in section:
        return None
    try:
        return read_target_url(section.data[key], schemes, addresses)
    except ValueError as error:
        section.complain(key, str(error))
        return None
