"""Whom to contain: what is typed is checked, and read back from a table in force."""

from typing import Any

import pytest

from soundstage.contain_wanted import Wanted, wanted_in, wanted_of
from soundstage.trouble import ConfigError


def asked(**more: object) -> Wanted:
    words: dict[str, object] = {
        "interfaces": [],
        "networks": [],
        "users": [],
        "gateway_user": None,
        "services": [],
        "keep_forwarding": False,
    }
    return wanted_of(**{**words, **more})  # type: ignore[arg-type]  # rows of a table


@pytest.mark.parametrize(
    ("words", "made"),
    [
        pytest.param({"interfaces": ["eth1", "br-st", "eth1"]}, Wanted(interfaces=("br-st", "eth1")), id="sorted-once"),
        pytest.param(
            {"networks": ["10.1.0.0/16", "fd00::/8", "10.0.0.0/8"]},
            Wanted(networks=("10.0.0.0/8", "fd00::/8")),
            id="overlapping-networks-are-one",
        ),
        pytest.param({"users": ["4711"]}, Wanted(users=(4711,)), id="user-by-number"),
        pytest.param({"users": ["nobody"]}, Wanted(users=(65534,)), id="user-by-name"),
        pytest.param(
            {"services": ["5432", "123/udp"]},
            Wanted(services=("123/udp", "5432/tcp")),
            id="services-are-tcp-unless-said",
        ),
        pytest.param(
            {"gateway_user": "4712", "users": ["4711"]}, Wanted(users=(4711,), gateway_user=4712), id="two-users"
        ),
    ],
)
def test_what_is_typed(words: dict[str, object], made: Wanted) -> None:
    assert asked(**words) == made


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        pytest.param({"interfaces": ["lo"]}, "--interface lo: must be", id="loopback"),
        pytest.param({"interfaces": ['e"; flush ruleset']}, "must be the name of one", id="a-rule-in-a-name"),
        pytest.param({"interfaces": ["br-*"]}, "must be the name of one", id="wildcard"),
        pytest.param({"interfaces": ["a" * 16]}, "must be the name of one", id="longer-than-a-name-can-be"),
        pytest.param({"networks": ["0.0.0.0/0"]}, "not everybody's", id="everybody"),
        pytest.param({"networks": ["127.0.0.0/8"]}, "not everybody's", id="loopback-network"),
        pytest.param({"networks": ["10.0.0.1/8"]}, "must be a network such as", id="host-bits"),
        pytest.param({"networks": ["staging"]}, "must be a network such as", id="a-name"),
        pytest.param({"users": ["0"]}, "not root", id="root"),
        pytest.param({"users": ["root"]}, "not root", id="root-by-name"),
        pytest.param({"users": ["nobody-of-that-name"]}, "there is no user", id="unknown-user"),
        pytest.param({"services": ["0"]}, "must be a port", id="port-nought"),
        pytest.param({"services": ["53/sctp"]}, "must be a port", id="another-protocol"),
        pytest.param({"services": ["65536"]}, "must be a port", id="port-too-high"),
        pytest.param({"users": ["4711"], "gateway_user": "4711"}, "at once", id="gateway-contained"),
        pytest.param(
            {"networks": ["10.0.0.0/8"], "keep_forwarding": True}, "--keep-forwarding", id="forwarding-by-address"
        ),
    ],
)
def test_what_is_refused(words: dict[str, object], wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong):
        asked(**words)


def test_a_table_in_force_says_whom_it_contains() -> None:
    table: list[dict[str, Any]] = [
        {"metainfo": {"json_schema_version": 1}},
        {"table": {"family": "inet", "name": "soundstage"}},
        {"set": {"name": "interfaces", "elem": ["eth1"]}},
        {"set": {"name": "networks4", "elem": [{"prefix": {"addr": "10.0.0.0", "len": 8}}, "192.0.2.7"]}},
        {"set": {"name": "networks6"}},
        {"set": {"name": "users", "elem": [4711]}},
        {"set": {"name": "gateway_user", "elem": [4712]}},
        {"set": {"name": "services_tcp", "elem": [5432]}},
        {"set": {"name": "services_udp", "elem": [123]}},
        {"chain": {"name": "passing", "hook": "forward", "policy": "drop"}},
    ]
    assert wanted_in(table) == Wanted(
        ("eth1",), ("10.0.0.0/8", "192.0.2.7/32"), (4711,), 4712, ("123/udp", "5432/tcp"), False
    )
