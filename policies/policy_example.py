"""Examples: what a policy file claims of itself. One that does not hold keeps the whole file from loading."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from policies.body import Body
from policies.decision import Verdict
from policies.effect import UNATTRIBUTED, Effect
from policies.http_request import HttpRequest
from policies.mail import Mail
from policies.pattern import BadPattern
from policies.policy import AS_IF_ALL_IN_FORCE, Policy
from policies.policy_file_section import Section
from policies.scheduled_job import ScheduledJob

Described = HttpRequest | Mail | ScheduledJob
Describer = Callable[[Described, str], Effect]
"""Makes an effect of what an example describes, for a run."""
KEYS = ("do", "with", "body", "mail", "job", "is", "by", "run", "source")
_HERE = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Example:
    """One example, ready to be judged."""

    shown: str
    effect: Effect
    verdict: Verdict
    by: str | None

    def fault(self, policy: Policy) -> str | None:
        """What the policy decides instead, or None where the example holds. Every opt-in counts as in force."""
        decision = policy.decide(self.effect, AS_IF_ALL_IN_FORCE)
        if decision.verdict == self.verdict and self.by in (None, decision.rule):
            return None
        expected = self.verdict if self.by is None else f"{self.verdict} by {self.by}"
        return f"{self.shown} is not {expected} but {decision.verdict} by {decision.rule}: {decision.reason}"


def read_example(section: Section, describe: Describer) -> Example | None:
    """The example, or None where something in it is wrong; each such thing is a problem of the file."""
    before = len(section.file.problems)
    section.only(KEYS)
    section.filled(but=("is",))
    verdict: Verdict | None = section.choice("is", get_args(Verdict))
    if "is" not in section and not section.broken:
        section.complain(None, "'is' is missing; write allow, divert, capture or deny")
    by = section.text("by", "name the opt-in", required=False)
    run = section.text("run", "name a run", required=False) or UNATTRIBUTED
    source = _read_source(section)
    if sum(key in section for key in _SUBJECTS) != 1:
        section.complain(None, "it needs one of 'do: METHOD URL', 'mail: {to: [...]}' and 'job: NAME'")
        return None
    seen, shown = next(read(section, source) for key, read in _SUBJECTS.items() if key in section)
    if seen is None or verdict is None or len(section.file.problems) > before:
        return None
    return Example(shown, describe(seen, run), verdict, by)


def _read_source(section: Section) -> str:
    text = section.text("source", "write an address", required=False)
    try:
        return _HERE if text is None else str(ip_address(text))
    except ValueError:
        section.complain("source", f"{text!r:.80} is no address; write one such as 10.0.3.7")
        return _HERE


def _read_request(section: Section, source: str) -> tuple[Described | None, str]:
    text = section.text("do", "write one such as POST https://api.example.com/v1/charges", longest=2000)
    method, _, address = (text or "").partition(" ")
    try:
        url = urlsplit(address)
    except ValueError:
        url = urlsplit("")
    scheme = _scheme(url.scheme)
    if scheme is None or not url.netloc or not method.isupper():
        section.complain("do", f"{text!r:.80} is no call; write one such as POST https://api.example.com/v1/charges")
        return None, ""
    body, kind = _read_body(section)
    headers = _read_headers(section)
    if kind is not None and all(name != "content-type" for name, _ in headers):
        headers = (*headers, ("content-type", kind))
    # Not taken from the split: it drops what makes a URL a trick, and a trick is what an example may be about.
    target = address.partition("://")[2][len(url.netloc) :] or "/"
    request = HttpRequest(method, scheme, (("host", url.netloc),), target, headers, source, body)
    return request, f"{method} {address}"


def _scheme(text: str) -> Literal["http", "https"] | None:
    return "https" if text == "https" else "http" if text == "http" else None


def _read_headers(section: Section) -> tuple[tuple[str, str], ...]:
    fields = section.inner("with")
    found = []
    for name, value in fields.data.items():
        if not isinstance(value, str | int) or isinstance(value, bool):
            fields.complain(name, f"{value!r:.80} is no header's value; write it in quotes")
        else:
            found.append((str(name).lower(), str(value)))
    return tuple(found)


def _read_body(section: Section) -> tuple[Body, str | None]:
    """A text is sent as it is, anything else as JSON."""
    value: Any = section.data.get("body")
    if value is None:
        return Body.of(b""), None
    if isinstance(value, str):
        return Body.of(value.encode()), None
    return Body.of(json.dumps(value).encode()), "application/json"


def _read_mail(section: Section, source: str) -> tuple[Described | None, str]:
    mail = section.inner("mail")
    mail.only(("to", "from"))
    recipients = mail.several("to", _recipient)
    sender = mail.text("from", "write an address", required=False) or ""
    if recipients is None:
        if "to" not in mail:
            mail.complain(None, "'to' is missing; write the envelope's recipients")
        return None, ""
    seen = Mail(sender, recipients, Body.of(b"\r\n"), source, "smtp", 25)
    return seen, f"mail to {', '.join(recipients)}"


def _recipient(value: object) -> str:
    if not isinstance(value, str):
        raise BadPattern(f"{value!r:.80} is no recipient; write one such as someone@customer.com")
    return value


def _read_job(section: Section, source: str) -> tuple[Described | None, str]:
    name = section.text("job", "write the job's name, such as nightly-report", longest=100)
    if name is None:
        return None, ""
    return ScheduledJob(name, "", "root", "localhost", source, "cron"), f"job {name}"


_SUBJECTS: dict[str, Callable[[Section, str], tuple[Described | None, str]]] = {
    "do": _read_request,
    "mail": _read_mail,
    "job": _read_job,
}
