"""The end of `soundstage run`: what it ends with where the answers say less than that all is well."""

import argparse
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from soundstage.__main__ import main
from soundstage.api import Api
from soundstage.arguments import parser
from soundstage.run_judged import judged

SETTLED = {"reached": True, "why": None, "waited": 0.3}
CLEAN = {"run": "run-1", "verdict": "clean", "reasons": [], "settled": SETTLED, "rows": [], "counts": {}}
AT = "2026-11-22T12:00:00Z"
GAP = {"at": AT, "until": AT, "why": "an effect of it was still unfinished when it was finished."}


class Answering(BaseHTTPRequestHandler):
    """Says what it is told to, by the last word of the path: an object, or other octets."""

    says: ClassVar[dict[str, Any]] = {}

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        told = self.says[self.path.rpartition("/")[2]]
        octets = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()


def asked(*options: str) -> argparse.Namespace:
    return parser().parse_args(["run", *options, "--", "true"])


ENDS = [
    pytest.param(CLEAN, {"verdict": "clean", "gaps": []}, 0, "", id="clean"),
    pytest.param(CLEAN, {"verdict": "inconclusive", "gaps": [GAP]}, 2, "still unfinished", id="a-gap-since"),
    pytest.param(CLEAN, {"verdict": "inconclusive", "gaps": []}, 2, "somebody else has ended it", id="ended-by-others"),
    pytest.param(
        {**CLEAN, "verdict": "good"}, {"verdict": "inconclusive", "gaps": []}, 2, "no result", id="an-unknown-verdict"
    ),
    pytest.param(b"<html>", {"verdict": "inconclusive", "gaps": []}, 2, "is not Soundstage", id="a-page"),
    pytest.param([], {"verdict": "inconclusive", "gaps": []}, 2, "no result of a verification", id="no-result"),
]


@pytest.mark.parametrize(("verified", "finished", "code", "says"), ENDS)
def test_what_it_ends_with(
    url: str, capsys: pytest.CaptureFixture[str], verified: Any, finished: dict[str, Any], code: int, says: str
) -> None:
    Answering.says = {"verify": verified, "finish": finished}
    with Api(url, "token") as api:
        assert judged(api, "run-1", asked("--expect", "expect.yaml"), "version: 1\n", None) == (code, finished)
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("said", [pytest.param(b"<html>", id="a-page"), pytest.param([], id="no-result")])
def test_a_run_of_which_nobody_answers_is_finished_all_the_same(
    url: str, capsys: pytest.CaptureFixture[str], said: Any
) -> None:
    finished = {"verdict": "inconclusive", "gaps": []}
    Answering.says = {"verify": said, "finish": finished}
    with Api(url, "token") as api:
        assert judged(api, "run-1", asked(), None) == (2, finished)
    assert "soundstage: error: " in capsys.readouterr().err


UNEXPECTED = [
    pytest.param("clean", 0, "", id="nothing-real"),
    pytest.param("violated", 1, "violated: run run-1", id="something-real"),
    pytest.param("inconclusive", 2, "inconclusive: run run-1", id="nobody-knows"),
]


@pytest.mark.parametrize(("verdict", "code", "says"), UNEXPECTED)
def test_what_it_ends_with_where_nothing_was_said_to_be_expected(
    url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, verdict: str, code: int, says: str
) -> None:
    finished = {"verdict": verdict, "gaps": []}
    Answering.says = {"verify": {**CLEAN, "verdict": verdict}, "finish": finished}
    with Api(url, "token") as api:
        assert judged(api, "run-1", asked(), None) == (code, finished)
        assert capsys.readouterr().err.splitlines()[-1:] == ([] if not says else [says + ", 0 captures judged"])
        report = tmp_path / "report.xml"
        assert judged(api, "run-1", asked("--junit", str(report)), None) == (code, finished)
    assert "testsuite" in report.read_text()


def test_a_failure_of_its_own_is_no_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """1, which Python ends with, would say that the thing asked about is not so."""
    assert main(["verify", "--run", "run-1", "--expect", "a name with \0 in it"]) == 2
    assert "ValueError: embedded null byte" in capsys.readouterr().err
