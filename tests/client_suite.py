"""Suite: pytest with the client's plugin, run in this process on a folder of its own against an API stage."""

from collections.abc import Iterator

import httpx
import pytest
from client_stage import TOKEN, Stage, api_stage

# Now, once and for all: httpx loads its engine late, and a pytest in this process forgets what was loaded in it.
httpx.HTTPTransport(verify=False).close()


class Suite:
    """A folder of tests, and the stage they ask."""

    def __init__(self, pytester: pytest.Pytester, environ: pytest.MonkeyPatch, stage: Stage) -> None:
        self.folder, self.stage = pytester.path, stage
        self._pytester, self._environ = pytester, environ

    def run(self, code: str, *options: str, ini: str = "", **more: str) -> tuple[int, str]:
        """pytest's exit status and what it printed."""
        (self.folder / "test_it.py").write_text(code)
        (self.folder / "pytest.ini").write_text(f"[pytest]\n{ini}\n")
        for name, value in more.items():
            self._environ.setenv(name, value)
        result = self._pytester.runpytest_inprocess("-p", "pytest_soundstage.plugin", "--tb=short", *options)
        return int(result.ret), "\n".join([*result.outlines, *result.errlines])


def suite_in(pytester: pytest.Pytester, environ: pytest.MonkeyPatch) -> Iterator[Suite]:
    """With the variables that lead to the stage, and no others of Soundstage's."""
    environ.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    # This test process may itself be a worker of pytest-xdist; the pytest in it is none.
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS", "SOUNDSTAGE_RUN", "SOUNDSTAGE_DATA_DIR"):
        environ.delenv(name, raising=False)
    with api_stage() as stage:
        environ.setenv("SOUNDSTAGE_URL", stage.url)
        environ.setenv("SOUNDSTAGE_TOKEN", TOKEN)
        yield Suite(pytester, environ, stage)
