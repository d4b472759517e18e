"""`soundstage contain` on a real kernel, in a network of its own: what it says, and whom each way of naming holds.

No gateway runs here: sockets of the test stand where it would listen, and the world's log decides.
"""

import json
import socket
import subprocess
from collections.abc import Iterator

import pytest
from running import PATIENCE
from small_internet import GATEWAY, OUTSIDE, WORLD, SmallInternet, cannot
from small_internet_world import inside
from test_story_containment import NOBODY, PROBE, probed

from soundstage.__main__ import main

pytestmark = pytest.mark.skipif(cannot() is not None, reason=str(cannot()))
LOOPBACK = {"BIND": "127.0.0.1", "STEER_TO": "127.0.0.1", "DASHBOARD_BIND": "127.0.0.1"}


@pytest.fixture
def net() -> Iterator[SmallInternet]:
    with SmallInternet() as made:
        yield made


def on_host(net: SmallInternet, user: int, *ways: str) -> dict[str, str]:
    """What a process of the gateway's own host meets."""
    words = [*net.entered("gateway"), "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    done = subprocess.run(
        [*words, "/usr/bin/env", "python3", "-", "0", *ways],
        input=PROBE,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    met: dict[str, str] = json.loads(done.stdout)
    return met


def listening(net: SmallInternet, port: int, address: str = "127.0.0.1") -> socket.socket:
    def make() -> socket.socket:
        return socket.create_server((address, port))

    made = inside(net.names["gateway"], make)
    made.settimeout(PATIENCE)
    return made


def asked(net: SmallInternet, port: int) -> socket.socket:
    def make() -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("127.0.0.1", port))
        return made

    made = inside(net.names["gateway"], make)
    made.settimeout(PATIENCE)
    return made


def meant(entrance: socket.socket) -> tuple[str, int]:
    """Where the next connection was meant to go."""
    accepted, _ = entrance.accept()
    with accepted:
        told = accepted.getsockopt(socket.IPPROTO_IP, 80, 16)
    return socket.inet_ntoa(told[4:8]), int.from_bytes(told[2:4])


def test_apply_status_remove(net: SmallInternet) -> None:
    mine = net.soundstage()
    assert mine.run("contain", "status").returncode == 1
    assert json.loads(mine.run("contain", "status", "--json").stdout)["state"] == "absent"
    applied = mine.run("contain", "apply", "--interface", "staging0")
    assert (applied.returncode, applied.stdout) == (
        0,
        "Now in force: interface staging0 reach Soundstage, or nothing.\n",
    )
    assert "In force already" in mine.run("contain", "apply", "--interface", "staging0").stdout
    assert mine.run("contain", "status").returncode == 0
    assert mine.run("contain", "status", "--interface", "world0").returncode == 1
    assert json.loads(mine.run("contain", "remove", "--dry-run", "--json").stdout) == {"removed": True}
    assert json.loads(mine.run("contain", "remove", "--json").stdout) == {"removed": True}
    assert json.loads(mine.run("contain", "remove", "--json").stdout) == {"removed": False}


def test_one_rule_more_is_another_set_of_rules(net: SmallInternet) -> None:
    mine = net.soundstage()
    mine.run("contain", "apply", "--interface", "staging0")
    net.within("gateway", "nft", "insert", "rule", "inet", "soundstage", "passing", "accept")
    told = mine.run("contain", "status", "--json")
    assert (told.returncode, json.loads(told.stdout)["state"]) == (1, "differs")
    assert mine.run("contain", "apply", "--interface", "staging0").returncode == 0
    assert mine.run("contain", "status").returncode == 0


def test_other_settings_are_other_rules(net: SmallInternet) -> None:
    net.soundstage().run("contain", "apply", "--interface", "staging0")
    assert net.soundstage({"TRANSPARENT_PORT": "9041"}).run("contain", "status").returncode == 1


def test_an_interface_that_is_not_there_is_said(net: SmallInternet) -> None:
    mine = net.soundstage()
    applied = mine.run("contain", "apply", "--interface", "eth9")
    assert "warning: There is no interface eth9" in applied.stderr
    assert mine.run("contain", "status").returncode == 1


def test_a_network_is_held_by_its_addresses(net: SmallInternet) -> None:
    net.soundstage().run("contain", "apply", "--network", "10.77.0.0/24", "--network", "fd77:1::/64")
    met = probed(net, ["tcp 1.2.3.4 443", "tcp 2606:4700::1111 443", "udp 8.8.8.8 443"], NOBODY)
    assert met["tcp 1.2.3.4 443"] == met["tcp 2606:4700::1111 443"] == "ConnectionRefusedError"
    probed(net, ["spoofed 1.1.1.1 10.99.0.9", f"spoofed {GATEWAY} 10.99.0.9", "icmp 1.1.1.1"], None)
    assert net.world.packets() == []


@pytest.mark.parametrize("keep", [pytest.param(["--keep-forwarding"], id="router"), pytest.param([], id="no-router")])
def test_others_are_passed_on_only_where_that_is_asked(net: SmallInternet, keep: list[str]) -> None:
    """The world sends to a network that the gateway has behind the world: it comes back, or it does not."""
    net.soundstage().run("contain", "apply", "--interface", "staging0", *keep)
    net.within("world", "ip", "route", "add", "10.88.0.0/24", "via", OUTSIDE)
    net.within("world", "python3", "-", "0", "send 10.88.0.1 7", given=PROBE)
    probed(net, ["tcp 1.2.3.4 443", "udp 8.8.8.8 443"], NOBODY)
    assert {packet.target for packet in net.world.packets()} - {WORLD} == ({"10.88.0.1"} if keep else set())


def test_a_user_of_this_host_is_held_and_others_are_not(net: SmallInternet) -> None:
    mine = net.soundstage(LOOPBACK)
    assert mine.run("contain", "apply", "--user", str(NOBODY), "--service", "5432").returncode == 0
    net.world.reset()
    with listening(net, 9040) as entrance, asked(net, 1053) as names, listening(net, 9100), listening(net, 5432):
        on_host(net, NOBODY, "knock 1.2.3.4 443", "send 8.8.4.4 53", "udp 8.8.8.8 443", "tcp 2606:4700::1111 443")
        assert meant(entrance) == ("1.2.3.4", 443)
        assert b"secret" in names.recv(512)
        on_host(
            net, NOBODY, "knock 127.0.0.1 9100", "knock 127.0.0.1 8025", "knock 127.0.0.1 5432", "send 127.0.0.53 53"
        )
        assert {meant(entrance)[1] for _ in range(2)} == {9100, 8025}
        assert b"secret" in names.recv(512)
        entrance.settimeout(0.05)
        with pytest.raises(TimeoutError):
            entrance.accept()
    assert net.world.packets() == []
    on_host(net, 65533, "knock 1.2.3.4 443")
    assert {packet.target for packet in net.world.packets()} == {"1.2.3.4"}


def test_none_but_the_gateway_s_user_dials_where_that_is_asked(net: SmallInternet) -> None:
    mine = net.soundstage()
    mine.run("contain", "apply", "--interface", "staging0", "--gateway-user", str(NOBODY))
    met = on_host(net, 65533, "tcp 1.2.3.4 443", "udp 8.8.8.8 53", f"tcp {GATEWAY} 9999")
    assert set(met.values()) <= {"ConnectionRefusedError", "PermissionError", "OSError"}
    seen = {(packet.target, packet.protocol) for packet in net.world.packets()}
    assert seen == set()
    assert "220 the world" in on_host(net, NOBODY, "tcp 1.2.3.4 443")["tcp 1.2.3.4 443"]


def test_entrances_are_no_proxy_for_the_world(net: SmallInternet) -> None:
    mine = net.soundstage()
    mine.run("contain", "apply", "--interface", "staging0")
    with listening(net, 8080, ""), listening(net, 9100, ""):
        connect = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 30); print('open')"
        assert "open" in net.within("world", "python3", "-c", connect, OUTSIDE, "9100")
        assert "refused" in net.within("world", "python3", "-c", connect, OUTSIDE, "8080", check=False)
        assert "open" in net.within("staging", "python3", "-c", connect, GATEWAY, "8080")


def test_without_the_power_it_says_what_is_needed(net: SmallInternet) -> None:
    mine = net.soundstage()
    mine.before += ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
    done = mine.run("contain", "status")
    assert done.returncode == 2
    assert "the packet filter is root's to change and to see" in done.stderr


@pytest.mark.parametrize(
    ("words", "settings", "said"),
    [
        pytest.param([], {"TRANSPARENT_PORT": "9040"}, "nobody is named whom to contain", id="nobody"),
        pytest.param(["--interface", "eth1"], {}, "SOUNDSTAGE_TRANSPARENT_PORT names no port", id="no-port"),
        pytest.param(["--interface", "eth1"], {"TRANSPARENT_PORT": "0"}, "names no port", id="any-free-port"),
        pytest.param(
            ["--interface", "eth1"], {"TRANSPARENT_PORT": "9040"}, "cannot be reached from staging", id="loopback-bind"
        ),
        pytest.param(
            ["--user", "4711", "--service", "8025"], {"TRANSPARENT_PORT": "9040"}, "is the dashboard's", id="dashboard"
        ),
    ],
)
def test_what_cannot_be_rendered(
    words: list[str],
    settings: dict[str, str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"SOUNDSTAGE_{name}", value)
    assert main(["contain", "apply", "--dry-run", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_dry_run_prints_the_rules(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUNDSTAGE_TRANSPARENT_PORT", "9040")
    assert main(["contain", "apply", "--dry-run", "--user", "4711"]) == 0
    assert "meta skuid @users goto turned_users" in capsys.readouterr().out
