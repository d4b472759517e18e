"""Names of connections that were brought here from elsewhere: by a DNS answer, through SOCKS, or to a bare address."""

from datetime import UTC, datetime

import pytest

from policies.describe import describe
from policies.effect import UNATTRIBUTED
from policies.http_request import HttpRequest
from policies.naming import Names, meant
from policies.pack import Packs
from policies.policy import Policy
from policies.raw_connection import RawConnection

API = "api.stripe.com"


@pytest.mark.parametrize(
    ("names", "scheme", "port", "host", "address"),
    [
        pytest.param((("dns", f"{API}:443"), ("sni", API), ("host", API)), "https", 443, API, None, id="dns"),
        pytest.param((("dns", f"{API}:5432"),), "postgresql", 5432, API, None, id="dns-alone"),
        pytest.param((("dns", API), ("host", API)), "http", 80, API, None, id="dns-without-a-port"),
        pytest.param(
            (("dns", f"{API}.svc.cluster.local:443"), ("sni", API), ("host", API)),
            "https", 443, API, None, id="lengthened-by-a-search-list",
        ),
        pytest.param((("socks", f"{API}:443"), ("sni", API), ("host", API)), "https", 443, API, None, id="socks"),
        pytest.param((("socks", "[2001:db8::1]:22"),), "ssh", 22, "2001:db8::1", None, id="socks-to-an-address"),
        pytest.param((("address", "1.1.1.1:443"),), "tls", 443, "1.1.1.1", "1.1.1.1", id="address-alone"),
        pytest.param((("address", "2001:db8::1"),), "tcp", 53, "2001:db8::1", "2001:db8::1", id="bare-ipv6"),
        pytest.param(
            (("address", "1.1.1.1:443"), ("sni", API), ("host", API)), "https", 443, API, "1.1.1.1",
            id="an-address-never-contradicts-a-name",
        ),
        pytest.param((("address", "1.1.1.1:80"), ("host", API)), "http", 80, API, "1.1.1.1", id="address-and-host"),
        pytest.param((("address", "1.1.1.1:80"), ("host", "1.1.1.1")), "http", 80, "1.1.1.1", "1.1.1.1", id="number"),
    ],
)  # fmt: skip
def test_agreeing_names(names: Names, scheme: str, port: int, host: str, address: str | None) -> None:
    found = meant(names, scheme, port)
    assert (found.host, found.port, found.address, found.conflicts) == (host, port, address, ())
    assert found.canonical


@pytest.mark.parametrize(
    ("names", "scheme", "port", "conflict"),
    [
        pytest.param(
            (("dns", "evil.example:443"), ("sni", API), ("host", API)), "https", 443,
            "the DNS answer it went by is evil.example, but SNI names api.stripe.com", id="dns-against-sni",
        ),
        pytest.param(
            (("dns", f"evil{API}:80"), ("host", API)), "http", 80,
            f"the DNS answer it went by is evil{API}, but Host names {API}", id="a-name-that-ends-alike",
        ),
        pytest.param(
            (("dns", f"{API}.evil:443"), ("sni", API), ("host", "api")), "https", 443,
            f"SNI names {API}, but Host names api", id="sni-against-host-below-a-longer-name",
        ),
        pytest.param(
            (("dns", "1.2.3.4.nip.example:80"), ("host", "1.2.3.4")), "http", 80,
            "the DNS answer it went by is 1.2.3.4.nip.example, but Host names 1.2.3.4", id="a-number-is-not-lengthened",
        ),
        pytest.param(
            (("socks", "evil.example:443"), ("sni", API), ("host", API)), "https", 443,
            "SOCKS names evil.example, but SNI names api.stripe.com", id="socks-against-sni",
        ),
        pytest.param(
            (("socks", f"{API}.evil:80"), ("host", API)), "http", 80,
            f"SOCKS names {API}.evil, but Host names {API}", id="no-search-list-for-socks",
        ),
        pytest.param(
            (("address", "1.1.1.1:80"), ("host", "2.2.2.2")), "http", 80,
            "the address connected to is 1.1.1.1, but Host names 2.2.2.2", id="two-numbers",
        ),
        pytest.param(
            (("address", "1.1.1.1:443"), ("host", API)), "https", 443,
            f"the address connected to is 1.1.1.1, but Host names {API}", id="a-name-that-tls-did-not-prove",
        ),
        pytest.param(
            (("address", "1.1.1.1:8080"), ("host", f"{API}:80")), "http", 8080,
            "the address connected to means port 8080, but Host port 80", id="ports",
        ),
        pytest.param(
            (("dns", f"{API}:80"), ("absolute", f"https://{API}/"), ("host", API)), "https", None,
            "the DNS answer it went by means port 80, but the absolute URI port 443", id="another-scheme-s-port",
        ),
        pytest.param((("address", "1.1.1.1:80"),), "http", 80, "the request names no host", id="http-without-a-host"),
        pytest.param((("dns", "a b:80"), ("host", API)), "http", 80, "names no host", id="unreadable"),
    ],
)  # fmt: skip
def test_disagreeing_names(names: Names, scheme: str, port: int | None, conflict: str) -> None:
    assert conflict in "; ".join(meant(names, scheme, port).conflicts)


OWN = (("127.0.0.1", 8443), ("10.0.0.2", 443))


@pytest.mark.parametrize(
    ("address", "port", "rule"),
    [
        pytest.param("169.254.169.254", 443, "never:metadata", id="metadata"),
        pytest.param("fd00:ec2::254", 443, "never:metadata", id="metadata-ipv6"),
        pytest.param("169.254.7.7", 443, "never:link-local", id="link-local"),
        pytest.param("10.0.0.2", 443, "never:own-socket", id="ourselves"),
        pytest.param("224.0.0.1", 443, "never:address", id="multicast"),
        pytest.param("1.1.1.1", 443, "default:web", id="public"),
    ],
)
def test_a_name_does_not_open_the_address_it_came_with(address: str, port: int, rule: str) -> None:
    names: Names = (("address", f"[{address}]:{port}" if ":" in address else f"{address}:{port}"), ("sni", API))
    request = HttpRequest("GET", "https", (*names, ("host", API)), "/", (("host", API),), "10.0.0.9", port=port)
    policy = Policy.built_in(OWN)
    for seen in (request, RawConnection("10.0.0.9", names, port, protocol="imaps")):
        effect, _ = describe(seen, Packs([]), run=UNATTRIBUTED)
        decided = policy.decide(effect, datetime.now(UTC))
        assert effect.target.host == API
        assert effect.facts["address"] == address
        assert decided.verdict == "deny"
        if seen is request or rule.startswith("never"):
            assert decided.rule == rule


def test_a_guess_is_told_in_the_reason() -> None:
    seen = RawConnection("10.0.0.9", (("address", "1.1.1.1:22"),), 22, protocol="ssh", flags=("guessed",))
    effect, _ = describe(seen, Packs([]), run=UNATTRIBUTED)
    reason = Policy.built_in().decide(effect, datetime.now(UTC)).reason
    assert "(its port alone suggests ssh)" in reason
