"""Which examples a test of properties is given: the same ones in every run, or, to hunt for what they miss, others."""

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

USUAL, THOROUGH = 100, 2000
"""Examples of a test that says nothing of their number, in an ordinary run and in a hunt."""

UNTIMED = [HealthCheck.too_slow]
"""Timings are never asserted: a machine that is busy is no reason for a test to fail."""

SHARED = [HealthCheck.function_scoped_fixture, *UNTIMED]
"""For a test whose examples may share what its fixtures made once."""


def examples(count: int) -> int:
    """That many in an ordinary run, and as many times more in a hunt as every test has."""
    return count * settings().max_examples // USUAL


def register() -> None:
    """The profiles `house`, which takes the same way in every run, and `fuzz`, which takes another each time."""
    settings.register_profile(
        "house",
        max_examples=USUAL,
        derandomize=True,
        database=None,
        print_blob=True,
        deadline=None,
        suppress_health_check=UNTIMED,
    )
    house = settings.get_profile("house")
    settings.register_profile(
        "fuzz", house, max_examples=THOROUGH, derandomize=False, database=settings.get_profile("default").database
    )


def draw_the_same() -> None:
    """Have examples depend on their test alone: Hypothesis also draws numbers and texts that it finds in our modules.

    It knows those of the modules loaded so far: with one module more, or one number changed in it, each test draws
    others, whatever its seed. A hunt wants them.
    """
    providers._get_local_constants = Constants
