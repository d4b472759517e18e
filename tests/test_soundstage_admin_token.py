"""The admin token: made once where it is ours to make, read where it is the operator's, refused where it is none."""

import stat
from pathlib import Path

import pytest

from soundstage.admin_token import admin_token
from soundstage.settings import Settings
from soundstage.trouble import ConfigError


def test_made_at_first_and_kept(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    token = admin_token(settings)
    assert len(token) > 30
    assert admin_token(settings) == token
    assert stat.S_IMODE((tmp_path / "admin.token").stat().st_mode) == 0o600


def test_named_in_the_data_directory_is_made_too(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, admin_token_file=tmp_path / "mine")
    assert admin_token(settings) == (tmp_path / "mine").read_text().strip()


def test_operators_own_is_read(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("0123456789abcdef\n")
    settings = Settings(data_dir=tmp_path / "data", admin_token_file=tmp_path / "own")
    assert admin_token(settings) == "0123456789abcdef"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "cannot be read: .*No such file", id="missing"),
        pytest.param("short\n", "has to hold one word of 16 characters or more", id="short"),
        pytest.param("two words of a token\n", "has to hold one word", id="words"),
        pytest.param("\n", "has to hold one word", id="empty"),
        pytest.param("é" * 20, "cannot be read", id="not-ascii"),
    ],
)
def test_no_token_is_told(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "own").write_text(content)
    with pytest.raises(ConfigError, match=message):
        admin_token(Settings(data_dir=tmp_path / "data", admin_token_file=tmp_path / "own"))
