"""pytest sessions that are cut short, lose a worker, send too late, or ask of an application that is elsewhere."""

from pathlib import Path

from running import Running
from suite_process import run_suite

SENDS = """
import os, smtplib

def begun(to):
    smtp = smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"]))
    smtp.login(os.environ["SMTP_USERNAME"], os.environ["SMTP_PASSWORD"])
    assert smtp.mail("shop@shop.test")[0] == smtp.rcpt(to)[0] == 250
    assert smtp.docmd("DATA")[0] == 354
    return smtp

def end(smtp):
    smtp.send(b"Subject: Welcome\\r\\n\\r\\nHello\\r\\n.\\r\\n")
    assert smtp.getreply()[0] == 250
    smtp.quit()

def send(to):
    end(begun(to))
"""
CRASHING = """
import os, pathlib, time
from sends import send

def test_one(soundstage):
    send("one@example.test")
    assert soundstage.email.one().to == ["one@example.test"]

def test_two(soundstage):
    send("lost@example.test")
    os._exit(0)

def test_three(soundstage):
    soundstage.assert_nothing_else()
"""
LATE = """
import threading
from pytest_soundstage.wire import SEND
from sends import begun, end, send
THREADS, LEFT, CLOSING = [], threading.Event(), threading.Event()
ASK = SEND["wait"]

def asking(transport, request):
    if b'"close"' in request.read():
        CLOSING.set()
    return ASK(transport, request)

SEND["wait"] = asking

def meanwhile(work, *given):
    THREADS.append(threading.Thread(target=work, args=given))
    THREADS[-1].start()

def once_it_is_left(to):
    LEFT.wait()
    send(to)

def once_it_closes(smtp):
    CLOSING.wait()
    end(smtp)

def test_that_asks_too_early(soundstage):
    soundstage.email.none()
    meanwhile(once_it_closes, begun("early@example.test"))

def test_that_waits_for_what_was_late():
    THREADS[-1].join()

def test_that_is_left_too_soon(soundstage):
    meanwhile(once_it_is_left, "between@example.test")
    soundstage.email.none()

def test_that_knows_nothing_of_it():
    LEFT.set()
    THREADS[-1].join()

def test_that_is_interrupted(soundstage):
    send("seen@example.test")
    raise KeyboardInterrupt
"""
ELSEWHERE = """
def test_signup_of_nobody(soundstage):
    soundstage.email.none()
    soundstage.assert_nothing_else()
"""
UNUSED = """
from sends import send

def test_without_the_fixture():
    send("unseen@example.test")
"""


def folder_of(tmp_path: Path, code: str) -> Path:
    (tmp_path / "sends.py").write_text(SENDS)
    (tmp_path / "test_shop.py").write_text(code)
    return tmp_path


def test_a_worker_that_is_lost_is_no_pass(gateway: Running, tmp_path: Path) -> None:
    """Another one takes its place; what the lost one's run did, nobody says."""
    ended = run_suite(gateway, folder_of(tmp_path, CRASHING), "-p", "xdist", "-n", "1")
    assert ended.returncode == 1, ended.stdout
    assert "inconclusive: worker gw0 ended without saying what its run did" in ended.stdout
    assert "test_shop.py::test_two" in ended.stdout
    assert "2 passed" in ended.stdout


def test_what_a_thread_sends_after_its_test_and_before_an_interrupt(gateway: Running, tmp_path: Path) -> None:
    ended = run_suite(gateway, folder_of(tmp_path, LATE))
    assert ended.returncode == 2, ended.stdout
    stray = "violated: 1 arrived outside any test's window, after test_shop.py::test_that_is_left_too_soon"
    assert stray in ended.stdout
    assert "(test_shop.py::test_that_knows_nothing_of_it in between had no window)" in ended.stdout
    assert "between@example.test" in ended.stdout
    assert "early@example.test" in ended.stdout


def test_an_application_without_the_runs_variables_proves_nothing(gateway: Running, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ELSEWHERE)
    ended = run_suite(gateway, folder)
    assert ended.returncode == 1, ended.stdout
    assert "1 passed" in ended.stdout
    assert "inconclusive: test_shop.py::test_signup_of_nobody said what did not happen" in ended.stdout


def test_a_fixture_that_no_test_uses(gateway: Running, tmp_path: Path) -> None:
    ended = run_suite(gateway, folder_of(tmp_path, UNUSED))
    assert ended.returncode == 1, ended.stdout
    assert "1 arrived outside any test's window, after the beginning and before the end" in ended.stdout
    assert "unseen@example.test" in ended.stdout
