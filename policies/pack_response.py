"""Response: an answer written in a pack, compiled; and what it renders to for one request."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from pydantic_core import PydanticSerializationError, to_json

from policies.answer_code import AnswerCode
from policies.expression_operators import Evaluate
from policies.expression_values import encoded as in_ascii
from policies.expression_values import text
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
    headers: list[tuple[str, str]]
    body: bytes
    made: Any
    """What was answered, as data or `Written`."""
    encoded: bytes | None
    """The body where it is `made` as JSON that reads as that again."""
    kept: list[tuple[str, str, Any] | None]
    """Collection, key and value of what is kept of it, the value as data or `Written`; None: that is not kept."""

    @property
    def out(self) -> Any:
        """The body as data."""
        return plain(self.made)


@dataclass(frozen=True, slots=True)
class Response:
    """Made at load. Rendering fills `var` with what `let` says, in order, then makes status, body and headers."""

    when: Evaluate | None
    status: Evaluate
    work: AnswerCode
    form: BodyForm
    names: frozenset[str] = frozenset()
    """What `let` named, by which later expressions know it."""

    def render(self, context: PackContext) -> Rendered:
        """Raises Unanswerable and TooLarge."""
        status, headers, made, kept = self.work.made(context)
        if self.form == "json":
            try:
                told = made.text().encode() if isinstance(made, Written) else to_json(made, inf_nan_mode="null")
                body = encoded = told
            except (PydanticSerializationError, ValueError):
                # In ASCII where a client sent half a surrogate pair, which not everybody reads as it was.
                body, encoded = in_ascii(plain(made)).encode("ascii"), None
        else:
            body, encoded = _bytes(self.form, made), None
        if len(body) > LARGEST:
            raise Unanswerable(f"an answer of {len(body)} octets is larger than {LARGEST}")
        # A named tuple's own way of being made is a call more.
        return tuple.__new__(Rendered, (status if type(status) is int else 200, headers, body, made, encoded, kept))

    def keeping(self, kept: Sequence[Evaluate]) -> "Response":
        """The same, which tells of what is kept of it too."""
        return replace(self, work=self.work.keeping(kept)) if kept else self


def _bytes(form: BodyForm, out: Any) -> bytes:
    if form == "empty" or out is None:
        return b""
    if form == "xml":
        return written(out)
    if form == "sse":
        return "".join(_event(event) for event in out).encode("utf-8", "replace")
    return text(out).encode("utf-8", "replace")


def _event(event: Any) -> str:
    """One server-sent event: a text is data as it is, an object may have `event` and `data`."""
    if not isinstance(event, dict):
        return f"data: {text(event)}\n\n"
    name = f"event: {text(event['event'])}\n" if event.get("event") else ""
    return f"{name}data: {text(event.get('data'))}\n\n"
