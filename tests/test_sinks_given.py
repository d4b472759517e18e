"""Answers of the last seconds: found by who builds on them, gone when they were not given after all."""

from ledger.reply import KeptObject, Replay, Reply
from sinks.given import MOST_ANSWERS, MOST_OCTETS, SECONDS, Given


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


def test_long_answers_give_way_sooner_whether_they_were_looked_for_or_not() -> None:
    given, body = Given(), bytes(MOST_OCTETS // 4)
    for number in range(6):
        given.put("r", "stripe", f"c{number}", Reply("shaped", 200, body=body, replay=Replay(f"k{number}", "print")))
        if number < 3:
            assert given.answer("k0") is not None
    assert [number for number in range(6) if given.answer(f"k{number}") is not None] == [2, 3, 4, 5]


def test_one_that_is_over_takes_no_later_one_with_it() -> None:
    now = [0.0]
    given, second = Given(clock=lambda: now[0]), reply(2, "k")
    given.put("r", "stripe", "c1", reply(1, "k"))
    assert given.answer("k") is not None
    now[0] = SECONDS
    given.put("r", "stripe", "c2", second)
    now[0] = SECONDS + 1
    assert given.answer("k") == ("c2", second)
    assert given.object("r", "stripe", "things", "a") is second.keep[0]


def test_an_object_is_forgotten_with_the_capture_it_is_of_alone() -> None:
    given, second = Given(), reply(2)
    given.put("r", "stripe", "c1", reply(1))
    given.put("r", "stripe", "c2", second)
    given.forget("r", "stripe", "c1", reply(1))
    assert given.object("r", "stripe", "things", "a") is second.keep[0]
