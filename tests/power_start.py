"""PowerStart: a start on what a power failure left, and what is wrong with it: what was told must be so."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from power_life import CHANGING

from dashboard.sessions import Sessions
from ledger.body_store import BodyStore
from ledger.data_dir import prepare, secret_of
from ledger.doctor_reports import DoctorReports
from ledger.filters import Filters
from ledger.reader import Reader
from ledger.runs import Runs
from ledger.store import Ledger, open_ledger
from proxy.ca import CertificateAuthority
from soundstage.admin_token import admin_token
from soundstage.settings import Settings
from soundstage.wireguard_peers import PeerBook

Told = dict[str, Any]


def wrong_after_start(data_dir: Path, told: Iterable[Told]) -> list[str]:
    """Each thing that was told and is not so. Whatever keeps it from starting is raised."""
    prepare(data_dir)
    admin_token(Settings(data_dir=data_dir))
    ledger = open_ledger(data_dir, writer=True)
    try:
        store = BodyStore(data_dir)
        store.sweep_incoming()
        for key in ("masking.key", "objects.key"):
            secret_of(data_dir, key)
        CertificateAuthority.open(data_dir)
        return list(_Started(data_dir, ledger, store).wrong(list(told)))
    finally:
        ledger.close()


class _Started:
    def __init__(self, data_dir: Path, ledger: Ledger, store: BodyStore) -> None:
        self._data_dir = data_dir
        self._ledger = ledger
        self._store = store
        self._reader = Reader(ledger, store)
        self._runs = Runs(ledger)

    def wrong(self, told: list[Told]) -> Iterator[str]:
        going = {capture for one in told for capture in one.get("gone", ())}
        gone = {capture for one in told if one["what"] == "removed" for capture in one["gone"]}
        for one in told:
            if one["what"] == "capture" and one["id"] not in going:
                yield from self._capture(one)
            elif one["what"] == "kept":
                yield from self._kept(one["name"], one["content"])
            elif one["what"] == "signed out" and Sessions(self._data_dir).find(one["cookie"]) is not None:
                yield "who signed out is signed in"
            elif one["what"] == "report" and DoctorReports(self._data_dir).get(one["id"]) is None:
                yield "a report is lost"
            elif one["what"] == "removed" and self._store.file_of(one["sha256"]) is not None:
                yield "the body of what was removed is there"
        yield from (f"{capture} was removed and is there" for capture in gone if self._reader.get(capture) is not None)
        yield from self._changed({(one["what"], one.get("id")): one for one in told})
        yield from self._whole()

    def _capture(self, one: Told) -> Iterator[str]:
        if self._reader.get(one["id"]) is None:
            yield f"{one['id']} is lost"
        elif one["sha256"] not in (None, self._digest(one["id"])):
            yield f"{one['id']} has another body"

    def _kept(self, name: str, content: str) -> Iterator[str]:
        file = self._data_dir / name
        if not file.exists() or file.read_bytes().hex() != content:
            yield f"{name} is another one"

    def _changed(self, last: dict[tuple[str, str | None], Told]) -> Iterator[str]:
        """Of what is told more than once."""
        for (what, name), one in last.items():
            if CHANGING in one.values():
                continue
            if what == "run":
                story = self._runs.archive.find(name or "")
                if story is None or story.run.verdict != one["verdict"]:
                    yield f"the run {name} is not {one['verdict']}"
            elif what == "peers" and [peer.name for peer in PeerBook(self._data_dir).read()] != one["names"]:
                yield "the peers are others"

    def _whole(self) -> Iterator[str]:
        """Also what nobody was told of is there with its body or not at all."""
        for stored in self._reader.captures(Filters(), limit=500).items:
            self._digest(stored.capture.id)
        with self._ledger.read.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
        if found != "ok":
            yield str(found)

    def _digest(self, capture_id: str) -> str:
        found = hashlib.sha256()
        for chunk in self._reader.raw_chunks(capture_id) or ():
            found.update(chunk)
        return found.hexdigest()
