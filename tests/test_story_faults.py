"""What happens when things break: killed in mid-load, disk full, ledger gone. Judged by what is there afterwards."""

import os
import signal
import smtplib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from running import Running, eventually, started
from small_disk import fill, small_disk_at

SENDERS, MAILS = 8, 125
"""1,000 mails in all."""
TO = "ann@faults.test"


class Sender(threading.Thread):
    """Sends its share of mails over kept sessions; remembers which were told 250 and which were only begun."""

    def __init__(self, number: int, place: tuple[str, int], every: Callable[[], None]) -> None:
        super().__init__()
        self._number, self._place, self._every = number, place, every
        self.begun: list[str] = []
        self.told_250: list[str] = []

    def run(self) -> None:
        try:
            with smtplib.SMTP(*self._place, timeout=60) as session:
                for mail in range(MAILS):
                    self._send(session, f"mail {self._number}-{mail}")
        except (smtplib.SMTPException, OSError):
            return  # the server was killed: what was told so far is what counts

    def _send(self, session: smtplib.SMTP, subject: str) -> None:
        self.begun.append(subject)
        session.sendmail("a@shop.test", [TO], f"Subject: {subject}\r\n\r\n{subject} is here\r\n")
        self.told_250.append(subject)
        self._every()


def after(count: int, act: Callable[[], None]) -> Callable[[], None]:
    """Something to call often, from several threads, that acts once: at the `count`th call."""
    left, lock = [count], threading.Lock()

    def called() -> None:
        with lock:
            left[0] -= 1
            if left[0] == 0:
                act()

    return called


def every_subject(running: Running) -> list[str]:
    """Of the mails that these tests send."""
    with running.api() as api:
        subjects, after = [], None
        while True:
            query = {"channel": "email", "to": TO, "limit": "1000"} | ({"after": after} if after else {})
            page = api.get("/api/captures", params=query).raise_for_status().json()
            subjects += [item["facts"]["subject"] for item in page["items"]]
            after = page["next"]
            if after is None:
                return subjects


def test_every_mail_told_250_survives_kill_9_and_nothing_else_is_claimed(mended_gateway: Running) -> None:
    victim = mended_gateway.processes()["gateway"]
    kill = after(SENDERS * MAILS // 2, lambda: os.kill(victim, signal.SIGKILL))
    senders = [Sender(number, mended_gateway.place("smtp"), kill) for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(60)
    kept = every_subject(mended_gateway)
    with mended_gateway.api() as api:
        eventually(lambda: api.get("/readyz").status_code == 200, "a gateway is there again for whoever comes next")
    told = {subject for sender in senders for subject in sender.told_250}
    begun = {subject for sender in senders for subject in sender.begun}
    assert len(told) >= SENDERS * MAILS // 2
    assert len(told) < SENDERS * MAILS, "the gateway was not killed in mid-load"
    assert len(kept) == len(set(kept))
    assert told <= set(kept) <= begun


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk_at(tmp_path / "disk", 24) as folder:
        yield folder


class Person:
    """Somebody who mails and posts, and looks at readiness."""

    def __init__(self, running: Running) -> None:
        self._running = running

    def mails(self) -> int:
        """The code a mail is answered with."""
        try:
            with smtplib.SMTP(*self._running.place("smtp"), timeout=60) as session:
                session.sendmail("a@shop.test", [TO], f"Subject: hello\r\n\r\n{'x' * 20000}\r\n")
        except smtplib.SMTPResponseException as refused:
            return refused.smtp_code
        return 250

    def posts(self) -> int:
        """The status a webhook is answered with."""
        with httpx.Client(proxy=f"http://{self._running.addresses['proxy']}", trust_env=False, timeout=60) as client:
            return client.post("http://hooks.partner.example/v1/orders", content=os.urandom(20000)).status_code

    def readiness(self) -> tuple[int, str]:
        with self._running.api() as api:
            answer = api.get("/readyz")
        return answer.status_code, answer.text

    def purges(self) -> httpx.Response:
        """What is said to the wish that everything be removed."""
        with self._running.api() as api:
            return api.delete("/api/captures")

    def until(self, answered: tuple[int, int]) -> None:
        """Try, within a bound, until mail and webhook are answered like this."""
        eventually(lambda: (self.mails(), self.posts()) == answered, f"mail and webhook are answered {answered}")


def test_a_full_disk_is_answered_451_and_503_until_there_is_room_again(small_disk: Path, tmp_path: Path) -> None:
    with started(tmp_path, data=small_disk / "data") as running:
        person = Person(running)
        assert (person.mails(), person.posts()) == (250, 200)
        fill(small_disk / "filler")
        person.until((451, 503))
        before = len(every_subject(running))
        assert (person.mails(), person.posts()) == (451, 503)
        assert len(every_subject(running)) == before
        status, told = person.readiness()
        assert status == 503
        assert "ledger" in told
        (small_disk / "filler").unlink()
        person.until((250, 200))
        assert person.readiness()[0] == 200


def test_on_a_full_disk_it_starts_and_a_purge_gives_room_again(small_disk: Path, tmp_path: Path) -> None:
    """Nobody else makes any."""
    with started(tmp_path, data=small_disk / "data") as running:
        person = Person(running)
        assert (person.mails(), person.posts()) == (250, 200)
        fill(small_disk / "filler")
        person.until((451, 503))
    fill(small_disk / "more")
    with started(tmp_path, data=small_disk / "data") as running:
        person = Person(running)
        purged = person.purges()
        assert (purged.status_code, purged.json()["removed"] > 0) == (200, True)
        person.until((250, 200))
        assert person.readiness()[0] == 200


def test_a_ledger_that_is_gone_is_answered_451_and_503_and_says_so(tmp_path: Path) -> None:
    with started(tmp_path) as running:
        person = Person(running)
        assert (person.mails(), person.posts()) == (250, 200)
        for file in running.data_dir.glob("ledger.sqlite*"):
            file.unlink()
        assert (person.mails(), person.posts()) == (451, 503)
        status, told = person.readiness()
        assert status == 503
        assert "ledger" in told
