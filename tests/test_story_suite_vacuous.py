"""Ways in which a suite could pass because nobody was looking, with a real Soundstage: none of them passes."""

import signal
from collections.abc import Callable
from pathlib import Path

from running import Running
from suite_process import run_suite

Record = Callable[[str, object], None]
SUITE = """
import os, smtplib, threading, time
import pytest
from pytest_soundstage import Inconclusive, NotAsExpected

def connection(password=None):
    smtp = smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"]))
    if password != "":
        smtp.login(os.environ["SMTP_USERNAME"], password or os.environ["SMTP_PASSWORD"])
    return smtp

def begun(smtp):
    smtp.ehlo_or_helo_if_needed()
    assert smtp.mail("shop@shop.test")[0] == smtp.rcpt("ann@example.test")[0] == 250
    assert smtp.docmd("DATA")[0] == 354

@pytest.fixture(scope="session", autouse=True)
def goodbye():
    yield
    connection().sendmail("shop@shop.test", ["late@example.test"], "Subject: Late\\r\\n\\r\\n")

def test_a_mail_on_its_way_is_waited_for(soundstage):
    smtp = connection()
    begun(smtp)

    def slowly():
        time.sleep(0.4)  # an application that takes longer than it has to be quiet
        smtp.send(b"Subject: On its way\\r\\n\\r\\nHello\\r\\n.\\r\\n")
        assert smtp.getreply()[0] == 250

    sending = threading.Thread(target=slowly)
    sending.start()
    with pytest.raises(NotAsExpected, match="On its way"):
        soundstage.email.none()
    sending.join()

def test_a_mail_that_never_ends_is_inconclusive(soundstage):
    smtp = connection()
    begun(smtp)
    patience, soundstage.scope.at_most = soundstage.scope.at_most, 1
    with pytest.raises(Inconclusive, match="not quiet within 1 s"):
        soundstage.email.none()
    soundstage.scope.at_most = patience
    smtp.close()

def test_a_client_without_the_runs_credentials_is_named(soundstage):
    connection(password="").sendmail("shop@shop.test", ["ann@example.test"], "Subject: Welcome\\r\\n\\r\\n")
    with pytest.raises(NotAsExpected, match="belongs to no run"):
        soundstage.email.wait_for(to="ann@example.test", timeout=0.2)

def test_wrong_credentials(soundstage):
    connection(password="wrong").sendmail("shop@shop.test", ["bob@example.test"], "Subject: Welcome\\r\\n\\r\\n")
"""


def test_nothing_passes_because_it_came_too_late_or_by_another_way(gateway: Running, tmp_path: Path) -> None:
    (tmp_path / "test_vacuous.py").write_text(SUITE)
    ended = run_suite(gateway, tmp_path)
    assert ended.returncode == 1, ended.stdout
    assert "4 passed" in ended.stdout
    assert "inconclusive: 1 arrived with the name of run" in ended.stdout
    before = "violated: 1 arrived outside any test's window, after test_vacuous.py::test_wrong_credentials"
    assert f"{before} and before the end" in ended.stdout
    assert "late@example.test" in ended.stdout


RESTARTING = """
import json, os, signal, time, urllib.request
from collections.abc import Callable
from pathlib import Path

UP = int(os.environ["UP"])

def children(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

def words(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has just gone
        return b""

def gateways():
    return [pid for pid in children(UP) if b"gateway" in words(pid)]

def test_before(soundstage):
    (gateway,) = gateways()
    os.kill(gateway, signal.SIGKILL)
    until = time.monotonic() + 120
    while gateways() in ([], [gateway]) or not ready():
        assert time.monotonic() < until
        time.sleep(0.05)

def ready():
    try:
        return urllib.request.urlopen(os.environ["SOUNDSTAGE_URL"] + "/readyz", timeout=60).status == 200
    except OSError:
        return False
"""
DYING = """
import os, signal, time, urllib.request

def test_before(soundstage):
    os.kill(int(os.environ["UP"]), signal.SIGKILL)
    until = time.monotonic() + 120
    while answers():  # it dies once it gets its turn
        assert time.monotonic() < until
        time.sleep(0.02)

def answers():
    try:
        urllib.request.urlopen(os.environ["SOUNDSTAGE_URL"] + "/healthz", timeout=60).close()
    except OSError:
        return False
    return True

def test_of_the_fixture(soundstage):
    pass

def test_without():
    pass
"""


def test_a_gateway_restarted_in_mid_run_and_one_that_dies_do_not_pass(own_gateway: Running, tmp_path: Path) -> None:
    up = {"UP": str(own_gateway.process.pid)}
    (tmp_path / "test_restarting.py").write_text(RESTARTING)
    ended = run_suite(own_gateway, tmp_path, **up)
    assert ended.returncode == 1, ended.stdout
    assert "1 passed" in ended.stdout
    assert "inconclusive: " in ended.stdout
    assert "restarted" in ended.stdout.partition("inconclusive: ")[2]
    (tmp_path / "test_restarting.py").write_text(DYING)
    ended = run_suite(own_gateway, tmp_path, **up)
    assert ended.returncode == 1, ended.stdout
    assert "Unanswered: Soundstage does not answer at" in ended.stdout
    assert "the session does not pass" in ended.stdout
    assert own_gateway.process.wait(60) == -signal.SIGKILL
