"""Limits: every one is a bound."""

from dataclasses import asdict

from proxy.door_limits import DEFAULT_LIMITS


def test_every_limit_is_a_finite_bound() -> None:
    assert all(0 < limit < 1 << 31 for limit in asdict(DEFAULT_LIMITS).values())


def test_a_body_may_be_a_gibibyte() -> None:
    assert DEFAULT_LIMITS.body_octets == 1 << 30
