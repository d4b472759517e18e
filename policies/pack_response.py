"""Response: an answer written in a pack, compiled; and what it renders to for one request."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from pydantic_core import PydanticSerializationError, to_json

from policies.expression_operators import Constant, Evaluate
from policies.expression_values import encoded, text
from policies.pack_context import PackContext
from policies.pack_xml import written
from policies.written import Written, plain

BodyForm = Literal["json", "xml", "text", "sse", "empty"]

CONTENT_TYPES: dict[BodyForm, str] = {
    "json": "application/json",
    "xml": "text/xml; charset=utf-8",
    "text": "text/plain; charset=utf-8",
    "sse": "text/event-stream",
}
LARGEST = 32 * 1024 * 1024
"""Octets of an answer's body."""


class Unanswerable(Exception):
    """An answer would be larger than `LARGEST`: the request is hostile or the pack wrong."""


class Rendered(NamedTuple):
    """An answer, ready for a wire."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    made: Any
    """What was answered, as data or `Written`."""
    encoded: bytes | None = None
    """The body where it is `made` as JSON that reads as that again."""

    @property
    def out(self) -> Any:
        """The body as data."""
        return plain(self.made)


@dataclass(frozen=True, slots=True)
class Response:
    """Made at load. Rendering fills `var` with what `let` says, in order, then status, headers and body."""

    when: Evaluate | None
    lets: tuple[tuple[str, Evaluate], ...]
    status: Evaluate
    headers: tuple[tuple[str, Evaluate], ...]
    form: BodyForm
    body: Evaluate
    names: frozenset[str] = frozenset()
    """What `let` named, by which later expressions know it."""

    def render(self, context: PackContext) -> Rendered:
        """Raises Unanswerable and TooLarge."""
        for name, value in self.lets:
            context.names[name] = value(context)
        status = self.status(context)
        context.body = made = self.body(context)
        body, whole = _json(made) if self.form == "json" else (_bytes(self.form, made), False)
        if len(body) > LARGEST:
            raise Unanswerable(f"an answer of {len(body)} octets is larger than {LARGEST}")
        return Rendered(
            status if type(status) is int else 200, self._headers(context), body, made, body if whole else None
        )

    def _headers(self, context: PackContext) -> tuple[tuple[str, str], ...]:
        return tuple(
            (name, value) for name, made in self.headers if (value := _header_value(made, context)) is not None
        )


def _header_value(made: Evaluate, context: PackContext) -> str | None:
    """A header's value, or None for null; what a client sent must not begin another header."""
    if isinstance(made, Constant):
        return text(made.value)
    value = made(context)
    if value is None:
        return None
    shown = text(value)[:4096]
    return shown if shown.isascii() and shown.isprintable() else "".join(c for c in shown if " " <= c <= "~")


def _bytes(form: BodyForm, out: Any) -> bytes:
    if form == "empty" or out is None:
        return b""
    if form == "xml":
        return written(out)
    if form == "sse":
        return "".join(_event(event) for event in out).encode("utf-8", "replace")
    return text(out).encode("utf-8", "replace")


def _json(made: Any) -> tuple[bytes, bool]:
    """In UTF-8 where all of it is text; in ASCII where a client sent half a surrogate pair, which not everybody reads
    and which is therefore not whole."""
    try:
        if isinstance(made, Written):
            return made.text().encode(), True
        return to_json(made, inf_nan_mode="null"), True
    except (PydanticSerializationError, ValueError):
        return encoded(plain(made)).encode("ascii"), False


def _event(event: Any) -> str:
    """One server-sent event: a text is data as it is, an object may have `event` and `data`."""
    if not isinstance(event, dict):
        return f"data: {text(event)}\n\n"
    name = f"event: {text(event['event'])}\n" if event.get("event") else ""
    return f"{name}data: {text(event.get('data'))}\n\n"
