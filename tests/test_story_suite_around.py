"""A suite and what is around it: the run it was started in, an expectation file, Flask's and Django's test clients."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_soundstage import Soundstage
from running import PROJECT, Running, command
from suite_process import run_suite

FLASK = """
import os, smtplib
import flask, pytest

app = flask.Flask(__name__)

@app.post("/signup")
def sign_up():
    with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])) as smtp:
        smtp.login(os.environ["SMTP_USERNAME"], os.environ["SMTP_PASSWORD"])
        smtp.sendmail("shop@shop.test", [flask.request.json["email"]], "Subject: Welcome\\r\\n\\r\\nHello\\r\\n")
    return "", 202

def test_signup(soundstage):
    assert app.test_client().post("/signup", json={"email": "ann@example.test"}).status_code == 202
    assert soundstage.email.one(to="ann@example.test").subject == "Welcome"
    soundstage.assert_nothing_else()
"""
EXPECT = """
version: 1
contained: optional
expect:
  - name: welcome
    email: {to: ann@example.test}
    count: 2
"""


def test_flasks_client_needs_nothing_and_a_file_judges_the_whole_run(gateway: Running, tmp_path: Path) -> None:
    (tmp_path / "test_flask.py").write_text(FLASK)
    (tmp_path / "expect.yaml").write_text(EXPECT)
    ended = run_suite(gateway, tmp_path, "--soundstage-expect=expect.yaml")
    assert ended.returncode == 1, ended.stdout
    assert "1 passed" in ended.stdout
    assert "violated: expect.yaml\n  welcome: 2 expected, 1 found" in ended.stdout


def test_inside_a_run_the_windows_are_that_runs(gateway: Running, tmp_path: Path) -> None:
    (tmp_path / "test_flask.py").write_text(FLASK)
    with Soundstage(gateway.addresses["dashboard"], gateway.token) as soundstage, soundstage.run("outer") as run:
        ended = run_suite(None, tmp_path, **run.variables)
        assert ended.returncode == 0, ended.stdout
        told = run.told()
        assert told["open"], "the run is finished by whoever began it"
        assert [window["name"] for window in told["windows"]] == ["test_flask.py::test_signup"]
        assert run.email.count(to="ann@example.test") == 1


def test_under_soundstage_run_the_windows_are_its_runs(gateway: Running, tmp_path: Path) -> None:
    """Contained where this machine allows it; the plugin works the same either way."""
    (tmp_path / "test_flask.py").write_text(FLASK)
    rooms = f"{PROJECT}{os.pathsep}{PROJECT / 'client' / 'src'}"
    environ = {**gateway.environ, "PYTHONPATH": rooms, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    pytest_in_it = (sys.executable, "-m", "pytest", "-p", "pytest_soundstage.plugin", "-p", "no:cacheprovider")
    ended = subprocess.run(
        command("run", "--", *pytest_in_it),
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=500,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    assert "1 passed" in ended.stdout
    with gateway.api() as api:
        latest = api.get("/api/runs", params={"limit": "1"}).json()["items"][0]
    assert latest["counts"]["channels"] == {"email": 1}
    assert [window["name"] for window in latest["windows"]] == ["test_flask.py::test_signup"]


DJANGO = """
import django
from django.conf import settings

if not settings.configured:
    settings.configure(DEFAULT_FROM_EMAIL="shop@shop.test", INSTALLED_APPS=[], USE_TZ=True)
    django.setup()

from django.core import mail
from django.test import override_settings

def test_mail_goes_out_by_smtp(soundstage):
    mail.send_mail("Welcome", "Your code is 481516", None, ["ann@example.test"])
    assert soundstage.email.one(to="ann@example.test", sender="shop@shop.test").code() == "481516"
    assert not getattr(mail, "outbox", [])

def test_a_tests_own_choice_holds(soundstage):
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        mail.send_mail("Welcome", "Hello", None, ["bob@example.test"])
    assert len(mail.outbox) == 1
    soundstage.email.none()
"""


def test_djangos_mail_backend_is_put_back(gateway: Running, tmp_path: Path) -> None:
    (tmp_path / "test_django.py").write_text(DJANGO)
    ended = run_suite(gateway, tmp_path, "-p", "pytest_django.plugin")
    assert ended.returncode == 0, ended.stdout
    assert "2 passed" in ended.stdout


STAND_IN = """
import sys, types

class Settings:
    configured = True
    EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

django_conf = types.ModuleType("django.conf"); django_conf.settings = Settings()
noted = types.ModuleType("django.test.utils")
noted._TestState = types.SimpleNamespace(saved_data=types.SimpleNamespace(email_backend=sys.argv[1]))
sys.modules |= {"django.conf": django_conf, "django.test.utils": noted}
from pytest_soundstage.django_mail import put_back
environ = {"SMTP_HOST": "h", "SMTP_PORT": "25", "SMTP_USERNAME": "u", "SMTP_PASSWORD": "p"}
assert put_back(environ) and not put_back(environ)
told = vars(django_conf.settings)
print(told["EMAIL_BACKEND"], told["EMAIL_HOST"], told["EMAIL_PORT"], told["EMAIL_HOST_USER"], told["EMAIL_USE_TLS"])
"""
BACKENDS = "django.core.mail.backends"
PUT_BACK = [
    pytest.param(f"{BACKENDS}.console.EmailBackend", f"{BACKENDS}.smtp.EmailBackend", id="console"),
    pytest.param("anymail.backends.sendgrid.EmailBackend", "anymail.backends.sendgrid.EmailBackend", id="its-own"),
]


@pytest.mark.parametrize(("of_the_project", "put"), PUT_BACK)
def test_the_projects_own_backend_is_put_back_if_it_sends(of_the_project: str, put: str) -> None:
    """With a stand-in for Django's settings, which the real one confirms above where it is installed."""
    told = subprocess.run(
        [sys.executable, "-c", STAND_IN, of_the_project],
        env={"PYTHONPATH": str(PROJECT / "client" / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == [put, "h", "25", "u", "False"]
