"""The ruleset: what each wish puts into it and keeps out of it, and that the kernel takes every one of them."""

import os
import re
import shutil
import subprocess

import pytest

from soundstage.contain_pieces import COUNTERS, Gateway
from soundstage.contain_rules import ruleset
from soundstage.contain_wanted import Wanted

BOTH = Gateway("::", 9040, 1053, (8080, 1025), None)
V4_ONLY = Gateway("0.0.0.0", 9040, 1053, (8080,), None)
ONE = Gateway("10.0.0.1", 9040, 1053, (8080,), None)
ONE_V6 = Gateway("fd00::1", 9040, 1053, (8080,), None)
LOOPBACK = Gateway("127.0.0.1", 9040, 1053, (8080,), None)
STAGING = Wanted(interfaces=("eth1",))
CASES = [
    pytest.param(STAGING, BOTH, id="interface-both-families"),
    pytest.param(STAGING, V4_ONLY, id="interface-ipv4-alone"),
    pytest.param(STAGING, ONE, id="interface-one-address"),
    pytest.param(STAGING, ONE_V6, id="interface-one-ipv6-address"),
    pytest.param(Wanted(interfaces=("eth1", "eth2"), keep_forwarding=True), BOTH, id="still-a-router"),
    pytest.param(Wanted(networks=("10.0.0.0/8", "fd00::/8")), BOTH, id="networks"),
    pytest.param(Wanted(users=(4711, 4712)), LOOPBACK, id="users-of-this-host"),
    pytest.param(Wanted(interfaces=("eth1",), users=(4711,), gateway_user=4713), BOTH, id="everything"),
    pytest.param(STAGING, Gateway("::", 9040, 1053, (8080,), 65535), id="with-a-log"),
    pytest.param(Wanted(interfaces=("eth1",), services=("5432/tcp", "123/udp")), BOTH, id="services"),
]


def rules(wanted: Wanted, gateway: Gateway, chain: str) -> list[str]:
    found = re.search(rf"chain {chain} \{{\n(.*?)\n    \}}", ruleset(wanted, gateway), re.DOTALL)
    return [] if found is None else [line.strip() for line in found[1].splitlines()]


@pytest.mark.parametrize(("wanted", "gateway"), CASES)
def test_every_refusal_is_counted_before_it_is_refused(wanted: Wanted, gateway: Gateway) -> None:
    refusing = rules(wanted, gateway, "refuse")
    for chain in (refusing, rules(wanted, gateway, "nameless") or refusing):
        assert [line.split()[-1] for line in chain[:4]] == list(COUNTERS)
    assert refusing[-1] == "reject with icmpx admin-prohibited"


@pytest.mark.parametrize(("wanted", "gateway"), CASES)
def test_every_chain_for_staging_ends_in_a_refusal(wanted: Wanted, gateway: Gateway) -> None:
    for chain in ("staging", "users_only"):
        assert rules(wanted, gateway, chain)[-1:] in ([], ["goto refuse"])


@pytest.mark.parametrize(
    ("gateway", "turned"),
    [
        pytest.param(BOTH, ["meta l4proto tcp redirect to :9040"], id="both-families"),
        pytest.param(V4_ONLY, ["meta nfproto ipv4 meta l4proto tcp redirect to :9040"], id="wildcard-of-ipv4"),
        pytest.param(ONE, ["meta nfproto ipv4 meta l4proto tcp dnat ip to 10.0.0.1:9040"], id="one-ipv4-address"),
        pytest.param(ONE_V6, ["meta nfproto ipv6 meta l4proto tcp dnat ip6 to [fd00::1]:9040"], id="one-ipv6-address"),
    ],
)
def test_only_families_that_are_listened_on_are_turned(gateway: Gateway, turned: list[str]) -> None:
    assert [line for line in rules(STAGING, gateway, "turned") if line.endswith(":9040")][1:] == turned


def test_who_sends_in_another_s_name_is_not_answered() -> None:
    """An answer, a refusal too, would go to that other: out into the world."""
    assert rules(STAGING, BOTH, "nameless")[-1] == "drop"
    assert rules(STAGING, BOTH, "origin")[-1] == "iifname @interfaces fib saddr . iif oif missing goto nameless"
    networks = Wanted(networks=("10.0.0.0/8",))
    assert rules(networks, BOTH, "origin")[-1] == 'iifname != "lo" fib saddr . iif oif missing goto nameless'


def test_the_dashboard_is_nowhere() -> None:
    """No rule lets staging reach a port of this host that is no entrance and no service."""
    admitted = " ".join(rules(STAGING, BOTH, "staging"))
    assert {int(port) for port in re.findall(r"\d{2,}", admitted)} == {8080, 1025, 1053, 9040}


@pytest.mark.parametrize(
    ("wanted", "policy"),
    [
        pytest.param(STAGING, "drop", id="no-router"),
        pytest.param(Wanted(interfaces=("eth1",), keep_forwarding=True), "accept", id="still-a-router"),
    ],
)
def test_forwarding(wanted: Wanted, policy: str) -> None:
    passing = rules(wanted, BOTH, "passing")
    assert passing[0].endswith(f"policy {policy};")
    assert passing[-3] == "iifname @interfaces goto refuse"


def test_users_alone_change_nothing_for_other_machines() -> None:
    text = ruleset(Wanted(users=(4711,)), LOOPBACK)
    assert "hook output" in text
    assert not re.search(r"hook (prerouting|forward|input)", text)


def test_without_a_group_nothing_is_logged() -> None:
    assert "log" not in " ".join(rules(STAGING, BOTH, "refuse"))
    assert " group 7 " in " ".join(rules(STAGING, Gateway("::", 9040, 1053, (8080,), 7), "refuse"))


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("nft") is None, reason="needs root and nftables")
@pytest.mark.parametrize(("wanted", "gateway"), CASES)
def test_the_kernel_takes_it_twice(wanted: Wanted, gateway: Gateway) -> None:
    """The second time replaces the first, in one transaction."""
    twice = "nft --file - <<EOF && nft --file - <<EOF\n{0}EOF\n{0}EOF\n".format(ruleset(wanted, gateway))
    subprocess.run(["unshare", "--net", "sh", "-c", twice], check=True, timeout=30)
