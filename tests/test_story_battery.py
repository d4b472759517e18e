"""One battery through every entrance: explicit, SOCKS5, steered, transparent, WireGuard, and `soundstage run`.

By IPv4 and IPv6, HTTP/1.1 and HTTP/2, as an unprivileged user, and as root in staging. The world logs every packet that
arrives there, and its log decides; that it works, what is opted in shows. What ended without a record is a failure too.
"""

import asyncio
import contextlib
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from battery_attempt import PARTNER, PARTNER_H2, PARTNER_V6, ROADS, Attempt, Case, Road
from battery_ground import policy
from battery_packets import by_hand, pieces
from battery_played import COUNTED, FAULTY, SHUT, Played, battery_played, what_is_opted_in
from battery_tricks import PORTS
from battery_world import HTTP2, SIX
from leak_house import OPEN
from run_stage import why_not
from running import eventually
from small_internet import OUTSIDE, OUTSIDE_V6, cannot
from wireguard_client import cannot as no_tunnel

from soundstage.control_client import ControlClient

WHY_NOT = cannot() or no_tunnel() or why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    with battery_played() as played:
        yield played


def test_nothing_arrives(played: Played) -> None:
    assert played.arrived == []


def test_the_gateway_s_own_servers_are_reached_by_nobody(played: Played) -> None:
    """A forgotten one accepts whoever comes; the dashboard would answer 401, or 421."""
    assert played.ground.visited() == 0
    told = {one.id: played.ground.told[one.id] for one in played.shut if one.case.name.startswith("the-dashboard")}
    assert len(told) > 20
    assert not [one for one, met in told.items() if "HTTP/1.1 401" in met or "HTTP/1.1 421" in met]


def test_no_program_was_answered_by_the_world(played: Played) -> None:
    told = [played.ground.told[one.id] for one in played.shut]
    assert not [met for met in told if "the world" in met or '"real":true' in met]


@pytest.mark.parametrize("name", sorted({one.case.name for part in SHUT.values() for one in part}))
def test_it_is_on_record_by_every_entrance(played: Played, name: str) -> None:
    assert played.unrecorded([one for one in played.shut if one.case.name == name]) == []


def test_root_s_own_packets_are_on_record(played: Played) -> None:
    assert {played.ground.told[one.id] for one in played.by_hand} == {"sent"}
    assert played.unrecorded(played.by_hand) == []


@pytest.mark.parametrize("road", ROADS, ids=lambda road: road.name)
def test_what_is_opted_in_arrives_exactly(played: Played, road: Road) -> None:
    """Once, and as it was sent: the world can be reached by each entrance, and its log works."""
    mine = [f"/allowed/{what}-{road.name}" for what in (*PORTS, HTTP2, SIX)]
    http, https, by_http2, translated = mine
    everything = played.ground.partner.requests()
    arrived = [one for one in everything if one.split()[1 if b"HTTP/1.1" in one else 2].decode() in mine]
    assert sorted(arrived) == sorted(
        [
            f"GET {http} HTTP/1.1\r\nHost: {OPEN}:80\r\nConnection: close\r\n\r\n".encode(),
            f"GET {https} HTTP/1.1\r\nHost: {OPEN}:443\r\nConnection: close\r\n\r\n".encode(),
            f"GET {HTTP2} {by_http2}\n".encode(),
            f"GET {translated} HTTP/1.1\r\nHost: {SIX}\r\n\r\n".encode(),
        ]
    )


def test_nothing_but_what_is_opted_in_leaves_and_from_the_gateway_alone(played: Played) -> None:
    went = {(one.source, one.target, one.protocol, one.port) for one in played.let_out}
    assert went == {
        *((OUTSIDE, PARTNER, "tcp", port) for port in (80, 443)),
        (OUTSIDE, PARTNER_H2, "tcp", 443),
        (OUTSIDE_V6, PARTNER_V6, "tcp", 443),
    }
    assert len(played.ground.partner.requests()) == len(played.opened)


def test_what_a_contained_run_sends_otherwise_is_counted(played: Played) -> None:
    refused = [one for one in COUNTED if one.wanted.get("protocol") == "udp"]
    assert played.counted == {"udp": len(refused), "icmp": 0, "other": 0}
    assert played.unrecorded([one for one in COUNTED if one not in refused]) == []


STRANGERS = "1.1.1.7", "2606:4700::7777"


def test_pieces_in_another_s_name_are_answered_to_nobody(played: Played) -> None:
    """Else the kernel tells that other, out in the world, that the rest did not come, and quotes what did."""
    world = played.ground.net.world
    waits = ("net.ipv4.ipfrag_time=1", "net.ipv6.ip6frag_time=1", "net.netfilter.nf_conntrack_frag6_timeout=1")
    played.ground.net.within("gateway", "sysctl", "-qw", *waits)
    world.reset()
    played.ground.play(("root", pieces(*played.ground.link(), *STRANGERS)))
    strangers = [Attempt(Case("a-piece", "eth0", 0), Road("link"), source) for source in STRANGERS]
    assert played.unrecorded(strangers) == []
    # Nobody announces that nothing is sent: by then the kernel would have.
    time.sleep(1.5)
    assert world.packets() == []


def test_a_host_that_passes_nothing_on_counts_all_the_same(played: Played) -> None:
    """Without forwarding the kernel discards what is not for this host before it asks any rule about passing on."""
    played.ground.net.within("gateway", "sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0")
    packets = by_hand(*played.ground.link())
    played.ground.play(("root", packets))
    assert played.unrecorded(packets) == []
    assert played.ground.net.world.packets() == []


def missing(played: Played) -> str:
    """What readiness says."""
    return " ".join(asyncio.run(ControlClient(played.ground.gateway.data_dir).readiness()).missing)


def arrives(played: Played) -> int:
    """How many requests arrive of what is opted in, from staging and the contained run."""
    before = len(played.ground.partner.requests())
    opened = what_is_opted_in()
    played.ground.try_out(("nobody", opened["nobody"]), ("run", opened["run"]))
    return len(played.ground.partner.requests()) - before


def test_a_broken_policy_in_the_middle_lets_nothing_out(played: Played) -> None:
    world, policies = played.ground.net.world, [one.policy for one in played.ground.gateways]
    world.reset()
    with played.ground.trying(FAULTY):
        for path in policies:
            path.write_text("version: 1\nopt_in: [{to: '*'}]\n")
        eventually(lambda: "the policy was not reloaded" in missing(played), "it is told")
    assert world.packets() == []
    for path in policies:
        path.write_text(policy())
    eventually(lambda: missing(played) == "", "nothing is missing")


def test_a_full_disk_in_the_middle_lets_nothing_out(played: Played) -> None:
    world, filler = played.ground.net.world, played.ground.disk / "filler"
    world.reset()
    try:
        with played.ground.trying(FAULTY):
            eventually(lambda: missing_on_a_full(filler, played) != "", "it is told")
        assert world.packets() == []
        fill(filler)
        before, opened = len(played.ground.partner.requests()), what_is_opted_in()["nobody"]
        played.ground.try_out(("nobody", opened))
    finally:
        filler.unlink()
    eventually(lambda: missing(played) == "", "nothing is missing")
    # What is opted in leaves only where there was room to say that it does.
    captures = played.ground.captures()
    said = [one for one in opened if any(capture["left"] for capture in captures.get(one.source, []))]
    assert len(played.ground.partner.requests()) - before <= len(said)


def test_a_killed_gateway_in_the_middle_lets_nothing_out_and_a_new_one_lets_out_what_it_should(played: Played) -> None:
    world = played.ground.net.world
    world.reset()
    with played.ground.trying(FAULTY):
        played.ground.gateway.kill(all_of_it=True)
        played.ground.runs.gateway.kill()
    assert world.packets() == []
    assert played.ground.gateway.run("contain", "status").returncode == 0
    with ThreadPoolExecutor() as starting:
        for started in [starting.submit(one.start) for one in played.ground.gateways]:
            started.result()
    # Of what was refused in the meantime the rules know the number.
    eventually(lambda: played.ground.gateway.captures(trait="unread"), "their number is on record")
    played.ground.try_out(("nobody", FAULTY["nobody"]))
    assert world.packets() == []
    opened = what_is_opted_in()
    assert arrives(played) == len(opened["nobody"]) + len(opened["run"])


def missing_on_a_full(filler: Path, played: Played) -> str:
    fill(filler)
    return missing(played)


def fill(filler: Path) -> None:
    """What others give back meanwhile is taken, too."""
    with filler.open("ab", buffering=0) as file:
        while shutil.disk_usage(filler.parent).free >= 65536:
            with contextlib.suppress(OSError):
                file.write(bytes(65536))
