"""The doctor, from inside: it finds each hole that is dug for it, by name, and none where the recipes hold."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from doctor_stage import HOST_PORT, OPENED, by_verdict, examined, listening, second_interface, served
from run_stage import RunStage, why_not
from running import Running
from runs_stage import run_of
from small_internet import Packet, SmallInternet, cannot

from soundstage.trust_bundle import system_roots

HOLES = [
    pytest.param("route:203.0.113.0/24", id="a-route-over-a-second-interface"),
    pytest.param("device:eth1:1.1.1.1:443", id="a-second-interface"),
    pytest.param("udp:1.1.1.1:9999", id="a-permitted-udp-port"),
    pytest.param("tcp:1.1.1.1:9999", id="a-permitted-tcp-port-of-an-address"),
    pytest.param("dns:1.1.1.1:53", id="a-permitted-foreign-dns-server"),
    pytest.param("socket:/run/docker.sock", id="a-mounted-engine-socket"),
    pytest.param("capability:CAP_NET_ADMIN", id="a-power-over-the-network"),
    pytest.param("no-proxy", id="a-broad-no-proxy"),
    pytest.param("trust:openssl", id="a-missing-ca"),
    pytest.param("tcp:2606:4700:4700::1111:443", id="ipv6-without-rules"),
    pytest.param("icmp:1.1.1.1", id="permitted-pings"),
    pytest.param("metadata:169.254.169.254:80", id="metadata-within-reach"),
    pytest.param(f"host:10.77.0.1:{HOST_PORT}", id="a-service-of-the-host"),
]
DOCTOR = (sys.executable, "-P", "-m", "soundstage", "doctor")
WITHOUT_CA = {"SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"}
internet = pytest.mark.skipif(cannot() is not None, reason=str(cannot()))


@dataclass
class Scene:
    """The examinations of a staging host: as the host recipe leaves it, and full of holes."""

    sound: dict[str, Any]
    codes: list[int]
    arrived: list[Packet]
    holed: dict[str, Any]
    before: tuple[str, str]


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with SmallInternet() as net:
        gateway, bundle = net.gateway(), net.folder / "bundle.pem"
        bundle.write_bytes(system_roots() + b"\n" + (gateway.data_dir / "ca.pem").read_bytes())
        sound = examined(net, bundle, "--before", "--", "id", "-un")
        arrived = net.world.packets()
        net.within("gateway", "nft", "-f", "-", given=OPENED)
        net.within("staging", "sysctl", "-qw", "net.ipv4.ping_group_range=0 65534")
        second_interface(net)
        with served(net), listening(net.folder / "engine") as engine:
            given = {"NO_PROXY": "localhost,.amazonaws.com", **WITHOUT_CA}
            more: dict[str, Any] = {"capabilities": "net_admin", "variables": given}
            holed = examined(net, bundle, "--before", "--", "id", "-un", engine=engine, **more)
        told = (json.loads(sound.stderr), json.loads(holed.stderr.partition("\nsoundstage: ")[0]))
        yield Scene(told[0], [sound.returncode, holed.returncode], arrived, told[1], (sound.stdout, holed.stdout))


@internet
def test_nothing_is_open_under_the_host_s_rules(scene: Scene) -> None:
    assert by_verdict(scene.sound, "open", "unknown", "missing") == {}
    assert (scene.sound["result"], scene.codes[0]) == ("contained", 0)
    assert scene.sound["counts"]["captured"] > 60
    assert scene.arrived == []


@internet
@pytest.mark.parametrize("hole", HOLES)
def test_a_hole_is_found(scene: Scene, hole: str) -> None:
    assert hole in by_verdict(scene.holed, "open", "missing"), scene.holed["findings"]
    assert hole not in by_verdict(scene.sound, "open", "missing")


@internet
def test_the_command_is_run_only_where_nothing_is_open(scene: Scene) -> None:
    assert scene.before == ("nobody\n", "")
    assert scene.codes == [0, 1]


@pytest.mark.skipif(why_not() is not None, reason=f"commands cannot be contained here: {why_not()}")
def test_nothing_is_open_in_a_contained_run_and_all_of_it_is_on_record(gateway: Running, tmp_path: Path) -> None:
    """Asked with the admin's token, it files its report, and notes another run, which is open, as contained."""
    house, about = RunStage(gateway, tmp_path), tmp_path / "about.json"
    with run_of(gateway) as noted, gateway.api() as api:
        assert noted.shown()["contained"] == "no"
        with_token = ("env", f"SOUNDSTAGE_TOKEN={gateway.token}")
        done = house.run(*with_token, *DOCTOR, "--json", "--run", noted.id, options=("--about", str(about)))
        told = json.loads(done.stdout)
        assert by_verdict(told, "open", "unknown", "missing") == {}, done.stderr
        assert (told["result"], told["consulted"], done.returncode) == ("contained", True, 0)
        (filed,) = [one for one in api.get("/api/doctor").json()["items"] if one["run"] == noted.id]
        assert filed["findings"] == told["findings"]
        assert noted.shown()["contained"] == "doctor"
    run = json.loads(about.read_text())["id"]
    on_record = {one["id"] for one in gateway.captures(run=run)}
    named = [one["capture"] for one in told["findings"] if one["verdict"] == "captured"]
    assert len(named) > 40
    assert set(named) <= on_record
