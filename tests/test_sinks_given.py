"""Answers of the last seconds: found by who builds on them, gone when they were not given after all."""

from ledger.reply import KeptObject, Replay, Reply
from sinks.given import MOST_ANSWERS, Given
from sinks.recent import SECONDS


def reply(number: int, key: str | None = None) -> Reply:
    kept = KeptObject("things", "a", {"n": number})
    return Reply("shaped", 200, keep=(kept,), replay=None if key is None else Replay(key, "print"))


def test_the_last_answer_says_what_an_object_is_and_the_key_what_the_answer_was() -> None:
    given, first, second = Given(), reply(1, "k"), reply(2)
    given.put("r", "stripe", "c1", first)
    given.put("r", "stripe", "c2", second)

    assert given.object("r", "stripe", "things", "a") is second.keep[0]
    assert given.object("other", "stripe", "things", "a") is None
    assert given.answer("k") == ("c1", first)
    assert given.answer("other") is None


def test_an_answer_ends_seconds_after_it_was_given_whenever_it_is_looked_for() -> None:
    now = [0.0]
    given = Given(clock=lambda: now[0])
    given.put("r", "stripe", "c1", reply(1, "looked for"))
    given.put("r", "stripe", "c2", reply(2, "not looked for"))
    now[0] = SECONDS
    assert given.answer("looked for") is not None
    given.put("r", "stripe", "c3", reply(3, "later"))
    now[0] = SECONDS + 1
    assert given.answer("looked for") is None
    assert given.answer("not looked for") is None
    assert given.answer("later") is not None


def test_what_was_not_given_is_forgotten_and_nothing_else() -> None:
    given, first, again = Given(), reply(1, "k"), reply(2, "k")
    given.put("r", "stripe", "c1", first)
    given.forget("r", "stripe", "c2", again)
    assert given.answer("k") == ("c1", first)
    given.forget("r", "stripe", "c1", first)
    assert given.answer("k") is None
    assert given.object("r", "stripe", "things", "a") is None


def test_the_oldest_gives_way() -> None:
    given = Given()
    for number in range(MOST_ANSWERS + 1):
        given.put("r", "stripe", f"c{number}", reply(number, f"k{number}"))
    assert given.answer("k0") is None
    assert given.answer("k1") is not None
