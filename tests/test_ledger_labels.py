"""Labels: what people put on captures is kept, found, taken off, and goes with its capture."""

from pathlib import Path

import pytest
from ledger_stage import mail_of, record_of, stage

from ledger.filters import Filters
from ledger.labels import READ, TAGS_LIMIT, Labels
from ledger.retention import Retention


async def test_labels_are_put_found_and_taken_off(tmp_path: Path) -> None:
    async with stage(tmp_path) as opened:
        labels = Labels(opened.ledger)
        for number in range(3):
            await opened.writer.record(mail_of(f"Mail {number}", ["a@b.example"]))
        newest, middle, _ = opened.reader.captures(Filters()).items
        labels.put(newest.seq, "Refund")
        labels.put(newest.seq, READ)
        labels.put(newest.seq, "refund")
        labels.put(middle.seq, "refund")
        labels.drop(middle.seq, "refund")
        assert labels.of([newest.seq, middle.seq]) == {newest.seq: (READ, "refund")}
        assert [one.id for one in opened.reader.captures(Filters(label="refund")).items] == [newest.id]
        assert opened.reader.count(Filters(unlabelled=READ)) == 2
        assert labels.count(READ) == 1


async def test_all_that_match_are_marked_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as opened:
        labels = Labels(opened.ledger)
        for number in range(4):
            await opened.writer.record(mail_of(f"Mail {number}", ["a@b.example"]))
        await opened.writer.record(record_of())
        newest = opened.reader.captures(Filters(channel="email")).items[0].seq
        labels.put(newest, READ)
        assert labels.put_on_all(READ, Filters(channel="email"), newest) == 3
        assert labels.put_on_all(READ, Filters(channel="email"), newest) == 0
        assert opened.reader.count(Filters(unlabelled=READ)) == 1


async def test_tags_are_counted_and_a_label_is_taken_off_all_that_match(tmp_path: Path) -> None:
    async with stage(tmp_path) as opened:
        labels = Labels(opened.ledger)
        for number in range(3):
            await opened.writer.record(mail_of(f"Mail {number}", ["a@b.example"], run=f"ci-{number % 2}"))
        newest, middle, oldest = opened.reader.captures(Filters()).items
        for stored in (newest, middle, oldest):
            labels.put(stored.seq, READ)
        labels.put(newest.seq, "refund")
        labels.put(middle.seq, "refund")
        labels.put(oldest.seq, "signup")
        assert labels.tally(Filters()) == {"refund": 2, "signup": 1}
        assert labels.tally(Filters(run="ci-1")) == {"refund": 1}
        assert labels.drop_from_all(READ, Filters(ids=(newest.id, oldest.id))) == 2
        assert labels.count(READ) == 1
        assert [one.id for one in opened.reader.captures(Filters(ids=(middle.id, "nobody"))).items] == [middle.id]
        assert opened.reader.count(Filters(ids=())) == 0


@pytest.mark.parametrize("tag", ["", "   ", "two words", 'a"b', "key:value", "x" * 41, "\\read ", "a\nb\x00"])
async def test_what_is_no_tag_is_refused(tmp_path: Path, tag: str) -> None:
    async with stage(tmp_path) as opened:
        await opened.writer.record(record_of())
        with pytest.raises(ValueError, match="A tag is one word"):
            Labels(opened.ledger).put(1, tag)


async def test_tags_have_a_limit_and_go_with_their_capture(tmp_path: Path) -> None:
    async with stage(tmp_path) as opened:
        labels = Labels(opened.ledger)
        await opened.writer.record(record_of())
        for number in range(TAGS_LIMIT):
            labels.put(1, f"tag-{number}")
        with pytest.raises(ValueError, match="20 tags at most"):
            labels.put(1, "one-more")
        labels.put(2, "nobody")
        Retention(opened.ledger, opened.store, keep_days=14, keep_bytes=10**9).purge(Filters())
        assert labels.of([1, 2]) == {}
