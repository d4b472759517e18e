"""A Soundstage started for a block of a program, without pytest."""

import os
import smtplib
import sys

import httpx
import pytest
from pytest_soundstage import Soundstage, Unanswered
from running import PATIENCE, PROJECT, command


def test_it_captures_for_a_block_and_is_gone_afterwards() -> None:
    more = {"SOUNDSTAGE_COMMAND": " ".join(command()), "PYTHONPATH": str(PROJECT)}
    with Soundstage.started({**os.environ, **more}) as soundstage, soundstage.run("nightly") as run:
        with smtplib.SMTP(run.smtp["host"], run.smtp["port"]) as smtp:
            smtp.login(run.smtp["username"], run.smtp["password"])
            smtp.sendmail("job@shop.test", ["ops@example.test"], "Subject: Done\r\n\r\nAll of it.\r\n")
        assert run.email.wait_for(to="ops@example.test").subject == "Done"
        url = soundstage.wire.place.url
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz", trust_env=False, timeout=PATIENCE)


def test_what_does_not_start_is_said() -> None:
    environ = {**os.environ, "SOUNDSTAGE_COMMAND": f'{sys.executable} -c "raise SystemExit(3)"'}
    with pytest.raises(Unanswered, match="ended"), Soundstage.started(environ):
        pass
