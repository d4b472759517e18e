"""Moments as the tables keep them: whole microseconds since 1970 in UTC, exact, comparable in any database."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE


def microseconds(at: datetime) -> int:
    """Exact, where a float timestamp is off by one in a while."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment(microseconds: int) -> datetime:
    """The other way round."""
    return _EPOCH + timedelta(microseconds=microseconds)
