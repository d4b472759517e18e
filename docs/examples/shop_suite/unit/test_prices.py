"""Unit tests: pytest.ini forbids them side effects."""

from prices import total


def test_total_is_the_sum() -> None:
    assert total([4000, 200]) == 4200
