"""HeadShape: what all requests with the same head have in common, worked out for the first of them.

A client sends the same head again and again but for a few fields. Whom it means and what its fields say is a function
of the head alone; so it is kept by the head itself, octet for octet, and what differs is no part of it: the target, the
body and the values of `CHANGING` fields, which whoever needs them reads from each request.
"""

from dataclasses import dataclass
from typing import Any

from policies.effect import Target
from policies.http_request import HttpRequest
from policies.naming import meant
from policies.override import overridden, overridden_by
from policies.path import canonical_path, is_canonical

CHANGING = frozenset(
    {
        "content-length", "idempotency-key", "x-idempotency-key", "date", "x-request-id", "x-client-request-id",
        "x-correlation-id", "x-stripe-client-telemetry", "x-amz-date", "amz-sdk-invocation-id", "amz-sdk-request",
        "traceparent", "tracestate", "baggage", "sentry-trace",
    }
)  # fmt: skip
"""Fields that clients fill anew for each request. None of them says how a request is read, nor whom it is for."""
ONCE = ("content-type", "content-encoding")
"""Fields that say how a body is read: with two of them, no two servers read it alike."""
MOST_SHAPES = 512
LONGEST = 4_096
"""Characters of a head that is remembered. It may hold credentials: it stays in memory, and only so many do."""
MOST_PLACES = 64
LONGEST_TARGET = 256
"""Targets remembered of one head, and their length."""


@dataclass(slots=True)
class Place:
    """What a target means under a head. What others work out of both alone, they may keep in it."""

    path: str
    target: Target
    canonical: bool
    """Host, path and method were sent in the one form decisions are made on."""
    fitting: Any = None
    """What the packs that were asked last say it may be."""


class HeadShape:
    """One head but for what changes. What others work out of it alone, they may keep in it."""

    __slots__ = (
        "_method", "_scheme", "changing", "coded", "content_type", "faults", "first", "masked",
        "media_type", "named", "overridden", "places", "sent", "settled",
    )  # fmt: skip

    def __init__(self, request: HttpRequest) -> None:
        self.named = meant(request.names, request.scheme, request.port)
        self.overridden = overridden(request)
        self.settled = [field for field in request.headers if field[0] not in CHANGING]
        """The fields that do not change, in order."""
        self.first = dict(reversed(self.settled))
        """Of these the first value by name."""
        self.changing = [at for at, (name, _) in enumerate(request.headers) if name in CHANGING]
        """Where among all fields the others are."""
        names = [name for name, _ in self.settled]
        self.faults = [f"the field {name} is sent twice" for name in ONCE if names.count(name) > 1]
        """What makes it doubtful how the body is read."""
        self.coded = "content-encoding" in names or "x-amz-content-sha256" in names
        """The body may be in codings."""
        self.content_type = next((value for name, value in self.settled if name == "content-type"), "")
        """The first one as sent; empty without any."""
        self.media_type = self.content_type.partition(";")[0].strip().lower()
        self.sent: Any = None
        """What the reader of one provider's credentials made of it."""
        self.masked: Any = None
        """What the ledger keeps of its fields."""
        self._method = request.method
        self._scheme = request.scheme
        self.places: dict[str, Place] = {}
        """By target; `place` is who finds all of them."""

    def place(self, target: str) -> Place:
        """Where a target (origin form) under this head leads."""
        found = self.places.get(target)
        if found is None:
            found = self._judged(target)
            if len(self.places) >= MOST_PLACES:
                self.places.clear()
            if len(target) <= LONGEST_TARGET:
                self.places[target] = found
        return found

    def _judged(self, target: str) -> Place:
        path, named = canonical_path(target), self.named
        asked = target.partition("?")[2]
        where = {
            "scheme": self._scheme,
            "host": named.host,
            "port": named.port,
            "method": self._method,
            "path": path,
        }
        canonical = named.canonical and is_canonical(target) and not self.overridden
        canonical = canonical and not (asked and overridden_by(asked, self._method))
        return Place(path, Target.made_of(where), canonical)


_shapes: dict[Any, HeadShape] = {}


def shape_of(request: HttpRequest) -> HeadShape:
    """The shape of a request's head: the same for the same method, names and fields but `CHANGING` ones' values."""
    known: HeadShape | None = request.__dict__.get("_shape")
    if known is not None:
        return known
    settled = tuple([field if field[0] not in CHANGING else field[0] for field in request.headers])
    key = (settled, request.names, request.method, request.scheme, request.port)
    found = _shapes.get(key)
    if found is None:
        found = HeadShape(request)
        if len(_shapes) >= MOST_SHAPES:
            _shapes.clear()
        if sum([len(name) + len(value) for name, value in (*request.headers, *request.names)]) <= LONGEST:
            _shapes[key] = found
    request.__dict__["_shape"] = found
    return found


def shaped_as(request: HttpRequest, other: HttpRequest) -> HttpRequest:
    """The same request, known to have the head of another but for target and changing fields; so nobody looks again.

    What is made out of it by `replace` does not have the mark any more.
    """
    known = other.__dict__.get("_shape")
    request.__dict__["_shape"] = shape_of(other) if known is None else known
    return request
