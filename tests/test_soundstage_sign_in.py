"""`soundstage sign-in`: the link works once, and is only made for a Soundstage that is up."""

import json
from pathlib import Path

import pytest

from dashboard.sign_in import SignInLinks
from soundstage.__main__ import main

ADDRESSES = {
    "proxy": "127.0.0.1:8080", "https": "127.0.0.1:8443", "http": "127.0.0.1:8081", "dns": "127.0.0.1:1053",
    "smtp": "127.0.0.1:1025", "smtps": "127.0.0.1:1465", "dashboard": "http://127.0.0.1:8025", "ca": "/ca.pem",
}  # fmt: skip


def test_the_link_is_good_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "addresses.json").write_text(json.dumps(ADDRESSES))
    assert main(["sign-in", "--data-dir", str(tmp_path)]) == 0
    address, _, token = capsys.readouterr().out.strip().partition("?token=")
    assert address == "http://127.0.0.1:8025/sign-in"
    assert SignInLinks(tmp_path).take(token)
    assert not SignInLinks(tmp_path).take(token)


def test_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "addresses.json").write_text(json.dumps(ADDRESSES))
    assert main(["sign-in", "--data-dir", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["good_for_seconds"] == 600


def test_without_soundstage_there_is_no_link(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sign-in", "--data-dir", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("soundstage: error:")
    assert not (tmp_path / "sign-in").exists()
