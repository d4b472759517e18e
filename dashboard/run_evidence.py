"""RunEvidence: what the ledger holds of a run, as verification asks for it. Read page by page, within limits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from dashboard.called_attachments import called_files
from dashboard.captured_message import is_mail
from ledger.filters import Filters
from ledger.mime import read_message
from ledger.mime_codes import codes_of
from ledger.mime_links import links_of
from ledger.reader import Reader
from ledger.stored import StoredCapture
from ledger.traits import ATTACHMENT
from policies.effect import UNATTRIBUTED
from policies.expectation_sight import Detail
from policies.verification_evidence import RunState

PAGE = 500
AHEAD = 100
AHEAD_OCTETS = 4 * 1024 * 1024
"""Bodies that are read at once, and what they may have together."""
_TEXTS = ("text", "body", "message", "content", "preview")


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    """How much of a run is looked at. What is beyond them makes a verdict inconclusive, never clean."""

    captures: int = 100_000
    bodies: int = 20_000
    octets: int = 512 * 1024 * 1024
    body: int = 8 * 1024 * 1024
    """Octets of one body; a larger one is not read."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time of a run or window: by the captures' numbers, which no clock can move; `until` for what comes late."""

    opened_seq: int
    closed_seq: int | None = None
    late_until: datetime | None = None
    """Of what is closed: unclaimed captures up to then may still have been its own."""
    whole: bool = True
    """Not a window."""


class RunEvidence:
    """Implements `policies.verification_evidence.Evidence`. Blocks on the disk; LedgerUnavailable."""

    def __init__(
        self, reader: Reader, state: RunState, stretch: Stretch, *, window: str | None, limits: EvidenceLimits
    ) -> None:
        self._reader = reader
        self._state = state
        self._stretch = stretch
        self._window = window
        self._limits = limits
        self._until = reader.last_seq()
        self._short: dict[str, None] = {}
        self._page: dict[str, StoredCapture] = {}
        """The captures that are looked at now, so that what is beside them is not asked for again."""
        self._order: dict[str, int] = {}
        """Their places on the page."""
        self._small: dict[str, bytes] = {}
        """Bodies of them that were read at once."""
        self._bodies = 0
        self._octets = 0

    @property
    def state(self) -> RunState:
        return self._state

    def captures(self) -> Iterator[Mapping[str, Any]]:
        """Those that were committed when this was made. Of a window, what runs inside did while it was open as well."""
        own = Filters(run=self._state.id, window=self._window, up_to_seq=self._until)
        every = [own, *(self._inside(child.id) for child in self._state.children)]
        left = [self._limits.captures]
        for filters in every:
            more = f"it has more than {self._limits.captures} captures, and the rest was not read"
            yield from self._pages(filters, more, left)

    def _inside(self, child: str) -> Filters:
        filters, stretch = Filters(run=child, up_to_seq=self._until), self._stretch
        if stretch.whole:
            return filters
        until = self._until if stretch.closed_seq is None else stretch.closed_seq
        return replace(filters, after_seq=stretch.opened_seq, up_to_seq=until)

    def unattributed(self) -> Iterator[Mapping[str, Any]]:
        """From its beginning to its end; of what has ended, to a little after."""
        if not self._state.own_entrance:
            yield from self._around(UNATTRIBUTED)
        if self._state.parent is not None:
            yield from self._around(self._state.parent)

    def _around(self, run: str) -> Iterator[Mapping[str, Any]]:
        stretch, left = self._stretch, [self._limits.captures]
        bounded = Filters(run=run, after_seq=stretch.opened_seq)
        within = replace(bounded, up_to_seq=self._until if stretch.closed_seq is None else stretch.closed_seq)
        yield from self._pages(within, "more was unclaimed than is read", left)
        if stretch.closed_seq is not None and stretch.late_until is not None:
            late = replace(bounded, after_seq=stretch.closed_seq, up_to_seq=self._until, until=stretch.late_until)
            yield from self._pages(late, "more was unclaimed than is read", left)

    def detail(self, capture_id: str) -> Detail:
        """Not whole where its body was not kept, is too large, or was one too many."""
        stored = self._page.get(capture_id) or self._reader.get(capture_id)
        if stored is None:
            return Detail(whole=False)
        shown = stored.as_contract()
        if not self._may_read(shown["payload"]["size"]):
            return Detail(whole=False)
        raw = self._raw(capture_id)
        if raw is None:
            return Detail(whole=False)
        return mail_detail(raw) if is_mail(shown) else call_detail(stored, shown, raw)

    def _raw(self, capture_id: str) -> bytes | None:
        """With those of the captures looked at next: to ask for each by itself takes longer than all else."""
        if capture_id in self._page and capture_id not in self._small:
            self._small = self._reader.small_bodies(self._ahead(capture_id))
        raw = self._small.get(capture_id)
        return self._reader.raw(capture_id) if raw is None else raw

    def _ahead(self, capture_id: str) -> list[str]:
        """It and those after it on its page, as many as may be held at once."""
        ids: list[str] = []
        octets = 0
        coming = islice(self._page.values(), self._order[capture_id], self._order[capture_id] + AHEAD)
        for stored in coming:
            octets += stored.capture.payload.size
            if ids and octets > AHEAD_OCTETS:
                break
            ids.append(stored.id)
        return ids

    def shortcomings(self) -> tuple[str, ...]:
        """Limits that were reached."""
        return tuple(self._short)

    def _pages(self, filters: Filters, more: str, left: list[int]) -> Iterator[Mapping[str, Any]]:
        """`left`: how many may still be read, one number, which falls."""
        after = None
        while left[0] > 0:
            page = self._reader.captures(filters, after, min(PAGE, left[0]))
            self._page = {stored.id: stored for stored in page.items}
            self._order = {stored.id: at for at, stored in enumerate(page.items)}
            yield from (_judged(stored) for stored in page.items)
            left[0] -= len(page.items)
            after = page.next
            if after is None:
                return
        self._short[more] = None

    def _may_read(self, size: int) -> bool:
        if size > self._limits.body:
            return False
        if self._bodies >= self._limits.bodies or self._octets + size > self._limits.octets:
            self._short[f"more than {self._bodies} bodies or {self._octets} octets would have had to be read"] = None
            return False
        self._bodies += 1
        self._octets += size
        return True


def _judged(stored: StoredCapture) -> dict[str, Any]:
    """contract.md's JSON, and everybody it reaches; None where not all of them can be named."""
    recipients = stored.capture.effect.recipients
    return {**stored.as_contract(), "recipients": None if recipients is None else list(recipients)}


def mail_detail(raw: bytes) -> Detail:
    """A mail as it came over SMTP."""
    message = read_message(raw)
    return Detail(
        headers=message.headers,
        body=raw.decode("utf-8", "replace"),
        text=message.text or None,
        html=message.html or None,
        links=tuple(message.links),
        codes=tuple(message.codes),
        attachments=tuple(part.filename or f"part-{part.index}" for part in message.attachments),
        whole=not message.truncated,
    )


def call_detail(stored: StoredCapture, shown: Mapping[str, Any], raw: bytes) -> Detail:
    """A call: its body as text; of a message handed to a provider's API, what its facts say."""
    facts = shown["facts"]
    text = next((str(facts[name]) for name in _TEXTS if facts.get(name)), None)
    html = facts.get("html") if isinstance(facts.get("html"), str) else None
    said = f"{facts.get('subject') or ''}\n{text or ''}"
    return Detail(
        headers=tuple(stored.request_headers),
        query=stored.query,
        body=raw.decode("utf-8", "replace"),
        text=text,
        html=html,
        links=tuple(links_of(text or "", html or "")),
        codes=tuple(codes_of(said)),
        attachments=_files_of(stored, shown, raw),
    )


def _files_of(stored: StoredCapture, shown: Mapping[str, Any], raw: bytes) -> tuple[str, ...] | None:
    """The names of the files that a call brings; None where nobody can tell all of them."""
    if shown["channel"] != "email":
        return None if ATTACHMENT in stored.traits else ()
    files = called_files(raw, shown["payload"]["content_type"])
    if not files.complete or (ATTACHMENT in stored.traits and not files.parts):
        return None
    return tuple(part.filename or f"part-{part.index}" for part in files.parts if not part.inline)


LATE = timedelta(seconds=10)
"""How long after its end something of a run may still arrive, and is then nobody's."""
