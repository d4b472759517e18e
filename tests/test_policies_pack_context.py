"""The time an answer says, in each of its forms."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

from hypothesis import given
from hypothesis import strategies as st
from requests_seen import view

from policies.pack_context import PackContext
from policies.pack_generator import Generator

TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1))  # noqa: DTZ001 # strategies take naive bounds
ZONES = st.integers(-12, 12).map(lambda hours: timezone(timedelta(hours=hours)))


@given(TIMES, ZONES)
def test_every_form_says_the_same_moment(naive: datetime, zone: timezone) -> None:
    at = naive.replace(tzinfo=zone)
    context, utc = PackContext(view(), at=at, gen=Generator(b"s")), at.astimezone(UTC)

    assert context.now == context.now == int(at.timestamp())
    assert context.iso == utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert context.iso_ms == utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert context.rfc2822 == format_datetime(utc)
