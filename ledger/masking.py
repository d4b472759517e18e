"""Masker: makes what was seen safe to keep. Credentials go before anything is stored; words to people stay.

What is removed is replaced by `[removed:<label>:<digest>]`: no parser takes it for a credential, and the keyed
digest lets two uses of the same secret be seen to be the same.
"""

import hashlib
from typing import Any, NamedTuple

from ledger.mask_plan import MaskPlan
from ledger.masked_body import UNREADABLE, BodyMask, described
from ledger.masked_facts import masked_facts
from ledger.masked_headers import masked_headers, masked_path, masked_query, noted_in, own_headers
from ledger.masked_text import masked_text
from ledger.secret_echo import SecretEcho
from ledger.secret_patterns import Mark, without_keys
from policies.body import Body
from policies.http_request import HttpRequest
from policies.secret_place import SecretPlace

Headers = tuple[tuple[str, str], ...]

_PLANS_KEPT = 512
_MARKS_KEPT = 4096
_LONGEST_NAME = 253
"""Characters of a host's name; longer texts are sentences, which seldom come again."""


class MaskedRequest(NamedTuple):
    """The parts of a request, safe to keep. `path` and `query` are as sent, but for what was removed."""

    headers: Headers
    path: str
    query: str
    body: Body
    flags: tuple[str, ...]
    echo: SecretEcho
    """Of what was removed: an answer may repeat it, and so may facts."""


class Masker:
    """One for the gateway's life. Under one key the same secret always gives the same digest."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.sha256(key).digest()
        self.general = MaskPlan(())
        """Of what is no pack's."""
        self._plans: dict[int, MaskPlan] = {}
        self._marks: dict[tuple[str, bytes], bytes] = {}
        self._plain: set[str] = set()
        """Hosts met lately that are no keys: they come with every request."""

    def mark(self, label: str, secret: bytes) -> bytes:
        """What stands where a secret was."""
        known = self._marks.get((label, secret))
        if known is None:
            digest = hashlib.blake2b(secret, key=self._key, digest_size=3).hexdigest()
            known = f"[removed:{label}:{digest}]".encode()
            # A header's key comes with every request; a body's comes once and is not worth its place.
            if len(secret) <= 512:
                if len(self._marks) >= _MARKS_KEPT:
                    self._marks.clear()
                self._marks[label, secret] = known
        return known

    def request(
        self, request: HttpRequest, places: tuple[SecretPlace, ...], *, exact_body: bool, message: bool
    ) -> MaskedRequest:
        """A request without its credentials.

        `exact_body`: an upload, kept as it is; of a form that uploads files, those. `message`: words to a reader, kept
        but for fields that are credentials; a live key or a card number in them raises `live_credential` or
        `card_number`. A body that is longer than may be held, or cannot be looked into, keeps digest and size alone.
        """
        plan = self.plan(places)
        path, _, query = request.target.partition("?")
        asked, removed = _Noting(self.mark), _Noting(self.mark)
        headers = masked_headers(request.headers, plan, self.mark)
        shown = masked_path(path, plan, self.mark)
        clean = headers == request.headers and shown == path
        of_head = () if clean else noted_in(request.headers, path, plan, self.mark)
        body: Body = request.body
        flags: tuple[str, ...] = ()
        if body.size and (not exact_body or _is_upload_form(request)):
            body, flags = self._body(body, request.headers, BodyMask(plan, removed, message, exact=exact_body))
        return MaskedRequest(
            headers,
            shown,
            masked_query(query, plan, asked),
            body,
            flags,
            SecretEcho(tuple(removed.noted), (*of_head, *asked.noted), self.general, self.mark),
        )

    def opening(self, body: Body) -> Body:
        """The first octets of a connection that was no request, without credentials."""
        masked = masked_text(body.data or b"", self.general, self.mark).text
        return body if masked == body.data else Body.of(masked)

    def words(self, text: str) -> str:
        """A name or a sentence without keys known by their shape; the same object where there are none."""
        if text in self._plain:
            return text
        octets = text.encode("utf-8", "surrogatepass")
        if not self.general.is_key_in(octets):
            if len(text) <= _LONGEST_NAME:
                if len(self._plain) >= _MARKS_KEPT:
                    self._plain.clear()
                self._plain.add(text)
            return text
        shown, _ = without_keys(octets, self.mark)
        return text if shown == octets else shown.decode("utf-8", "surrogatepass")

    def reply(
        self, headers: Headers, body: bytes, places: tuple[SecretPlace, ...], *, own: bool = False
    ) -> tuple[Headers, bytes]:
        """An answer without its credentials. `own`: made up here, so that only what it echoes can be a secret."""
        plan = self.plan(places)
        shown = own_headers(headers, plan, self.mark) if own else masked_headers(headers, plan, self.mark)
        if not body:
            return shown, body
        masked = BodyMask(plan, self.mark, names=not own).of(body, described(headers))
        return shown, b"" if masked is None else masked.text

    def facts(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Facts without credentials; what a message says (subject, preview) stays."""
        return masked_facts(facts, self.general, self.mark)

    def message_flags(self, text: bytes) -> tuple[str, ...]:
        """What a message that is kept exactly, such as a mail, should raise an alert for."""
        return masked_text(text, self.general, self.mark, message=True, names=False).flags

    def _body(self, body: Body, headers: Headers, mask: BodyMask) -> tuple[Body, tuple[str, ...]]:
        if body.data is None:
            return Body(None, body.size, body.sha256), ()
        masked = mask.of(body.data, described(headers))
        if masked is None:
            return Body(None, body.size, body.sha256), (UNREADABLE,)
        return (body if masked.text is body.data else Body.of(masked.text)), masked.flags

    def plan(self, places: tuple[SecretPlace, ...]) -> MaskPlan:
        """A pack's plan, found by its tuple of places itself: hashing them would cost more than masking."""
        if not places:
            return self.general
        plan = self._plans.get(id(places))
        if plan is None or plan.places is not places:
            if len(self._plans) >= _PLANS_KEPT:
                self._plans.clear()
            plan = self._plans[id(places)] = MaskPlan(places)
        return plan


def _is_upload_form(request: HttpRequest) -> bool:
    """Whether a body that is kept exactly is a form around a file, whose other fields sign it (a presigned POST)."""
    kind = (request.header("content-type") or "")[:19].lower()
    return request.method == "POST" and kind == "multipart/form-data" and request.body.data is not None


class _Noting:
    """A mark, and what it stands for each time."""

    def __init__(self, mark: Mark) -> None:
        self._mark = mark
        self.noted: list[tuple[str, bytes]] = []

    def __call__(self, label: str, secret: bytes) -> bytes:
        self.noted.append((label, secret))
        return self._mark(label, secret)
