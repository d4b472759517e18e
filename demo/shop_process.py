"""The shop as a process of its own, with the environment an operator would give it and nothing else."""

import os
import subprocess
import sys
from types import TracebackType

import httpx


class ShopProcess:
    """Runs the shop's web application on a free loopback port while the block lasts."""

    def __init__(self, routed: dict[str, str], settings: dict[str, str]) -> None:
        self._environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **routed, **settings}
        self.url = ""

    def __enter__(self) -> "ShopProcess":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "demo.shop_server"],
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError("the shop did not open; what it said is above")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(10)
        if isinstance(error, httpx.HTTPStatusError):
            sys.stderr.write(f"demo: the shop answered {error.response.status_code}: {error.response.text}\n")
