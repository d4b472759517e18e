"""What happens when things break: killed in mid-load, disk full, ledger gone. Judged by what is there afterwards."""

import os
import signal
import smtplib
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from house import House

SENDERS, MAILS = 8, 125
"""1,000 mails in all."""


class Sender(threading.Thread):
    """Sends its share of mails over kept sessions; remembers which were told 250 and which were only begun."""

    def __init__(self, number: int, address: str, every: Callable[[], None]) -> None:
        super().__init__()
        self._number, self._address, self._every = number, address, every
        self.begun: list[str] = []
        self.told_250: list[str] = []

    def run(self) -> None:
        host, port = self._address.rsplit(":", 1)
        try:
            with smtplib.SMTP(host, int(port), timeout=30) as session:
                for mail in range(MAILS):
                    self._send(session, f"mail {self._number}-{mail}")
        except (smtplib.SMTPException, OSError):
            return  # the server was killed: what was told so far is what counts

    def _send(self, session: smtplib.SMTP, subject: str) -> None:
        self.begun.append(subject)
        session.sendmail("a@shop.test", ["ann@example.test"], f"Subject: {subject}\r\n\r\n{subject} is here\r\n")
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


def gateway_process(house: House) -> int:
    """The child of `soundstage up` that carries traffic."""
    told = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(house.process.pid)], capture_output=True, text=True)
    return next(int(line.split()[0]) for line in told.stdout.splitlines() if "gateway" in line)


def every_subject(house: House) -> list[str]:
    with httpx.Client(base_url=house.addresses["dashboard"], headers={"authorization": f"Bearer {house.token}"}) as api:
        subjects, after = [], None
        while True:
            query = {"channel": "email", "limit": "1000"} | ({"after": after} if after else {})
            page = api.get("/api/captures", params=query).raise_for_status().json()
            subjects += [item["facts"]["subject"] for item in page["items"]]
            after = page["next"]
            if after is None:
                return subjects


def test_every_mail_told_250_survives_kill_9_and_nothing_else_is_claimed() -> None:
    with House() as house:
        victim = gateway_process(house)
        kill = after(SENDERS * MAILS // 2, lambda: os.kill(victim, signal.SIGKILL))
        senders = [Sender(number, house.addresses["smtp"], kill) for number in range(SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(60)
        kept = every_subject(house)
        told = {subject for sender in senders for subject in sender.told_250}
        begun = {subject for sender in senders for subject in sender.begun}
    assert len(told) >= SENDERS * MAILS // 2
    assert len(told) < SENDERS * MAILS, "the gateway was not killed in mid-load"
    assert len(kept) == len(set(kept))
    assert told <= set(kept) <= begun


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("a small file system of the test's own needs root")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Person:
    """Somebody who mails and posts, and looks at readiness."""

    def __init__(self, house: House) -> None:
        self._house = house

    def mails(self) -> int:
        """The code a mail is answered with."""
        host, port = self._house.addresses["smtp"].rsplit(":", 1)
        try:
            with smtplib.SMTP(host, int(port), timeout=30) as session:
                session.sendmail("a@shop.test", ["ann@example.test"], f"Subject: hello\r\n\r\n{'x' * 20000}\r\n")
        except smtplib.SMTPResponseException as refused:
            return refused.smtp_code
        return 250

    def posts(self) -> int:
        """The status a webhook is answered with."""
        with httpx.Client(proxy=f"http://{self._house.addresses['proxy']}", trust_env=False, timeout=30) as client:
            return client.post("http://hooks.partner.example/v1/orders", content=os.urandom(20000)).status_code

    def readiness(self) -> tuple[int, str]:
        answer = httpx.get(
            f"{self._house.addresses['dashboard']}/readyz",
            headers={"authorization": f"Bearer {self._house.token}"},
            trust_env=False,
        )
        return answer.status_code, answer.text

    def purges(self) -> httpx.Response:
        """What is said to the wish that everything be removed."""
        return httpx.delete(
            f"{self._house.addresses['dashboard']}/api/captures",
            headers={"authorization": f"Bearer {self._house.token}"},
            trust_env=False,
        )

    def until(self, answered: tuple[int, int]) -> None:
        """Try, within a bound, until mail and webhook are answered like this."""
        for _ in range(200):
            if (self.mails(), self.posts()) == answered:
                return
        raise AssertionError(f"mail and webhook were never answered {answered}")


def test_a_full_disk_is_answered_451_and_503_until_there_is_room_again(small_disk: Path) -> None:
    with House(data=small_disk / "data") as house:
        person = Person(house)
        assert (person.mails(), person.posts()) == (250, 200)
        fill(small_disk / "filler")
        person.until((451, 503))
        before = len(every_subject(house))
        assert (person.mails(), person.posts()) == (451, 503)
        assert len(every_subject(house)) == before
        status, told = person.readiness()
        assert status == 503
        assert "ledger" in told
        purged = person.purges()
        assert (purged.status_code, "could be removed" in purged.json()["detail"]) == (503, True)
        (small_disk / "filler").unlink()
        person.until((250, 200))
        assert person.readiness()[0] == 200


def fill(path: Path) -> None:
    with path.open("wb") as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(b"\0" * size)
                    file.flush()
            except OSError:
                continue


def test_a_ledger_that_is_gone_is_answered_451_and_503_and_says_so() -> None:
    with House() as house:
        person = Person(house)
        assert (person.mails(), person.posts()) == (250, 200)
        for file in house.data.glob("ledger.sqlite*"):
            file.unlink()
        assert (person.mails(), person.posts()) == (451, 503)
        status, told = person.readiness()
        assert status == 503
        assert "ledger" in told
