"""Variables: the run's, put into this process's environment before the application is imported, and taken out again."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

FILES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
)
"""Variables that name a file of the gateway's data directory."""


class Variables:
    """What was changed in an environment, to be undone."""

    def __init__(self, environ: MutableMapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._before: dict[str, str | None] = {}

    def put(self, variables: Mapping[str, str]) -> None:
        for name, value in variables.items():
            self._before.setdefault(name, self._environ.get(name))
            self._environ[name] = value

    def restore(self) -> None:
        """As it was before the first `put`, for each variable that was put."""
        for name, value in self._before.items():
            if value is None:
                self._environ.pop(name, None)
            else:
                self._environ[name] = value
        self._before.clear()


def usable(variables: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The variables that make sense here, and the names of those whose file is not on this machine."""
    absent = [name for name in FILES if name in variables and not Path(variables[name]).is_file()]
    return {name: value for name, value in variables.items() if name not in absent}, absent
