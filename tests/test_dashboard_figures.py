"""From when on the page *Now* vouches for its sentence, where something was taken away."""

from datetime import UTC, datetime

import pytest

from dashboard.figures import vouched_since

NINE, TEN, ELEVEN = (datetime(2026, 11, 22, hour, tzinfo=UTC) for hour in (9, 10, 11))


@pytest.mark.parametrize(
    ("first", "removed", "first_left", "since"),
    [
        pytest.param(None, None, None, None, id="nothing-yet"),
        pytest.param(NINE, None, None, NINE, id="nothing-was-taken"),
        pytest.param(NINE, None, TEN, NINE, id="something-left"),
        pytest.param(NINE, TEN, None, TEN, id="nothing-is-known-before-what-was-taken"),
        pytest.param(TEN, NINE, None, TEN, id="what-was-taken-is-older"),
        pytest.param(NINE, TEN, ELEVEN, TEN, id="it-left-later"),
        pytest.param(NINE, ELEVEN, TEN, None, id="some-that-is-counted-left-earlier"),
    ],
)
def test_what_is_counted_lies_within_what_is_vouched_for(
    first: datetime | None, removed: datetime | None, first_left: datetime | None, since: datetime | None
) -> None:
    assert vouched_since(first, removed, first_left) == since
