"""KeyFilter: a key that was added is always known again; a new one nearly never."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.key_filter import KeyFilter


@given(st.lists(st.text(), max_size=20))
def test_what_was_added_is_known(keys: list[str]) -> None:
    known = KeyFilter()
    for key in keys:
        known.add(key)
    assert all(known.may_know(key) for key in keys)


def test_new_keys_are_mostly_told_from_known_ones() -> None:
    known = KeyFilter()
    for number in range(20_000):
        known.add(f"{number:048x}")
    assert sum(known.may_know(f"new-{number}") for number in range(10_000)) < 100
