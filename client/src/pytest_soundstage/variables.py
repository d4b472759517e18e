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
    "NIX_SSL_CERT_FILE",
    "HTTPLIB2_CA_CERTS",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "CARGO_HTTP_CAINFO",
    "npm_config_cafile",
    "TWILIO_CA_BUNDLE",
    "DENO_CERT",
    "PERL_LWP_SSL_CA_FILE",
    "HEX_CACERTS_PATH",
    "SYSTEM_WGETRC",
)
"""Variables that name a file of the gateway's data directory."""
LISTS = {"JAVA_TOOL_OPTIONS": " ", "PHP_INI_SCAN_DIR": ""}
"""Variables that hold several things, and what stands between what was set before and ours; the last one wins."""


class Variables:
    """What was changed in an environment, to be undone."""

    def __init__(self, environ: MutableMapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._before: dict[str, str | None] = {}

    def put(self, variables: Mapping[str, str]) -> None:
        for name, value in variables.items():
            before = self._before.setdefault(name, self._environ.get(name))
            self._environ[name] = before + LISTS[name] + value if before and name in LISTS else value

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
