"""Ends, URLs, networks and methods as policy files write them. Words of refusals: test_policies_policy_file_opt_in."""

from datetime import UTC, datetime
from typing import Any

import pytest
from effects import NOW
from hypothesis import given
from hypothesis import strategies as st

from policies.policy_file_values import (
    FURTHEST,
    read_expiry,
    read_method,
    read_network,
    read_opened_network,
    read_target_url,
)


@pytest.mark.parametrize(
    ("text", "end", "shown"),
    [
        ("2026-12-31", datetime(2027, 1, 1, tzinfo=UTC), "the end of 2026-12-31 (UTC)"),
        ("2027-02-20", datetime(2027, 2, 21, tzinfo=UTC), "the end of 2027-02-20 (UTC)"),
        ("2020-01-01", datetime(2020, 1, 2, tzinfo=UTC), "the end of 2020-01-01 (UTC)"),
        ("2026-12-31T10:00:00Z", datetime(2026, 12, 31, 10, tzinfo=UTC), "2026-12-31T10:00:00Z"),
        ("2026-12-31t10:00:00.5+01:00", datetime(2026, 12, 31, 9, 0, 0, 500_000, UTC), "2026-12-31t10:00:00.5+01:00"),
        ("2027-02-20T12:00:00Z", datetime(2027, 2, 20, 12, tzinfo=UTC), "2027-02-20T12:00:00Z"),
    ],
)  # fmt: skip
def test_expiry(text: str, end: datetime, shown: str) -> None:
    assert read_expiry(text, NOW) == (end, shown)


@given(st.text(max_size=30) | st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:]{8}(Z|[+-][0-9]{2}:[0-9]{2}))?\Z"))
def test_an_expiry_is_never_further_than_the_furthest_day(text: str) -> None:
    try:
        end, _ = read_expiry(text, NOW)
    except ValueError:
        return
    assert end - NOW <= FURTHEST + (datetime(2000, 1, 2) - datetime(2000, 1, 1))  # noqa: DTZ001 - only a span


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("http://minio.internal:9000", ()),
        ("https://minio.internal/prefix", ()),
        ("http://10.0.0.7:9000/", ("10.0.0.0/8",)),
        ("http://[::1]:9000", ("::1/128",)),
    ],
)
def test_urls(text: str, addresses: tuple[str, ...]) -> None:
    assert read_target_url(text, ("http", "https"), addresses) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "http://", "http:///x", "http://a b/", "http://a/?q=1", "http://a/#f", "http://a\\b/", "http://A.example/",
        "http://a.example:99999/", "http://a.example:0/", "http://u:p@a.example/", "http://bücher.example/",
        "http://a.example/../x", "http://a.example//x", "http://10.0.0.7/", "http://2130706433/", "http://169.254.169.254/",
        "http://a.example/\nx", "smtp://a.example", 7, None,
    ],
)  # fmt: skip
def test_refused_urls(text: Any) -> None:
    with pytest.raises(ValueError, match=r"; write|; name"):
        read_target_url(text, ("http", "https"), ())


def test_networks() -> None:
    assert read_network("10.0.0.0/8") == "10.0.0.0/8"
    assert read_network("10.0.0.7") == "10.0.0.7/32"
    assert read_opened_network("fd00::/8") == "fd00::/8"
    for refused in ("10.0.0.1/8", "x", 7, None, "8.8.8.8", "169.254.0.0/16", "0.0.0.0/0"):
        with pytest.raises(ValueError, match=r"'|is no network"):
            read_opened_network(refused)


def test_methods() -> None:
    assert read_method("POST") == "POST"
    assert read_method("M-SEARCH") == "M-SEARCH"
    for refused in ("", "post", "PO ST", 7, None, "-X"):
        with pytest.raises(ValueError, match="is no method; write"):
            read_method(refused)
