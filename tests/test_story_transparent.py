"""The transparent entrance of a running Soundstage: where it is found, what it says to strangers, what outlives it."""

import contextlib
import json
import socket
from pathlib import Path

import dns.message
import dns.query
import pytest
from running import Running, started

SETTINGS = {"SOUNDSTAGE_TRANSPARENT_PORT": "0", "SOUNDSTAGE_STEER_TO": "198.18.0.0/15,fd53::/64"}


def address(running: Running, name: str, kind: str = "A") -> str:
    host, port = running.place("dns")
    answer = dns.query.udp(dns.message.make_query(name, kind), host, timeout=60, port=port).answer
    return str(answer[0][0])


def reset(place: tuple[str, int]) -> bool:
    with socket.create_connection(place, timeout=60) as client:
        try:
            return client.recv(1) == b"never"
        except ConnectionResetError:
            return True


def test_names_keep_their_addresses_and_strangers_are_recorded_across_a_killed_gateway(tmp_path: Path) -> None:
    with started(tmp_path, SETTINGS) as running:
        first = {name: address(running, name) for name in ("api.example.com", "db.example.com")}
        assert len(set(first.values())) == 2
        assert all(one.startswith(("198.18.", "198.19.")) for one in first.values())
        assert address(running, "db.example.com", "AAAA").startswith("fd53::")
        secret = f"sk_live_{'Zq7' * 8}"
        with pytest.raises(IndexError):  # no data
            address(running, f"{secret}.evil.example")
        assert secret.lower() not in (running.data_dir / "names").read_text().lower()
        assert reset(running.place("transparent"))
        [capture] = running.wait_for(channel="socket")
        assert capture["flags"] == ["not_redirected"]
        assert capture["rule"] == "never:own-socket"
        running.kill()
    with started(tmp_path, SETTINGS) as running:
        assert {name: address(running, name) for name in reversed(first)} == first


def test_a_gateway_without_the_setting_has_no_such_entrance(gateway: Running) -> None:
    assert "transparent" not in gateway.addresses
    told = json.loads((gateway.data_dir / "addresses.json").read_text())
    assert "transparent" not in told
    with contextlib.closing(gateway.api()) as api:
        assert "transparent" not in api.get("/readyz").text
