"""Bad input at the start, for real: each is told in a line, and what was captured before is there afterwards."""

import hashlib
import os
import shutil
import socket
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from misfortune import KEPT, captured, post
from running import command, environment, started

from proxy.ca import CertificateAuthority


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with one capture in it, whose Soundstage has stopped."""
    folder = tmp_path_factory.mktemp("used")
    with started(folder) as running:
        assert post(running, KEPT).startswith(b"HTTP/1.1 200 ")
    assert captured(folder / "data") == 1
    return folder / "data"


@pytest.fixture
def mine(used: Path, tmp_path: Path) -> Path:
    """A copy of it to break."""
    return Path(shutil.copytree(used, tmp_path / "data"))


def fails(folder: Path, *options: str, **more: str) -> list[str]:
    """What `up` says on stderr where it does not start: lines for the operator, never a traceback."""
    ended = subprocess.run(
        command("up", *options),
        env=environment(folder / "data", more),
        capture_output=True,
        text=True,
        timeout=300,
        cwd=folder,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("soundstage gateway: WARNING: ")]
    assert all(line.startswith(("soundstage: error: ", "soundstage: hint: ")) for line in lines), ended.stderr
    return lines


def malformed_policy(folder: Path) -> dict[str, str]:
    (folder / "policy.yaml").write_text("version: 1\nopt_in:\n  - {id: x, to: api.partner.test, reason: none}\n")
    return {"SOUNDSTAGE_POLICY": str(folder / "policy.yaml")}


def unknown_setting(_: Path) -> dict[str, str]:
    return {"SOUNDSTAGE_KEEP_DAY": "3"}


def roots_that_are_none(folder: Path) -> dict[str, str]:
    (folder / "roots.pem").write_text("no certificate\n")
    return {"SOUNDSTAGE_UPSTREAM_CA_FILE": str(folder / "roots.pem")}


def address_of_another_machine(_: Path) -> dict[str, str]:
    return {"SOUNDSTAGE_BIND": "192.0.2.1"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param(malformed_policy, ("policy.yaml:3: opt_in[0].reason", "policy check"), id="malformed-policy"),
        pytest.param(unknown_setting, ("KEEP_DAY is no setting", "SOUNDSTAGE_KEEP_DAYS"), id="unknown-setting"),
        pytest.param(roots_that_are_none, ("roots.pem cannot be used", "PEM form"), id="roots-that-are-none"),
        pytest.param(
            address_of_another_machine, ("192.0.2.1:0 cannot be bound", "set SOUNDSTAGE_BIND"), id="address-of-another"
        ),
    ],
)
def test_bad_setting_is_told_and_loses_nothing(
    mine: Path, given: Callable[[Path], dict[str, str]], said: tuple[str, str]
) -> None:
    lines = fails(mine.parent, **given(mine.parent))
    assert said[0] in lines[0]
    assert said[1] in lines[-1]
    assert captured(mine) == 1


def test_port_in_use_is_told_and_loses_nothing(mine: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        error, hint = fails(mine.parent, SOUNDSTAGE_SMTP_PORT=str(port))
    assert f"127.0.0.1:{port}" in error
    assert hint == "soundstage: hint: set SOUNDSTAGE_SMTP_PORT to a free one, or to 0 for any"
    assert not (mine / "addresses.json").exists()
    assert captured(mine) == 1


def corrupt_ledger(data: Path) -> None:
    (data / "ledger.sqlite").write_bytes(b"not a ledger at all" * 100)


def truncated_ledger(data: Path) -> None:
    os.truncate(data / "ledger.sqlite", 10_000)


def ledger_of_a_newer_version(data: Path) -> None:
    with sqlite3.connect(data / "ledger.sqlite") as ledger:
        ledger.execute("UPDATE alembic_version SET version_num = '9999'")
    ledger.close()


def foreign_key(data: Path) -> None:
    other = data.parent / "other"
    other.mkdir()
    CertificateAuthority.open(other)
    shutil.copy(other / "ca.key", data / "ca.key")


def key_cut_short(data: Path) -> None:
    (data / "masking.key").write_bytes(b"x")


@pytest.mark.parametrize(
    ("spoil", "file", "said"),
    [
        pytest.param(corrupt_ledger, "ledger.sqlite", "is not a ledger", id="corrupt-ledger"),
        pytest.param(truncated_ledger, "ledger.sqlite", "the ledger is damaged", id="truncated-ledger"),
        pytest.param(ledger_of_a_newer_version, "ledger.sqlite", "step 9999", id="ledger-of-a-newer-version"),
        pytest.param(foreign_key, "ca.key", "ca.pem", id="ca-that-does-not-match-its-key"),
        pytest.param(key_cut_short, "masking.key", "1 octets where 32 belong", id="key-cut-short"),
    ],
)
def test_spoilt_file_is_told_and_left_as_it_is(
    used: Path, mine: Path, spoil: Callable[[Path], None], file: str, said: str
) -> None:
    spoil(mine)
    before = hashlib.sha256((mine / file).read_bytes()).hexdigest()
    lines = fails(mine.parent)
    assert file in lines[0]
    assert said in lines[0]
    assert hashlib.sha256((mine / file).read_bytes()).hexdigest() == before, "the evidence was touched"
    for name in ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"):
        (mine / name).unlink(missing_ok=True)
    shutil.copytree(used, mine, dirs_exist_ok=True)
    assert captured(mine) == 1


def test_data_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("somebody's notes")
    error, hint = fails(tmp_path)
    assert f"the data directory {tmp_path / 'data'} cannot be used" in error
    assert "SOUNDSTAGE_DATA_DIR" in hint
    assert (tmp_path / "data").read_text() == "somebody's notes"


def test_directory_of_somebody_else_is_not_closed_to_its_owner(tmp_path: Path) -> None:
    home = tmp_path / "data"
    home.mkdir()
    (home / "thesis.txt").touch()
    home.chmod(0o755)
    error, _ = fails(tmp_path)
    assert f"the data directory {home} holds other things (thesis.txt)" in error
    assert stat.S_IMODE(home.stat().st_mode) == 0o755
    assert [entry.name for entry in home.iterdir()] == ["thesis.txt"]


def test_ledger_torn_while_nobody_looked_is_told_at_the_start_and_left_as_it_is(mine: Path) -> None:
    octets = (mine / "ledger.sqlite").read_bytes()
    torn = octets[:8192] + b"\xff" * 40_960 + octets[8192 + 40_960 :]
    (mine / "ledger.sqlite").write_bytes(torn)
    assert "malformed" in fails(mine.parent)[0]
    assert (mine / "ledger.sqlite").read_bytes() == torn


def test_unknown_command_names_those_people_can_use() -> None:
    told = subprocess.run(command("upp"), capture_output=True, text=True, timeout=300, check=False)
    assert told.returncode == 2
    assert "'up', 'env'" in told.stderr
    assert "_gateway" not in told.stderr
