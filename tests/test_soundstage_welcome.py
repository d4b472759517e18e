"""What `soundstage up` prints: it promises no more than holds, and its lines work from any folder."""

import shlex
from pathlib import Path

import pytest

from soundstage.addresses import Addresses
from soundstage.settings import Settings
from soundstage.welcome import welcome


@pytest.fixture
def bound() -> Addresses:
    return Addresses.model_validate(dict.fromkeys(Addresses.model_fields, "127.0.0.1:1"))


def test_it_says_that_variables_are_ignored_and_what_is_not(tmp_path: Path, bound: Addresses) -> None:
    told = welcome(Settings(data_dir=tmp_path), bound)
    assert "Whatever reaches it is stopped, recorded and answered; nothing of it leaves." in told
    assert "Programs may ignore variables" in told
    assert f" run --data-dir {shlex.quote(str(tmp_path))} -- COMMAND\n" in told


def test_with_a_policy_it_says_who_opts_in(tmp_path: Path, bound: Addresses) -> None:
    told = welcome(Settings(data_dir=tmp_path, policy=(tmp_path / "p.yaml",)), bound)
    assert f"of it, only what {tmp_path}/p.yaml opts in leaves." in told
