"""What the doctor tries, of what it finds around: routes, interfaces, resolvers, proxies."""

from pathlib import Path

import pytest

from soundstage.doctor_attempt import Attempt
from soundstage.doctor_network import Route, Surroundings, linked, look_around, nameservers, routes_v4, routes_v6
from soundstage.doctor_plan import TARGETS, plan, proxies_of

V4 = """\
eth0 00000000 01004D0A 0003 0 0 0 00000000 0 0 0
eth0 00004D0A 00000000 0001 0 0 0 00FFFFFF 0 0 0
eth1 007100CB 01004E0A 0003 0 0 0 00FFFFFF 0 0 0
eth2 0000A8C0 00000000 0000 0 0 0 0000FFFF 0 0 0
lo 0000007F 00000000 0001 0 0 0 000000FF 0 0 0
broken
"""
ZERO = "0" * 32
LINK_LOCAL = "fe80" + "0" * 27 + "1"
V6 = f"""\
{ZERO} 00 {ZERO} 00 {LINK_LOCAL} 00000400 00000001 00000000 00000003 eth0
fd770001{"0" * 24} 40 {ZERO} 00 {ZERO} 00000100 00000001 00000000 00000001 eth0
ff{"0" * 30} 08 {ZERO} 00 {ZERO} 00000100 00000001 00000000 00000001 eth0
{"0" * 31}1 80 {ZERO} 00 {ZERO} 00000000 00000001 00000000 80200001 lo
"""
READ = (*routes_v4(V4.splitlines()), *routes_v6(V6.splitlines()))
SOURCES = {
    "0.0.0.1": "10.8.0.6",
    "203.0.113.1": "10.8.0.6",
    "10.77.0.1": "10.77.0.2",
    "fd77:1::1": "fd77:1::2",
    "10.99.0.1": "10.99.0.2",
}
AROUND = Surroundings(linked(READ, SOURCES.get), ("eth0", "eth1"), ("10.77.0.53",))


def ids(attempts: tuple[Attempt, ...]) -> set[str]:
    return {one.id for one in attempts}


def test_routes_are_read() -> None:
    told = [(str(one.network), one.gateway, one.device) for one in AROUND.routes]
    assert told == [
        ("0.0.0.0/0", "10.77.0.1", "eth0"),
        ("10.77.0.0/24", "", "eth0"),
        ("203.0.113.0/24", "10.78.0.1", "eth1"),
        ("::/0", "fe80::1%eth0", "eth0"),
        ("fd77:1::/64", "", "eth0"),
    ]
    assert AROUND.gateways == ("10.77.0.1", "fe80::1%eth0")
    assert AROUND.other_devices == ("eth1",)
    assert [str(one.network) for one in AROUND.other_ways] == ["203.0.113.0/24"]


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("10.77.0.9", True),
        ("10.77.0.1", True),
        ("127.0.0.11", True),
        ("fe80::1%eth0", True),
        ("fd77:1::9", True),
        ("203.0.113.9", False),
        ("1.1.1.1", False),
        ("2606:4700::1", False),
    ],
)
def test_near_is_what_lies_on_a_link(address: str, near: bool) -> None:
    assert AROUND.near(address) is near


def test_an_interface_without_any_default_route_is_the_usual_one() -> None:
    assert Surroundings((), ("eth0", "eth1")).other_devices == ("eth1",)


def test_two_default_routes_are_one_too_many() -> None:
    both = (*AROUND.routes[:1], Route(AROUND.routes[0].network, "10.99.0.1", "wlan0"))
    assert [one.gateway for one in Surroundings(both).other_ways] == ["10.99.0.1"]


@pytest.mark.parametrize(
    ("line", "is_linked"),
    [
        pytest.param("tun0 00000000 00000000 0001 0 0 0 00000080", False, id="half-of-the-world-in-a-tunnel"),
        pytest.param("tun0 007100CB 00000000 0001 0 0 0 00FFFFFF", False, id="a-network-behind-a-tunnel"),
        pytest.param("eth1 0000630A 00000000 0001 0 0 0 00FFFFFF", True, id="a-neighbouring-network"),
        pytest.param("eth0 0000FEA9 00000000 0001 0 0 0 0000FFFF", True, id="link-local"),
        pytest.param("eth0 01004D0A 00000000 0005 0 0 0 FFFFFFFF", True, id="the-next-machine-alone"),
    ],
)
def test_a_route_by_an_interface_alone_need_not_lead_to_neighbours(line: str, is_linked: bool) -> None:
    [route] = routes_v4([line])
    around = Surroundings(linked([*READ, route], SOURCES.get))
    assert around.routes[-1].linked is is_linked
    assert (around.routes[-1] in around.other_ways) is not is_linked
    assert around.near(str(route.network[1] if route.network.num_addresses > 1 else route.network[0])) is is_linked


def test_a_tunnel_that_is_the_only_way_is_the_usual_one() -> None:
    routes = routes_v4(["wg0 00000000 00000000 0001 0 0 0 00000000"])
    assert Surroundings(linked(routes, SOURCES.get), ("wg0",)).other_ways == ()


def test_routes_that_reject_lead_nowhere() -> None:
    assert routes_v4(["* 0000000A 00000000 0201 0 0 0 000000FF"]) == []


def test_resolvers_are_read() -> None:
    lines = ["# nameserver 1.2.3.4", "nameserver 9.9.9.9", " nameserver  fd00::1 ", "nameserver", "nameserver 9.9.9.9"]
    assert nameservers(lines) == ("9.9.9.9", "fd00::1")


def test_this_machine_can_be_looked_at(tmp_path: Path) -> None:
    (tmp_path / "route").write_text(f"head\n{V4}")
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.11\n")
    seen = look_around(tmp_path, tmp_path / "resolv.conf")
    assert (seen.gateways, seen.nameservers) == (("10.77.0.1",), ("127.0.0.11",))
    assert "lo" not in seen.devices


def test_every_way_of_safety_is_planned() -> None:
    planned = plan(AROUND, {"HTTPS_PROXY": "http://me:secret@10.77.0.1:8080"}, (), "sd1")
    assert {one.way for one in planned} == {
        "tcp", "tls", "name", "https", "doh", "dot", "dns", "dns-tcp", "udp", "icmp", "smtp", "metadata", "host",
        "device", "proxy",
    }  # fmt: skip
    assert ids(planned) >= {
        *(f"{way}:{target}" for way in ("icmp",) for target in TARGETS),
        *(f"tcp:{target}:{port}" for target in TARGETS for port in (80, 443, 22, 5432, 9999)),
        *(f"udp:{target}:{port}" for target in TARGETS for port in (443, 123, 9999)),
        *(f"smtp:gmail-smtp-in.l.google.com:{port}" for port in (25, 465, 587)),
        "dns:10.77.0.53:53",
        "metadata:169.254.169.254:80",
        "host:10.77.0.1:22",
        "host:fe80::1%eth0:443",
        "host:172.17.0.1:2375",
        "host:host.docker.internal:80",
        "device:eth1:1.1.1.1:443",
        "device:eth1:10.78.0.1:80",
        "proxy:http://10.77.0.1:8080",
    }
    assert len({one.nonce for one in planned}) == len(planned) == len(ids(planned))
    assert not any("secret" in one.id for one in planned)


def test_a_target_takes_the_place_of_every_usual_address() -> None:
    planned = plan(Surroundings(), {}, ("192.0.2.7",), "sd1")
    assert {one.host for one in planned if one.way not in ("metadata", "host", "name", "https")} == {"192.0.2.7"}


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        pytest.param({"http_proxy": "http://p:3128"}, {"http://p:3128": ""}, id="lower-case"),
        pytest.param({"ALL_PROXY": "p:3128"}, {"http://p:3128": ""}, id="without-a-scheme"),
        pytest.param({"HTTP_PROXY": "http://a:b@p:1", "HTTPS_PROXY": "http://p:1"}, {"http://p:1": "a:b"}, id="once"),
        pytest.param({"HTTP_PROXY": "http://[fd00::1]:8080"}, {"http://[fd00::1]:8080": ""}, id="ipv6"),
        pytest.param({"HTTP_PROXY": "http://p"}, {"http://p:80": ""}, id="without-a-port"),
        pytest.param({"ALL_PROXY": "socks5://p:1080"}, {}, id="no-http-proxy"),
        pytest.param({"HTTP_PROXY": "http://[p"}, {}, id="nonsense"),
        pytest.param({}, {}, id="none"),
    ],
)
def test_proxies_are_read_from_variables(environ: dict[str, str], found: dict[str, str]) -> None:
    assert proxies_of(environ) == found
