"""StrictJson: only a body of JSON that says one thing reaches the routes; what is no text or no number is refused.

Python's reader takes half a surrogate pair, NaN, and an object that has a name twice. None of them can be written down,
answered or understood by whoever reads it next (RFC 8259, sections 4, 6 and 8.2).
"""

import json
import math
from collections.abc import Iterator
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.problem import Problem

DEEPEST = 64
"""Lists and objects within each other; the deepest that is asked for here has four."""
_WITHOUT = frozenset({"GET", "HEAD", "OPTIONS"})


class StrictJson:
    """Reads a request's body before the route does, and hands it on as it came."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _WITHOUT or not _says_json(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        messages = [message async for message in _whole(receive)]
        check(b"".join(message.get("body", b"") for message in messages))
        waiting = iter(messages)

        async def again() -> Message:
            return next(waiting, None) or await receive()

        await self._app(scope, again, send)


def _says_json(headers: Headers) -> bool:
    """Without a type it is taken for JSON, as by Mailpit, whose clients send none."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return not kind or kind.endswith(("/json", "+json"))


async def _whole(receive: Receive) -> Any:
    while True:
        message = await receive()
        yield message
        if message["type"] != "http.request" or not message.get("more_body"):
            return


def check(raw: bytes) -> None:
    """Raise a Problem, with the place, for what is to be refused. What is no JSON at all is its reader's to tell."""
    pairs: list[str] = []

    def unique(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) < len(found):
            names = [name for name, _ in found]
            pairs.append(next(name for name in names if names.count(name) > 1))
        return made

    try:
        told = json.loads(raw, object_pairs_hook=unique, parse_constant=_Constant)
    except RecursionError:
        raise Problem(422, f"body: lists and objects lie in each other more than {DEEPEST} deep.") from None
    except ValueError as error:
        if "digits" in str(error):  # of an integer: not the reader's words for what is no JSON
            raise Problem(422, "body: a number in it has more than 4300 digits.") from None
        return
    if pairs:
        raise Problem(422, f"body: the name {_shown(pairs[0])} stands twice in one object; which is meant?")
    for place, trouble in _troubles(told, ("body",)):
        raise Problem(422, f"{'.'.join(place)}: {trouble}.", parameter=".".join(place[1:]) or "body")


class _Constant(str):
    """NaN, Infinity or -Infinity, as it was written."""

    __slots__ = ()


def _troubles(value: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if len(place) > DEEPEST:
        yield place[:4], f"lists and objects lie in each other more than {DEEPEST} deep"
    elif isinstance(value, dict):
        for name, inner in value.items():
            if _is_torn(name):
                yield place, f"the name {_shown(name)} has half a surrogate pair, which is no character"
            yield from _troubles(inner, (*place, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _troubles(inner, (*place, str(number)))
    else:
        trouble = _trouble(value)
        if trouble is not None:
            yield place, trouble


def _trouble(value: Any) -> str | None:
    """Of what holds nothing else."""
    if isinstance(value, _Constant):
        return f"{value} is no number in JSON"
    if isinstance(value, float) and math.isinf(value):
        return "the number is too large"
    if isinstance(value, str) and _is_torn(value):
        return f"{_shown(value)} has half a surrogate pair, which is no character"
    return None


def _is_torn(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _shown(text: str) -> str:
    return ascii(text[:80])
