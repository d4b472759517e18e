"""The hosts file: what it gives, and what it refuses."""

from pathlib import Path

import pytest

from sinks.hosts_file import HostsFileError, parse_hosts, read_hosts_file


def test_names_and_addresses(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("# comment\n\n10.0.0.1  minio.internal Minio # again\n::1 minio.internal.\n")
    hosts = read_hosts_file(path)
    assert hosts.addresses("MINIO.internal.") == ("10.0.0.1", "::1")
    assert hosts.addresses("minio") == ("10.0.0.1",)
    assert hosts.addresses("other.internal") == ()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        pytest.param("10.0.0.1 a\nten.0.0.1 b", "f, line 2: 'ten.0.0.1' is not an IP address", id="no-address"),
        pytest.param("0177.0.0.1 a", "f, line 1: '0177.0.0.1' is not an IP address", id="octal"),
        pytest.param("10.0.0.1 # only", "f, line 1: the address 10.0.0.1 has no name after it", id="no-name"),
    ],
)
def test_a_bad_line_refuses_the_file(text: str, error: str) -> None:
    with pytest.raises(HostsFileError, match=f"^{error}$"):
        parse_hosts(text, "f")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(HostsFileError, match="missing cannot be read"):
        read_hosts_file(tmp_path / "missing")
