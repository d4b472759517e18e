"""The examples of a pack: requests with what must come of them, without which a pack does not load."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import re2

from policies.body import Body
from policies.describe_http import Recogniser, describe_request
from policies.effect import Effect
from policies.expression_values import TooLarge, encoded, get, text
from policies.http_request import HttpRequest
from policies.pack_context import PackContext
from policies.pack_file import ExampleEntry, Expected
from policies.pack_generator import Generator
from policies.pack_response import Rendered, Unanswerable
from policies.pack_type import Pack
from policies.recognition import Recognition

REASON = "no opt-in matches this example"
_AT = datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)


class ExampleError(ValueError):
    """An example that is no request. For the pack's author."""


def failures(pack: Pack, packs: Recogniser) -> Iterator[str]:
    """One sentence for each example that does not hold, and for a refusal that does not give our reason."""
    for index, example in enumerate(pack.examples):
        try:
            for what in _compare(example, packs):
                yield f"examples.{index}: {example.do}: {what}"
        except (ExampleError, Unanswerable, TooLarge) as error:
            yield f"examples.{index}: {example.do}: {error}"


def request_of(example: ExampleEntry) -> HttpRequest:
    """The request an example describes. Raises ExampleError."""
    method, _, url = example.do.partition(" ")
    parts = urlsplit(url)
    if not method.isupper() or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ExampleError(f"{example.do!r} is no `METHOD https://host/path`")
    headers = {name.lower(): value for name, value in example.with_.items()}
    body = b""
    if example.form is not None:
        body = urlencode({name: text(value) for name, value in example.form.items()}).encode()
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
    elif example.json_ is not None:
        body = encoded(example.json_).encode()
        headers.setdefault("content-type", "application/json")
    elif example.text is not None:
        body = example.text.encode()
    return HttpRequest(
        method=method,
        scheme="https" if parts.scheme == "https" else "http",
        names=(("host", parts.netloc),),
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        headers=tuple(headers.items()),
        source="192.0.2.1",
        body=Body.of(body),
    )


def rendered(known: Recognition, reason: str | None = None) -> Rendered | None:
    """The answer an example's request gets where nothing is kept yet; with a `reason`, its refusal."""
    context = PackContext(known.view, at=_AT, gen=Generator(b"example"), x=known.facts or {}, capture="example")
    if known.pack is None or reason is not None:
        context.reason = reason or ""
        return None if known.pack is None else known.pack.denial(known.operation, context).render(context)
    if known.operation is None or known.operation.response is None:
        return None
    return known.operation.response.render(context)


def _compare(example: ExampleEntry, packs: Recogniser) -> Iterator[str]:
    effect, known = describe_request(request_of(example), packs, run="example")
    expected = example.is_
    yield from _effect(effect, expected)
    answer = rendered(known)
    if answer is not None:
        yield from _answer(answer, expected)
    denied = rendered(known, REASON)
    if denied is not None and REASON.encode() not in denied.body and not _told_in_headers(denied):
        yield f"the refusal does not give the reason: {denied.body[:200]!r}"


def _told_in_headers(denied: Rendered) -> bool:
    return any(REASON in value for _, value in denied.headers)


def _effect(effect: Effect, expected: Expected) -> Iterator[str]:
    for name in ("operation", "intent", "channel", "credential"):
        wanted = getattr(expected, name)
        if wanted is not None and getattr(effect, name) != wanted:
            yield f"{name} is {getattr(effect, name)!r}, not {wanted!r}"
    for name, value in expected.facts.items():
        if not fits(effect.facts.get(name), value):
            yield f"the fact {name} is {effect.facts.get(name)!r}, not {value!r}"
    if "recipients" in expected.model_fields_set and effect.recipients != expected.recipients:
        yield f"recipients are {effect.recipients!r}, not {expected.recipients!r}"


def _answer(answer: Rendered, expected: Expected) -> Iterator[str]:
    if expected.status is not None and answer.status != expected.status:
        yield f"the status is {answer.status}, not {expected.status}"
    for path, wanted in expected.body.items():
        found = reached(answer.out, path)
        if not fits(found, wanted):
            yield f"{path} of the answer is {found!r}, not {wanted!r}"
    if expected.text is not None and not re2.search(expected.text, answer.body.decode("utf-8", "replace")):
        yield f"the answer has no match of {expected.text!r}: {answer.body[:200]!r}"


def reached(data: Any, path: str) -> Any:
    """What a dotted path leads to, numbers being places in lists; null where it leads nowhere."""
    for step in path.split("."):
        data = get(data, int(step) if isinstance(data, list) and step.isdigit() else step)
    return data


def fits(found: Any, wanted: Any) -> bool:
    """Equal; or, where what is wanted is `~pattern`, a text that has a match of it."""
    if isinstance(wanted, str) and wanted.startswith("~"):
        return isinstance(found, str) and re2.search(wanted[1:], found) is not None
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(fits(found.get(key), value) for key, value in wanted.items())
    return bool(found == wanted)
