"""Repeats: recorded once, counted within a window, told at its end."""

import asyncio

import pytest

from ledger.trouble import LedgerUnavailable
from proxy.dns_repeats import Repeats

KEY = ("10.0.0.1", "a.example", "A")


class Book:
    """Records questions and takes down counts."""

    def __init__(self) -> None:
        self.recorded = 0
        self.counts: list[tuple[str, int]] = []
        self.trouble: Exception | None = None

    async def record(self) -> str | None:
        await asyncio.sleep(0)
        self.recorded += 1
        return f"capture-{self.recorded}"

    async def count(self, capture_id: str, times: int) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.counts.append((capture_id, times))


async def test_questions_at_once_are_recorded_once_and_counted() -> None:
    book = Book()
    repeats = Repeats(book.count)
    assert await asyncio.gather(*(repeats.take(KEY, book.record) for _ in range(5))) == [True] * 5
    assert book.recorded == 1
    await repeats.flush()
    assert book.counts == [("capture-1", 4)]


async def test_a_question_after_its_window_is_another() -> None:
    book = Book()
    repeats = Repeats(book.count, window=0)
    for _ in range(3):
        assert await repeats.take(KEY, book.record)
    assert (book.recorded, book.counts) == (3, [])


async def test_what_cannot_be_recorded_is_not_remembered() -> None:
    book = Book()
    repeats = Repeats(book.count)

    async def fail() -> str:
        raise LedgerUnavailable("disk full")

    with pytest.raises(LedgerUnavailable):
        await repeats.take(KEY, fail)
    assert await repeats.take(KEY, book.record)
    assert book.recorded == 1


async def test_a_count_that_cannot_be_told_is_told_later() -> None:
    book = Book()
    repeats = Repeats(book.count)
    for _ in range(3):
        await repeats.take(KEY, book.record)
    book.trouble = LedgerUnavailable("disk full")
    with pytest.raises(LedgerUnavailable):
        await repeats.flush()
    book.trouble = None
    await repeats.flush()
    assert book.counts == [("capture-1", 2)]


async def test_the_oldest_is_told_when_there_are_too_many() -> None:
    book = Book()
    repeats = Repeats(book.count, most=2)
    for name in ("a", "a", "b", "c"):
        await repeats.take(("10.0.0.1", name, "A"), book.record)
    assert book.counts == [("capture-1", 1)]


async def test_what_is_told_in_between_is_told_once_and_its_window_goes_on() -> None:
    book = Book()
    repeats = Repeats(book.count)
    for _ in range(3):
        assert await repeats.take(KEY, book.record)
    await repeats.tell()
    await repeats.tell()
    assert book.counts == [("capture-1", 2)]
    assert await repeats.take(KEY, book.record)
    await repeats.flush()
    assert (book.recorded, book.counts) == (1, [("capture-1", 2), ("capture-1", 1)])


async def test_what_cannot_be_told_in_between_is_told_at_the_end() -> None:
    book = Book()
    repeats = Repeats(book.count)
    for _ in range(3):
        assert await repeats.take(KEY, book.record)
    book.trouble = LedgerUnavailable("the disk is full")
    with pytest.raises(LedgerUnavailable):
        await repeats.tell()
    book.trouble = None
    await repeats.flush()
    assert book.counts == [("capture-1", 2)]
