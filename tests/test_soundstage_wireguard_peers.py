"""The book of WireGuard peers: names, addresses, what is kept and what is not."""

import json
import stat
from pathlib import Path

import pytest

from proxy.wireguard_keys import public_key
from soundstage.trouble import ConfigError
from soundstage.wireguard_peers import LAST, PeerBook


def test_a_peer_has_addresses_of_its_own_and_its_private_key_is_not_kept(tmp_path: Path) -> None:
    book = PeerBook(tmp_path / "data")
    first, private = book.add("vm-1")
    second, _ = book.add("vm.2")
    assert (first.addresses, second.addresses) == (
        ("10.135.0.2", "fd53:5753::2"),
        ("10.135.0.3", "fd53:5753::3"),
    )
    assert first.public_key == public_key(private)
    assert book.read() == (first, second)
    for file in (tmp_path / "data").iterdir():
        assert not file.is_file() or private.encode() not in file.read_bytes()
    for name in ("wireguard.json", "wireguard.key"):
        assert stat.S_IMODE((tmp_path / "data" / name).stat().st_mode) == 0o600
    assert book.server_key() == PeerBook(tmp_path / "data").server_key()


def test_an_address_is_not_given_again_at_once(tmp_path: Path) -> None:
    book = PeerBook(tmp_path)
    book.add("one")
    second, _ = book.add("two")
    assert book.remove("one")
    assert not book.remove("one")
    third, _ = book.add("three")
    assert (second.number, third.number) == (3, 4)
    kept = [{**peer.model_dump(), "number": LAST - 1} for peer in book.read()[:1]]
    (tmp_path / "wireguard.json").write_text(json.dumps(kept))
    assert book.add("four")[0].number == 2


@pytest.mark.parametrize("name", ["", "-vm", "v m", "a\nPostUp = x", "x" * 64, "\u00e4"])
def test_what_is_no_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be a peer's name"):
        PeerBook(tmp_path).add(name)


def test_a_name_is_one_peer_s(tmp_path: Path) -> None:
    book = PeerBook(tmp_path)
    book.add("vm")
    with pytest.raises(ConfigError, match="there is a peer vm already"):
        book.add("vm")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="no-json"),
        pytest.param('[{"name": "vm"}]', id="a-field-is-missing"),
        pytest.param('[{"name": "vm", "public_key": "AAAA", "number": 2, "added": "x"}]', id="no-key"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(tmp_path: Path, text: str) -> None:
    (tmp_path / "wireguard.json").write_text(text)
    with pytest.raises(ConfigError, match="cannot be read"):
        PeerBook(tmp_path).read()
