"""The bundle and its other forms: what lies beside it, for whom, and when it is made anew."""

import stat
from pathlib import Path

import pytest

from proxy.ca import CertificateAuthority
from soundstage.run_view import view
from soundstage.trouble import ConfigError
from soundstage.trust_bundle import NAME, PUBLIC, hand_out, write_bundle
from soundstage.trust_files import JAVA_STORE, PHP_INI, WGETRC, wgetrc
from soundstage.trust_java_store import java_store


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    CertificateAuthority.open(folder)
    write_bundle(folder)
    return folder


def test_every_form_lies_beside_the_bundle(data_dir: Path) -> None:
    assert all((data_dir / name).is_file() for name in PUBLIC)
    assert (data_dir / NAME).read_bytes().endswith((data_dir / "ca.pem").read_bytes())
    assert f"ca_certificate = {data_dir / NAME}" in (data_dir / WGETRC).read_text()
    assert stat.S_IMODE((data_dir / PHP_INI).parent.stat().st_mode) == 0o700


def test_nothing_is_made_anew_where_nothing_changed(data_dir: Path) -> None:
    before = {name: (data_dir / name).stat().st_ino for name in PUBLIC}
    write_bundle(data_dir)
    assert {name: (data_dir / name).stat().st_ino for name in PUBLIC} == before


@pytest.mark.parametrize("lost", [NAME, JAVA_STORE, PHP_INI, WGETRC])
def test_what_is_lost_or_changed_is_made_anew(data_dir: Path, lost: str) -> None:
    before = (data_dir / JAVA_STORE).read_bytes()
    (data_dir / lost).unlink()
    assert write_bundle(data_dir) == data_dir / NAME
    assert (data_dir / lost).is_file()
    # Its salt is new each time.
    assert ((data_dir / JAVA_STORE).read_bytes() != before) == (lost in (NAME, JAVA_STORE))


def test_others_may_read_what_is_handed_out_and_the_key_is_not_there(data_dir: Path, tmp_path: Path) -> None:
    hand_out(data_dir, tmp_path)
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert files == set(PUBLIC)
    assert all(stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o644 for name in PUBLIC)
    assert stat.S_IMODE((tmp_path / "php").stat().st_mode) == 0o755


def test_a_folder_that_is_not_there_is_named(data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent/ca\.pem cannot be written: No such file or directory"):
        hand_out(data_dir, tmp_path / "absent")


def test_wget_keeps_the_systems_settings(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_bytes(b"passive_ftp = on")
    made = wgetrc(Path("/data/b"), tmp_path / "theirs")
    assert made == b"passive_ftp = on\nca_certificate = /data/b\n"
    assert wgetrc(Path("/data/b"), tmp_path / "absent") == b"ca_certificate = /data/b\n"


def test_an_unreadable_root_costs_no_other(data_dir: Path) -> None:
    ca = (data_dir / "ca.pem").read_bytes()
    broken = b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
    # Salted, so two are never the same bytes; how many roots there are shows in the size alone.
    assert len(java_store(broken + ca)) == len(java_store(ca)) < len(java_store(ca + ca))


def test_a_contained_command_sees_every_form_and_no_key(data_dir: Path, tmp_path: Path) -> None:
    seen = {step.path for step in view(tmp_path, data_dir, {}, [], {}) if step.do == "over"}
    assert {str(data_dir / name) for name in PUBLIC} <= seen
    assert str(data_dir / "ca.key") not in seen
    assert all((tmp_path / name).read_bytes() == (data_dir / name).read_bytes() for name in PUBLIC)
