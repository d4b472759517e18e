"""Entries of keys, and sheets of them: of an object the last word is left, and each is where it is looked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.key_digest import SIZE, replay_digest
from ledger.key_entry import GONE, REPLAY, entries_in, entry_of, last_words, seq_of, sheets_of, word_of, words_in

ENTRIES = st.lists(
    st.builds(
        lambda digest, seq, flags: entry_of(digest, word_of(seq, flags)),
        st.sampled_from([bytes([first, *bytes(SIZE - 1)]) for first in (0, 1, 7, 128, 255)]),
        st.integers(1, 9),
        st.sampled_from([0, GONE, REPLAY]),
    )
)


@given(entries=ENTRIES, first=st.integers(0, 9))
def test_of_an_object_the_last_word_is_left_and_of_a_replay_each(entries: list[bytes], first: int) -> None:
    last: dict[bytes, int] = {}
    told = []
    for entry in entries:
        word = int.from_bytes(entry[SIZE:], "big")
        if seq_of(word) >= first and word & REPLAY:
            told.append(entry)
    left = last_words(entries, first)
    assert [entry for entry in left if entry[-1] & REPLAY] == sorted(told)
    for entry in entries:
        word = int.from_bytes(entry[SIZE:], "big")
        if seq_of(word) >= first:
            last[entry[:SIZE]] = max(word, last.get(entry[:SIZE], 0))
    for digest, word in last.items():
        assert max(words_in(b"".join(left), digest)) == word


@given(entries=ENTRIES, bits=st.integers(0, 24))
def test_sheets_hold_every_entry_where_it_is_looked_for(entries: list[bytes], bits: int) -> None:
    sheets = sheets_of(entries, bits)
    assert sorted(entry for sheet in sheets.values() for entry in entries_in(sheet)) == sorted(entries)
    for prefix, sheet in sheets.items():
        assert {int.from_bytes(entry[:3], "big") >> 24 - bits for entry in entries_in(sheet)} == {prefix}


@pytest.mark.parametrize(
    ("key", "digest"),
    [
        pytest.param("ab" * 24, b"\xab" * 12, id="a-digest"),
        pytest.param("ab" * 11, None, id="too-short"),
        pytest.param("ab cd " * 8, None, id="blanks"),
        pytest.param("no digest at all, but quite long", None, id="words"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_replays_key_is_its_own_digest_where_it_is_one(key: str, digest: bytes | None) -> None:
    assert len(replay_digest(key)) == SIZE
    assert digest is None or replay_digest(key) == digest
