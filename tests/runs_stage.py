"""RunsStage: runs of a running Soundstage, and the clients that a suite inside one would have."""

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from running import PATIENCE, Running

MESSAGE = "From: shop@shop.test\r\nTo: ann@example.test\r\nSubject: Welcome\r\n\r\nhello\r\n"


NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of the API, which speaks none: to load the system's roots each time costs more than the answer."""


@dataclass(frozen=True)
class OneRun:
    """A run as `POST /api/runs` gave it."""

    gateway: Running
    told: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.told["id"])

    def http(self, **given: Any) -> httpx.Client:
        """A client with the run's proxy URL and the CA."""
        trust = ssl.create_default_context(cafile=self.gateway.addresses["ca"])
        settings = {"proxy": self.told["proxy"]["url"], "verify": trust, "trust_env": False, "timeout": PATIENCE}
        return httpx.Client(**{**settings, **given})

    def own_api(self) -> httpx.Client:
        """The API with the run's own token."""
        headers = {"authorization": f"Bearer {self.told['api_token']}"}
        return httpx.Client(
            base_url=self.gateway.addresses["dashboard"], headers=headers, trust_env=False, timeout=70, verify=NO_TLS
        )

    def mail(self, to: str = "ann@example.test", *, place: str | None = None, sign_in: bool = True) -> None:
        """One mail, by the shared entrance or at `host:port`."""
        host, _, port = (place or "").rpartition(":")
        known = self.told["smtp"]
        with smtplib.SMTP(host or known["host"], int(port or known["port"]), timeout=PATIENCE) as smtp:
            if sign_in:
                smtp.login(known["username"], known["password"])
            smtp.sendmail("shop@shop.test", [to], MESSAGE)

    def post(self, path: str, body: Any = None) -> Any:
        """A question about this run, put by itself."""
        with self.own_api() as api:
            answer = api.post(f"/api/runs/{self.id}/{path}", json={} if body is None else body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def shown(self) -> Any:
        """The run as it stands."""
        with self.own_api() as api:
            return api.get(f"/api/runs/{self.id}").json()

    def captures(self, **filters: str) -> list[dict[str, Any]]:
        """Its captures, newest first."""
        with self.own_api() as api:
            answer = api.get("/api/captures", params={**filters, "limit": "1000"})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])


def begun(gateway: Running, **asked: Any) -> OneRun:
    """A new run, not ended by this."""
    with gateway.api() as api:
        answer = api.post("/api/runs", json=asked)
    assert answer.status_code == 201, answer.text
    return OneRun(gateway, answer.json())


@contextlib.contextmanager
def run_of(gateway: Running, **asked: Any) -> Iterator[OneRun]:
    """A new run, finished at the end of the block."""
    run = begun(gateway, **asked)
    try:
        yield run
    finally:
        run.post("finish")
