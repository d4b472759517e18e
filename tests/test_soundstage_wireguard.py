"""`soundstage wireguard peer` where no gateway runs: what it prints, what it refuses. With one, see the story."""

import json
from pathlib import Path

import pytest
from wireguard_client import read_config

from proxy.wireguard_keys import public_key
from soundstage.__main__ import main
from soundstage.wireguard_peers import PeerBook


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOUNDSTAGE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("SOUNDSTAGE_WIREGUARD_PORT", "51820")


def test_a_peer_s_configuration_is_what_wg_quick_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wireguard", "peer", "add", "vm"]) == 0
    printed = capsys.readouterr()
    book = PeerBook(tmp_path / "data")
    [peer] = book.read()
    config = read_config(printed.out)
    assert public_key(config["PrivateKey"]) == peer.public_key
    assert config["PublicKey"] == public_key(book.server_key())
    assert config["Address"] == "10.135.0.2/32, fd53:5753::2/128"
    assert (config["DNS"], config["AllowedIPs"]) == ("10.135.0.1", "0.0.0.0/0, ::/0")
    assert config["Endpoint"] == "127.0.0.1:51820"
    assert "no gateway runs on this data directory" in printed.err
    assert "SOUNDSTAGE_BIND=127.0.0.1: no other machine reaches the gateway there" in printed.err


@pytest.mark.parametrize(
    ("said", "endpoint"),
    [
        pytest.param("stage.example.com", "stage.example.com:51820", id="name"),
        pytest.param("stage.example.com:443", "stage.example.com:443", id="name-and-port"),
        pytest.param("10.0.0.5", "10.0.0.5:51820", id="ipv4"),
        pytest.param("2001:db8::5", "[2001:db8::5]:51820", id="ipv6"),
        pytest.param("[2001:db8::5]", "[2001:db8::5]:51820", id="ipv6-in-brackets"),
        pytest.param("[2001:db8::5]:443", "[2001:db8::5]:443", id="ipv6-and-port"),
    ],
)
def test_endpoints(said: str, endpoint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wireguard", "peer", "add", "vm", "--endpoint", said]) == 0
    assert read_config(capsys.readouterr().out)["Endpoint"] == endpoint


@pytest.mark.parametrize("said", ["stage:http", "stage:0", "a b", "stage\nPostUp = x", "[::1]x:1"])
def test_what_is_no_endpoint_makes_no_peer(said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wireguard", "peer", "add", "vm", "--endpoint", said]) == 2
    assert "--endpoint" in capsys.readouterr().err
    assert PeerBook(tmp_path / "data").read() == ()


def test_without_a_port_there_is_no_endpoint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SOUNDSTAGE_WIREGUARD_PORT")
    assert main(["wireguard", "peer", "add", "vm"]) == 2
    assert "SOUNDSTAGE_WIREGUARD_PORT names no port" in capsys.readouterr().err


def test_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wireguard", "peer", "add", "vm", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["name"], told["in_force"]) == ("vm", False)
    assert told["private_key"] in told["configuration"]
    assert main(["wireguard", "peer", "list", "--json"]) == 0
    [listed] = json.loads(capsys.readouterr().out)
    assert listed == {name: told[name] for name in ("name", "public_key", "added", "addresses")}
    assert main(["wireguard", "peer", "remove", "vm", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"removed": True, "in_force": False}


def test_list_and_remove(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wireguard", "peer", "add", "vm"]) == 0
    private = read_config(capsys.readouterr().out)["PrivateKey"]
    assert main(["wireguard", "peer", "list"]) == 0
    listed = capsys.readouterr().out
    assert "10.135.0.2" in listed
    assert private not in listed
    assert main(["wireguard", "peer", "add", "vm"]) == 2
    assert "there is a peer vm already" in capsys.readouterr().err
    assert main(["wireguard", "peer", "remove", "vm"]) == 0
    assert main(["wireguard", "peer", "remove", "vm"]) == 1
    assert "There is no peer vm." in capsys.readouterr().out
