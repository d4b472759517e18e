"""The index in its own file: made anew whatever is wrong with it, and never believed of another ledger."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ledger_stage import mail_of, reading, stage, until
from small_disk import fill, small_disk_at

from ledger.filters import Filters
from ledger.indexer import Indexer
from ledger.search_file import FILE, made
from ledger.store import FILE as LEDGER


def damage(file: Path) -> None:
    """Overwrite the pages behind the first."""
    octets = bytearray(file.read_bytes())
    octets[4096:] = b"\xff" * (len(octets) - 4096)
    file.write_bytes(octets)


def remark(file: Path) -> None:
    """Make it another ledger's."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version=12345")
    connection.close()


async def test_the_index_is_private_and_lies_apart(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await house.writer.record(mail_of("sesame", ["a@example.com"]))
        assert not (house.data_dir / FILE).exists()
        assert house.reader.count(Filters(q="sesame")) == 1
        house.indexer.catch_up()
        assert (house.data_dir / FILE).stat().st_mode & 0o077 == 0
        assert house.reader.count(Filters(q="sesame")) == 1


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda file: file.unlink(), id="gone"),
        pytest.param(lambda file: file.write_bytes(b"no database"), id="foreign"),
        pytest.param(damage, id="damaged"),
        pytest.param(remark, id="of-another-ledger"),
    ],
)
async def test_words_are_found_whatever_happened_to_the_index(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    async with stage(tmp_path / "data") as house:
        await house.record_all([mail_of(f"sesame {number}", ["a@example.com"]) for number in range(5)])
        house.indexer.catch_up()
    harm(tmp_path / "data" / FILE)
    async with stage(tmp_path / "data") as house:
        house.indexer.catch_up()
        assert house.reader.count(Filters(q="sesame")) == 5
        assert len(house.reader.captures(Filters(q="sesame 3")).items) == 1


async def test_an_open_reader_follows_an_index_made_anew(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await house.writer.record(mail_of("sesame", ["a@example.com"]))
        house.indexer.catch_up()
        with reading(house.data_dir) as reader:
            assert reader.count(Filters(q="sesame")) == 1
            house.indexer.close()
            remark(house.data_dir / FILE)
            made(house.data_dir / LEDGER)
            assert reader.count(Filters(q="sesame")) == 1
            again = Indexer(house.ledger, house.store)
            again.catch_up()
            again.close()
            assert reader.count(Filters(q="sesame")) == 1


async def test_an_index_damaged_underneath_is_made_anew(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await house.writer.record(mail_of("sesame", ["a@example.com"]))
        house.indexer.catch_up()
        first = (house.data_dir / FILE).stat().st_ino
        house.indexer._recover(sqlite3.DatabaseError("database disk image is malformed"))
        await house.writer.record(mail_of("sesame again", ["a@example.com"]))
        house.indexer.catch_up()
        assert house.indexed() == 2
        assert (house.data_dir / FILE).stat().st_ino != first
        assert house.reader.count(Filters(q="sesame")) == 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk_at(tmp_path / "disk", 8) as folder:
        yield folder


async def test_an_index_there_is_no_room_for_is_told_of_and_made_once_there_is(small_disk: Path) -> None:
    async with stage(small_disk / "data") as house:
        await house.writer.record(mail_of("sesame", ["a@example.com"]))
        fill(small_disk / "filler")
        house.indexer.start()
        await until(lambda: "full" in str(house.indexer.trouble))
        assert not list(house.data_dir.glob(f"{FILE}*")), "what was begun is taken away"
        assert house.reader.count(Filters(q="sesame")) == 1
        (small_disk / "filler").unlink()
        await until(lambda: house.indexed() == 1)
        assert house.reader.count(Filters(q="sesame")) == 1
