"""Identifiers: UUIDv7 of the moment, each greater than the one before, whatever the clock does."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ledger.identifier import _Sequence
from ledger.moment import microseconds, moment

AT = datetime(2026, 11, 22, 10, 15, 30, 123456, tzinfo=UTC)
MORE_THAN_COUNTED = 10_000
"""Identifiers of one millisecond: the twelve bits of the counter are too few for them."""


def test_an_identifier_is_a_uuid_of_its_millisecond() -> None:
    made = _Sequence().new_id(AT)
    read = uuid.UUID(made)
    assert str(read) == made
    assert (read.version, read.variant) == (7, uuid.RFC_4122)
    assert read.int >> 80 == microseconds(AT) // 1000


def test_identifiers_of_one_millisecond_rise_also_past_what_its_counter_holds() -> None:
    sequence = _Sequence()
    made = [sequence.new_id(AT) for _ in range(MORE_THAN_COUNTED)]
    assert made == sorted(set(made))
    assert all(uuid.UUID(one).version == 7 for one in made)
    assert (uuid.UUID(made[-1]).int >> 80) - microseconds(AT) // 1000 < 5


def test_identifiers_rise_though_the_clock_goes_back() -> None:
    sequence = _Sequence()
    first, second = sequence.new_id(AT), sequence.new_id(AT - timedelta(seconds=1))
    assert first < second < sequence.new_id(AT)


@given(st.lists(st.integers(0, 1 << 40), min_size=2, max_size=50))
def test_a_sequence_rises_whatever_it_is_asked_for(milliseconds: list[int]) -> None:
    sequence = _Sequence()
    made = [sequence.new_id(moment(one * 1000)) for one in milliseconds]
    assert made == sorted(set(made))
    assert {uuid.UUID(one).version for one in made} == {7}
    assert uuid.UUID(made[0]).int >> 80 == max(milliseconds[0], 1)


def test_threads_never_get_the_same_one() -> None:
    with ThreadPoolExecutor(4) as threads:
        made = [*threads.map(_Sequence().new_id, [AT] * 5000)]
    assert len({*made}) == len(made)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_is_exact_to_the_microsecond(at: datetime) -> None:
    assert moment(microseconds(at)) == at
    assert microseconds(at) == (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
