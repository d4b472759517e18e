"""MailBox: the captured mails as one mailbox, the way Mailpit's and MailHog's APIs see them: newest first, by offsets.

In it are the mails that came over SMTP, whatever became of them. A mail handed to a provider's API is an API call.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dashboard.mailpit_mail import OneMail
from dashboard.mailpit_search import MailSearch
from dashboard.problem import Problem
from ledger.filters import Filters
from ledger.labels import READ, Labels
from ledger.reader import Reader
from ledger.stored import StoredCapture

PAGE = 1000
"""Mails of one answer at most."""
LOOKED_AT = 3000
"""Mails looked into for one search; where more would have to be, the search is refused rather than cut short."""
EVERYTHING = MailSearch(Filters())
_TOO_MANY = f"This search would have to look into more than {LOOKED_AT} mails; narrow it by after:, run: or to:."


@dataclass(frozen=True, slots=True)
class Found:
    """Some of the mails that match, and how many there are."""

    items: list[StoredCapture]
    count: int
    unread: int


class MailBox:
    """For one caller: of somebody who acts for a run alone, that run's mails are all there are."""

    def __init__(self, reader: Reader, labels: Labels, run: str | None = None) -> None:
        self._reader = reader
        self._labels = labels
        self._run = run

    def filters(self, search: MailSearch = EVERYTHING) -> Filters:
        """What the ledger looks for: mails alone, whoever asks."""
        mine = dataclasses.replace(search.filters, channel="email", host="mail")
        if self._run is None:
            return mine
        if mine.run not in (None, self._run):
            return dataclasses.replace(mine, ids=())
        return dataclasses.replace(mine, run=self._run)

    def find(self, search: MailSearch = EVERYTHING, start: int = 0, limit: int = 50) -> Found:
        """Raises Problem where the search was not understood, or would have to look into too many."""
        filters = self.filters(search)
        if search.checks or search.wrong:
            return self._sieved(search, start, limit)
        items = list(self._walk(filters, start, start + min(limit, PAGE)))
        return Found(items, *self._counted(filters))

    def named(self, search: MailSearch) -> Filters:
        """Filters that mean exactly what a search finds now, without its words."""
        if search.checks or search.wrong:
            return self.these([stored.id for stored in self._matching(search)])
        if search.filters.q is None:
            return self.filters(search)
        found = list(self._walk(self.filters(search), 0, LOOKED_AT + 1))
        if len(found) > LOOKED_AT:
            raise Problem(400, _TOO_MANY, parameter="query")
        return self.these([stored.id for stored in found])

    def these(self, ids: list[str]) -> Filters:
        """Of these captures, the caller's mails."""
        return dataclasses.replace(self.filters(), ids=tuple(ids))

    def one(self, mail_id: str, search: MailSearch = EVERYTHING) -> StoredCapture:
        """By its id, or the `latest` that matches. Raises Problem where there is none."""
        if mail_id == "latest":
            newest = self.find(search, 0, 1).items
            if newest:
                return newest[0]
            raise Problem(404, "There is no mail that matches.")
        stored = self._reader.get(mail_id)
        if stored is None or not self._is_mine(stored):
            raise Problem(404, f"There is no mail {mail_id[:200]!r}.", parameter="ID", value=mail_id[:200])
        return stored

    def read(self, stored: StoredCapture) -> OneMail:
        """The mail itself."""
        return OneMail(stored, self._reader.raw(stored.id) or b"")

    def labels_of(self, items: Iterable[StoredCapture]) -> dict[int, tuple[str, ...]]:
        return self._labels.of([stored.seq for stored in items])

    def tags(self) -> dict[str, int]:
        """Every tag, and how many mails carry it."""
        return self._labels.tally(self.filters())

    def total(self) -> tuple[int, int]:
        """How many there are, and how many of them nobody has read."""
        return self._counted(self.filters())

    def _counted(self, filters: Filters) -> tuple[int, int]:
        count = self._reader.count(filters)
        if filters.unlabelled == READ:
            return count, count
        if filters.label is None:  # few of very many have been read: counting those asks less of the ledger
            return count, count - self._reader.count(dataclasses.replace(filters, label=READ))
        return count, self._reader.count(dataclasses.replace(filters, unlabelled=READ))

    def _is_mine(self, stored: StoredCapture) -> bool:
        effect = stored.capture.effect
        is_mail = effect.channel == "email" and effect.target.host == "mail"
        return is_mail and self._run in (None, effect.run)

    def _walk(self, filters: Filters, start: int, end: int | None) -> Iterator[StoredCapture]:
        """From the `start`-th on; the ledger's pages know no offsets, because those shift as mails arrive."""
        after, at = None, 0
        while end is None or at < end:
            page = self._reader.captures(filters, after, PAGE if end is None else min(PAGE, end - at))
            yield from page.items[max(0, start - at) :]
            at, after = at + len(page.items), page.next
            if after is None:
                return

    def _sieved(self, search: MailSearch, start: int, limit: int) -> Found:
        matching = self._matching(search)
        labels = self.labels_of(matching)
        unread = sum(1 for stored in matching if READ not in labels.get(stored.seq, ()))
        return Found(matching[start : start + min(limit, PAGE)], len(matching), unread)

    def _matching(self, search: MailSearch) -> list[StoredCapture]:
        if search.wrong:
            raise Problem(400, " ".join(search.wrong), parameter="query")
        looked = list(self._walk(self.filters(search), 0, LOOKED_AT + 1))
        if len(looked) > LOOKED_AT:
            raise Problem(400, _TOO_MANY, parameter="query")
        labels = self.labels_of(looked)
        return [one for one in looked if self._passes(search, one, frozenset(labels.get(one.seq, ())))]

    def _passes(self, search: MailSearch, stored: StoredCapture, labels: frozenset[str]) -> bool:
        mail = self.read(stored)
        return all(check(mail, labels) for check in search.checks)
