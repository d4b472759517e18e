"""Canary: one request and one mail with the run's own variables, which prove that the way into the run works.

They are answered, noted on the run and left out of every count.
"""

from __future__ import annotations

import os
import smtplib
from collections.abc import Mapping

import httpx

HOST = "canary.soundstage.invalid"
SECONDS = 15.0


def sing(run: str, moment: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """Send both; `moment` is begin or end. What went wrong, in whole phrases; nothing where all went well."""
    environ = os.environ if environ is None else environ
    troubles = []
    for way in (_http, _smtp):
        try:
            way(run, moment, environ)
        except (OSError, smtplib.SMTPException, httpx.HTTPError, ValueError, KeyError) as trouble:
            said = f"the canary at the {moment} of run {run} did not arrive over {way.__name__[1:]}"
            troubles.append(f"{said}: {trouble}")
    return troubles


def _http(run: str, moment: str, environ: Mapping[str, str]) -> None:
    proxy = httpx.Proxy(environ["HTTP_PROXY"])
    with httpx.HTTPTransport(proxy=proxy, trust_env=False) as transport:
        limits = dict.fromkeys(("connect", "read", "write", "pool"), SECONDS)
        request = httpx.Request("GET", f"http://{HOST}/{run}/{moment}", extensions={"timeout": limits})
        response = transport.handle_request(request)
        response.read()
        told = response.json() if response.is_success else {}
    if told != {"canary": moment, "run": run}:
        raise ValueError(f"the answer was {response.status_code} {response.text[:200]!r}")


def _smtp(run: str, moment: str, environ: Mapping[str, str]) -> None:
    with smtplib.SMTP(environ["SMTP_HOST"], int(environ["SMTP_PORT"]), timeout=SECONDS) as smtp:
        smtp.login(environ["SMTP_USERNAME"], environ["SMTP_PASSWORD"])
        message = f"From: canary@{HOST}\r\nTo: {moment}@{HOST}\r\nSubject: canary of {run}\r\n\r\n{moment}\r\n"
        smtp.sendmail(f"canary@{HOST}", [f"{moment}@{HOST}"], message)
