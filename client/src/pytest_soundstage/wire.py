"""Wire and AsyncWire: steps asked over HTTP, waiting or awaiting.

The transport is used without httpx's client, which would log each request into the tests' own logs and read the
proxy variables of the run.
"""

from __future__ import annotations

import ssl
from typing import Any

import httpx

from pytest_soundstage.ask import Answer, Ask, Steps, T
from pytest_soundstage.place import Place
from pytest_soundstage.trouble import Refused, SoundstageError, Unanswered

__tracebackhide__ = True

GRACE = 15.0
"""Seconds beyond what was asked to wait until no answer means that there is none."""
# Kept apart from their classes: a test that mocks httpx replaces them there, and must not answer for Soundstage.
SEND = {"wait": httpx.HTTPTransport.handle_request}
SEND_ASYNC = {"await": httpx.AsyncHTTPTransport.handle_async_request}


class Wire:
    """Asks and waits. Safe to use from several threads."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._transport = httpx.HTTPTransport(verify=_verify(place), trust_env=False)

    def run(self, steps: Steps[T]) -> T:
        """What the steps return. Raises Unanswered, Refused, and whatever the steps raise."""
        try:
            ask = next(steps)
            while True:
                ask = _told(steps, self._answer(ask))
        except StopIteration as done:
            result: T = done.value
            return result

    def close(self) -> None:
        self._transport.close()

    def _answer(self, ask: Ask) -> Answer | SoundstageError:
        try:
            response = SEND["wait"](self._transport, _request(self.place, ask))
            response.read()
            response.close()
        except (httpx.HTTPError, httpx.InvalidURL) as trouble:
            return _silent(self.place, trouble)
        return answered(self.place, ask, response)


class AsyncWire:
    """Asks and awaits. A transport for each steps: it may be used from any event loop and needs no closing."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._verify = _verify(place)

    async def run(self, steps: Steps[T]) -> T:
        """What the steps return. Raises Unanswered, Refused, and whatever the steps raise."""
        async with httpx.AsyncHTTPTransport(verify=self._verify, trust_env=False) as transport:
            try:
                ask = next(steps)
                while True:
                    ask = _told(steps, await self._answer(transport, ask))
            except StopIteration as done:
                result: T = done.value
                return result

    async def _answer(self, transport: httpx.AsyncHTTPTransport, ask: Ask) -> Answer | SoundstageError:
        try:
            response = await SEND_ASYNC["await"](transport, _request(self.place, ask))
            await response.aread()
            await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL) as trouble:
            return _silent(self.place, trouble)
        return answered(self.place, ask, response)


def _told(steps: Steps[T], answer: Answer | SoundstageError) -> Ask:
    """Go on with an answer, or with an error: steps may know what to make of a refusal, else it comes out of them.

    Thrown outside of any `except`, so that what the steps raise after one that they took does not name it as its cause.
    """
    return steps.throw(answer) if isinstance(answer, SoundstageError) else steps.send(answer)


def answered(place: Place, ask: Ask, response: httpx.Response) -> Answer | SoundstageError:
    """The answer, or the error that it is."""
    status = response.status_code
    if response.is_success or status in ask.also:
        return _read(place, ask, response)
    why = _detail(response)
    if status in (401, 403):
        why = f"it does not accept the token for this ({why})"
    message = f"Soundstage at {place.url} refuses {ask.method} {ask.path}: {why}"
    return Refused(message, status) if response.is_client_error else Unanswered(message)


def _read(place: Place, ask: Ask, response: httpx.Response) -> Answer | SoundstageError:
    if ask.raw:
        return Answer(response.status_code, response.content)
    try:
        return Answer(response.status_code, response.json())
    except ValueError:
        return Unanswered(f"what answers at {place.url} is not Soundstage: {response.text[:80]!r}")


def _detail(response: httpx.Response) -> str:
    try:
        return str(response.json()["detail"]).rstrip(".")
    except (ValueError, KeyError, TypeError):
        return f"{response.status_code} {response.reason_phrase}"


def _verify(place: Place) -> Any:
    return ssl.create_default_context() if place.url.startswith("https:") else False


def _request(place: Place, ask: Ask) -> httpx.Request:
    seconds = ask.seconds + GRACE
    limits = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
    options: dict[str, Any] = {} if ask.body is None else {"json": ask.body}
    return httpx.Request(
        ask.method,
        f"{place.url}{ask.path}",
        params=dict(ask.query) or None,
        headers={"authorization": f"Bearer {place.token}", "accept": "application/json"},
        extensions={"timeout": limits},
        **options,
    )


def _silent(place: Place, trouble: Exception) -> Unanswered:
    return Unanswered(f"Soundstage does not answer at {place.url}: {str(trouble) or type(trouble).__name__}")
