"""Destinations no rule can open."""

from pathlib import Path

import pytest
from effects import NOW, call, entry, policy_of

from policies.never import Never, refusal_of_host


@pytest.mark.parametrize(
    ("host", "rule"),
    [
        ("169.254.169.254", "never:metadata"),
        ("168.63.129.16", "never:metadata"),
        ("192.0.0.192", "never:metadata"),
        ("100.100.100.200", "never:metadata"),
        ("fd00:ec2::254", "never:metadata"),
        ("64:ff9b::a9fe:a9fe", "never:metadata"),
        ("metadata", "never:metadata"),
        ("metadata.google.internal", "never:metadata"),
        ("x.metadata.google.internal", "never:metadata"),
        ("instance-data.ec2.internal", "never:metadata"),
        ("169.254.1.1", "never:link-local"),
        ("fe80::1", "never:link-local"),
        ("0.0.0.0", "never:address"),
        ("224.0.0.1", "never:address"),
        ("255.255.255.255", "never:address"),
        ("4000::1", "never:address"),
    ],
)
def test_never(host: str, rule: str) -> None:
    refusal = refusal_of_host(host)
    assert refusal is not None
    assert refusal.rule == rule
    assert refusal.reason.startswith(host)


@pytest.mark.parametrize(
    "host", ["api.stripe.com", "mymetadata", "x.metadata", "google.internal", "10.0.0.1", "127.0.0.1", "8.8.8.8", "::1"]
)
def test_other_hosts_may_be_opened(host: str) -> None:
    assert refusal_of_host(host) is None


@pytest.mark.parametrize(
    ("bound", "host", "port", "own"),
    [
        pytest.param("127.0.0.1", "127.0.0.1", 8080, True, id="itself"),
        pytest.param("127.0.0.1", "127.0.0.1", 8081, False, id="another-port"),
        pytest.param("127.0.0.1", "localhost", 8080, True, id="by-name"),
        pytest.param("127.0.0.1", "x.localhost", 8080, True, id="below-localhost"),
        pytest.param("127.0.0.1", "ip6-localhost", 8080, True, id="by-the-other-name"),
        pytest.param("127.0.0.1", "127.0.0.2", 8080, False, id="another-loopback-address"),
        pytest.param("0.0.0.0", "127.0.0.2", 8080, True, id="wildcard-hears-all-loopback"),
        pytest.param("0.0.0.0", "localhost", 8080, True, id="wildcard-by-name"),
        pytest.param("::", "::1", 8080, True, id="wildcard-6"),
        pytest.param("::", "127.0.0.1", 8080, True, id="wildcard-6-hears-4"),
        pytest.param("10.0.0.5", "10.0.0.5", 8080, True, id="a-network-address"),
        pytest.param("10.0.0.5", "localhost", 8080, False, id="a-network-address-is-not-localhost"),
        pytest.param("0.0.0.0", "partner.example", 8080, False, id="a-name-is-judged-when-dialled"),
    ],
)
def test_own_sockets(bound: str, host: str, port: int, own: bool) -> None:
    refusal = Never([(bound, 8080)]).refusal(host, port)
    assert (refusal is not None) == own
    if refusal is not None:
        assert refusal.rule == "never:own-socket"
        assert "is a listening socket of Soundstage itself, which is never reached through it" in refusal.reason


def test_no_opt_in_opens_them(tmp_path: Path) -> None:
    policy = policy_of(
        tmp_path,
        entry("loop", to="127.0.0.0/8:8025", addresses=["127.0.0.0/8"]),
        entry("name", to="localhost:8025", addresses=["127.0.0.0/8"]),
        entry("below", to="*.google.internal"),
        sockets=(("127.0.0.1", 8025),),
    )
    assert policy.decide(call("http://127.0.0.2:8025/x"), NOW).verdict == "allow"
    assert policy.decide(call("http://127.0.0.1:8025/x"), NOW).rule == "never:own-socket"
    assert policy.decide(call("http://localhost:8025/x"), NOW).rule == "never:own-socket"
    assert policy.decide(call("http://metadata.google.internal/x"), NOW).rule == "never:metadata"
    assert policy.with_own_sockets([]).decide(call("http://127.0.0.1:8025/x"), NOW).verdict == "allow"


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("http://localhost", True),
        ("http://localhost:81", False),
        ("smtp://127.0.0.1", True),
        ("https://[::1]:80", False),
    ],
)
def test_urls(url: str, refused: bool) -> None:
    never = Never([("127.0.0.1", 80), ("127.0.0.1", 25)])
    assert (never.refusal_of_url(url) is not None) == refused
