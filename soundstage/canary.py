"""Canaries: probes that go out as the run's own traffic would, by HTTP and by mail, at its beginning and its end.

Soundstage knows them and files no capture of them; one that does not arrive says that the run's captures prove nothing.
"""

import base64
import http.client
import smtplib
from typing import Literal

from soundstage.run_order import Canary

Which = Literal["begin", "end"]
HOST = "canary.soundstage.invalid"
SECONDS = 15.0


def send(canary: Canary, which: Which) -> str | None:
    """Both probes, answered; else a whole sentence about the one that was not."""
    for name, probe in (("HTTP", _http), ("mail", _mail)):
        try:
            why = probe(canary, which)
        except (OSError, http.client.HTTPException, smtplib.SMTPException) as trouble:
            why = str(trouble) or type(trouble).__name__
        if why is not None:
            return f"the canary by {name} at the run's {which} did not arrive: {why}"
    return None


def _http(canary: Canary, which: Which) -> str | None:
    credentials = base64.b64encode(f"{canary.username}:{canary.password}".encode()).decode()
    connection = http.client.HTTPConnection(canary.proxy_host, canary.proxy_port, timeout=SECONDS)
    try:
        headers = {"Proxy-Authorization": f"Basic {credentials}"}
        connection.request("GET", f"http://{HOST}/{canary.run}/{which}", headers=headers)
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    return None if answer.status == http.client.OK else f"the proxy answered {answer.status}"


def _mail(canary: Canary, which: Which) -> str | None:
    recipient = f"{which}@{HOST}"
    with smtplib.SMTP(canary.smtp_host, canary.smtp_port, timeout=SECONDS) as client:
        client.ehlo("localhost")
        client.user, client.password = canary.username, canary.password
        client.auth("PLAIN", client.auth_plain)
        client.sendmail(recipient, [recipient], f"Subject: canary {canary.run}\r\n\r\n{which}\r\n")
    return None
