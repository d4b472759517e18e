"""What is remembered for seconds: bounded in number and in time."""

from sinks.recent import SECONDS, Recent


def test_entries_end_by_themselves() -> None:
    now = [0.0]
    recent: Recent[str] = Recent(10, clock=lambda: now[0])
    recent.put("a", "first")
    recent.put("a", "second")
    now[0] = SECONDS
    assert recent.get("a") == "second"
    now[0] = SECONDS + 1
    assert recent.get("a") is None
    assert len(recent) == 0


def test_the_oldest_gives_way() -> None:
    recent: Recent[int] = Recent(2)
    for number in range(3):
        recent.put(number, number)
    assert [recent.get(number) for number in range(3)] == [None, 1, 2]


def test_an_entry_is_dropped_at_once() -> None:
    recent: Recent[int] = Recent(2)
    recent.put("a", 1)
    recent.drop("a")
    recent.drop("never put")
    assert recent.get("a") is None
