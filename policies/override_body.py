"""OverrideBody: whether what a request's body says of its method counts to its server as a field of the head would.

Of a form most frameworks read it (Rails, Symfony, Laravel, Spring), of JSON some (Laravel). Only of a POST.
"""

from collections.abc import Iterator
from typing import Any

from policies.form import FormError
from policies.http_request import HttpRequest
from policies.override import asks_for_another, asks_outright, read_alike
from policies.request_view import FORM, RequestView


class UnreadBody(Exception):
    """Nobody can tell what the body asks for. The sentence goes on after "its body"."""


def method_asked_by_body(request: HttpRequest) -> str | None:
    """The other method that a POST's body asks for, in capitals, or None. Raises UnreadBody."""
    if request.method != "POST" or not request.body.size:
        return None
    view = RequestView(request, "", 0, "/")
    try:
        asking = [value for name, value in _said(view) if asks_for_another(name, value, request.method)]
    except FormError as error:
        raise UnreadBody(f"cannot be read as the form it may be: {error}") from error
    if view.faults:
        raise UnreadBody(f"cannot be read for certain: {view.faults[0]}")
    return asking[0].strip().upper() if asking else None


def _said(view: RequestView) -> Iterator[tuple[str, str]]:
    """Names and values by which some server knows the method."""
    kind = view.content_type
    if kind == "multipart/form-data":
        for part in view.files:
            if part.filename is None:
                yield part.name, part.data.decode("utf-8", "replace")
    elif kind == FORM or "form" in kind or not kind:
        yield from read_alike(view.body.decode("utf-8", "replace"))
    if "json" in kind or not kind:
        yield from _of_object(view.json)


def _of_object(data: Any) -> Iterator[tuple[str, str]]:
    if isinstance(data, dict):
        for name, value in data.items():
            if isinstance(value, str) and asks_outright(name):
                yield name, value
