"""DNS names as evidence."""

import dns.message
import dns.name
import pytest

from proxy.dns_name import InternalZones, asked, carries_data


def test_a_question_is_written_down_as_asked() -> None:
    assert asked(dns.message.make_query("Api.Stripe.com.", "AAAA")) == ("Api.Stripe.com", "AAAA")
    assert asked(dns.message.make_query("x.example", "TYPE65280")) == ("x.example", "TYPE65280")


@pytest.mark.parametrize(
    ("name", "kind", "carries"),
    [
        pytest.param("api.stripe.com", "A", False, id="ordinary"),
        pytest.param("my-bucket.s3.eu-central-1.amazonaws.com", "A", False, id="bucket"),
        pytest.param("_dmarc.example.com", "TXT", False, id="underscore"),
        pytest.param("xn--bcher-kva.example", "A", False, id="punycode"),
        pytest.param("", "NS", False, id="root"),
        pytest.param("d41d8cd98f00b204e9800998ecf8427e.evil.example", "A", True, id="hexadecimal"),
        pytest.param("mfrggzdfmztwq2lknnwg23tpobyxe43uov3ho6dz.evil.example", "A", True, id="base32"),
        pytest.param("a" * 60 + ".evil.example", "A", True, id="long-label"),
        pytest.param(".".join(["abcdefghij"] * 16), "A", True, id="long-name"),
        pytest.param("kzs4g3tfmnzgk5bamrqxiyjb.evil.example", "A", True, id="base32-in-short-pieces"),
        pytest.param("d111111abcdef8.cloudfront.example", "A", False, id="an-id"),
        pytest.param("ec2-203-0-113-25.eu-central-1.compute.example", "A", False, id="numbers-with-hyphens"),
        pytest.param("internationalizationservice2024.example.com", "A", False, id="a-long-word-with-a-year"),
        pytest.param("_3639ac514e785e898d2646601fa951d5.example.com", "A", False, id="a-service-label"),
        pytest.param("caf\\195\\169.evil.example", "A", True, id="octets-that-are-no-letters"),
        pytest.param("secretsecretsecretsecretsecret.evil.example", "TXT", True, id="text-asked-with-a-long-label"),
    ],
)
def test_names_that_carry_data(name: str, kind: str, carries: bool) -> None:
    assert carries_data(name, kind) is carries


@pytest.mark.parametrize(
    ("name", "resolver"),
    [
        pytest.param("db.svc.cluster.local.", ("10.96.0.10", 53), id="inside"),
        pytest.param("DB.svc.Cluster.LOCAL.", ("10.96.0.10", 53), id="inside-in-any-case"),
        pytest.param("svc.cluster.local.", ("10.96.0.10", 53), id="the-zone-itself"),
        pytest.param("x.special.svc.cluster.local.", ("10.96.0.11", 5353), id="longest-zone"),
        pytest.param("evilsvc.cluster.local.", None, id="a-name-that-ends-alike"),
        pytest.param("svc.cluster.local.evil.example.", None, id="a-name-that-begins-alike"),
        pytest.param(".", None, id="root"),
    ],
)
def test_the_resolver_of_a_zone(name: str, resolver: tuple[str, int] | None) -> None:
    zones = InternalZones({"svc.cluster.local": ("10.96.0.10", 53), "special.svc.cluster.local.": ("10.96.0.11", 5353)})
    assert zones.resolver_of(dns.name.from_text(name)) == resolver


def test_no_zones_know_nobody() -> None:
    assert InternalZones({}).resolver_of(dns.name.from_text("a.example")) is None
