"""Soundstage as its user starts it, for the demo: `soundstage up`, `env`, `trust`, and the API."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import httpx

READY_WITHIN = 60.0
"""Seconds a first start may take; it makes the CA and the ledger."""
PORTS = ("PROXY", "SMTP", "SMTPS", "HTTPS", "HTTP", "DNS", "SOCKS", "DASHBOARD")


class Stage:
    """A Soundstage of its own in a temporary data directory, while the block lasts."""

    def __init__(self, free_ports: bool) -> None:
        self._free_ports = free_ports

    def __enter__(self) -> "Stage":
        self._folder = tempfile.TemporaryDirectory(prefix="soundstage-demo-data-")
        self._data = Path(self._folder.name) / "data"
        self._process = subprocess.Popen(self._command("up"), env=self._environment())
        self._addresses = self._when_ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(15)
        self._folder.cleanup()

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "soundstage", *words]

    def _environment(self) -> dict[str, str]:
        ports = {f"SOUNDSTAGE_{name}_PORT": "0" for name in PORTS} if self._free_ports else {}
        return {**os.environ, **ports, "SOUNDSTAGE_DATA_DIR": str(self._data)}

    def _when_ready(self) -> dict[str, str]:
        addresses, deadline = self._data / "addresses.json", time.monotonic() + READY_WITHIN
        while not addresses.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("demo: Soundstage did not come up; what it said is above")
            time.sleep(0.05)
        told: dict[str, str] = json.loads(addresses.read_text())
        return told

    def _said(self, *words: str) -> str:
        return subprocess.run(
            self._command(*words), env=self._environment(), check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    def env(self) -> dict[str, str]:
        """What `soundstage env` prints, as a mapping."""
        lines = self._said("env", "--shell", "dotenv").splitlines()
        pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
        return {name: value.strip("\"'") for name, value in pairs}

    @contextmanager
    def trusted_by_sdks(self) -> Iterator[None]:
        """SDKs that bring their own roots (stripe) trust the CA while the block lasts."""
        self._said("trust", "install", "--venv", sys.prefix)
        try:
            yield
        finally:
            self._said("trust", "remove", "--venv", sys.prefix)

    def _api(self, path: str, **query: str | int) -> dict[str, object]:
        token = (self._data / "admin.token").read_text().strip()
        answer = httpx.get(
            f"{self._addresses['dashboard']}{path}",
            params=query,
            headers={"authorization": f"Bearer {token}"},
            trust_env=False,
        )
        told: dict[str, object] = answer.raise_for_status().json()
        return told

    def captured(self) -> Counter[str]:
        """Side effects by channel: everything that is not a token call, a name looked up or a read of the web."""
        items = self._api("/api/captures", limit=1000)["items"]
        assert isinstance(items, list)
        return Counter(
            str(item["channel"])
            for item in items
            if item["intent"] in ("write", "read") and item["channel"] not in ("dns", "web")
        )

    def left(self) -> int:
        """How many captures say that bytes may have gone to a real destination."""
        items = self._api("/api/captures", left="true", limit=1000)["items"]
        assert isinstance(items, list)
        return len(items)

    def sign_in_link(self) -> str:
        """A fresh one: the day was longer than the printed one may have lasted."""
        return self._said("sign-in").strip()

    def wait(self) -> None:
        """Until Ctrl-C."""
        try:
            self._process.wait()
        except KeyboardInterrupt:
            return
