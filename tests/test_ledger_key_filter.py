"""KeyFilter: a key that was added is always known again; a new one nearly never."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from ledger.key_digest import replay_digest
from ledger.key_filter import KeyFilter, number_in, number_of


@given(st.lists(st.text(), max_size=20))
def test_what_was_added_is_known(keys: list[str]) -> None:
    known = KeyFilter()
    for key in keys:
        known.add(number_of(key))
        assert number_in(replay_digest(key)) == number_of(key)
    assert all(known.may_know(key) for key in keys)


def test_new_keys_are_mostly_told_from_known_ones() -> None:
    known = KeyFilter()
    for number in range(20_000):
        known.add(number_of(hashlib.blake2b(b"%d" % number, digest_size=24).hexdigest()))
    assert sum(known.may_know(f"new-{number}") for number in range(10_000)) < 100


@given(st.lists(st.text(), max_size=20), st.lists(st.text(), max_size=20))
def test_what_is_joined_is_known_and_a_key_is_new_once(ours: list[str], theirs: list[str]) -> None:
    known, other = KeyFilter(), KeyFilter()
    news = [known.is_new(key) for key in ours]
    for key in theirs:
        other.add(number_of(key))
    known.join(other)
    assert news == [key not in ours[:at] for at, key in enumerate(ours)]
    assert not any(known.is_new(key) for key in (*ours, *theirs))
    assert known.is_new("a key that is longer than others")
