"""Patterns of providers' hosts, and finding the most specific one."""

import pytest

from policies.pack_file import HostEntry
from policies.pack_hosts import HostIndex, HostPatternError, host_pattern


@pytest.mark.parametrize(
    ("pattern", "host", "fits"),
    [
        pytest.param("api.stripe.com", "api.stripe.com", True, id="exact"),
        pytest.param("api.stripe.com", "xapi.stripe.com", False, id="exact-not-the-end"),
        pytest.param("*.twilio.com", "api.twilio.com", True, id="one-label"),
        pytest.param("*.twilio.com", "a.b.twilio.com", False, id="one-label-not-two"),
        pytest.param("*.twilio.com", "twilio.com", False, id="one-label-not-none"),
        pytest.param("**.s3.amazonaws.com", "a.b.s3.amazonaws.com", True, id="several-labels"),
        pytest.param("email.*.amazonaws.com", "email.eu-west-1.amazonaws.com", True, id="in-the-middle"),
        pytest.param("api*.nexmo.com", "api-eu.nexmo.com", True, id="part-of-a-label"),
        pytest.param("api*.nexmo.com", "api.nexmo.com", True, id="part-may-be-empty"),
        pytest.param("api*.nexmo.com", "api.evil.nexmo.com", False, id="part-stays-in-its-label"),
        pytest.param("*-test.adyen.com", "checkout-test.adyen.com", True, id="part-in-front"),
        pytest.param("a.b.com", "axb.com", False, id="a-dot-is-a-dot"),
    ],
)
def test_patterns(pattern: str, host: str, fits: bool) -> None:
    assert bool(host_pattern(pattern).match(host)) is fits


@pytest.mark.parametrize("pattern", ["*", "*.com", "com", "A.com", "a..com", "a.com.", "https://a.com", "a.*", "a.b/c"])
def test_patterns_that_name_nobody(pattern: str) -> None:
    with pytest.raises(HostPatternError, match="host"):
        host_pattern(pattern)


def test_the_most_specific_comes_first() -> None:
    index = HostIndex()
    for pattern in ("**.example.com", "*.eu.example.com", "api.eu.example.com"):
        index.add(HostEntry(pattern=pattern), pattern)
    assert [claim.pack for claim in index.find("api.eu.example.com")] == [
        "api.eu.example.com",
        "*.eu.example.com",
        "**.example.com",
    ]
    assert index.find("example.com") == ()
    assert index.find("localhost") == ()


def test_what_the_wildcard_stood_for() -> None:
    index = HostIndex()
    index.add(HostEntry(pattern="**.s3.*.amazonaws.com", host_in_path=True), "s3")
    assert index.find("my.bucket.s3.eu-west-1.amazonaws.com")[0].wildcard == "my.bucket"
