"""Long bodies: exactly what came in, kept once, found after a restart, never held in memory."""

import hashlib
import os
import tracemalloc
from pathlib import Path

import pytest
from examples import SHARED
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_stage import record_of, stage, with_body

from ledger.body_store import INLINE_LIMIT, BodyStore, compresses
from ledger.data_dir import prepare
from ledger.intake import BodyIntake
from ledger.trouble import LedgerUnavailable
from policies.body import EMPTY, HELD_LIMIT, Body


@pytest.fixture
def store(tmp_path: Path) -> BodyStore:
    return BodyStore(prepare(tmp_path / "data"))


def streamed(store: BodyStore, chunk: bytes, times: int, keep: bool = True) -> Body:
    intake = store.intake(keep)
    for _ in range(times):
        intake.write(chunk)
    return intake.finish()


@pytest.mark.parametrize(
    ("data", "packed"),
    [
        pytest.param(b"text text text " * 10_000, True, id="text-is-compressed"),
        pytest.param(os.urandom(100_000), False, id="noise-is-not"),
    ],
)
def test_a_body_comes_back_exactly(store: BodyStore, data: bytes, packed: bool) -> None:
    body = Body.of(data)
    size = store.put(body)
    file = store.file_of(body.sha256)
    assert file is not None
    assert (file.suffix == ".zst") is packed is compresses(data)
    assert file.stat().st_size == size
    assert b"".join(store.read(body.sha256)) == data


def test_the_same_bytes_are_kept_once(store: BodyStore) -> None:
    body = Body.of(os.urandom(100_000))
    store.put(body)
    file = store.file_of(body.sha256)
    assert file is not None
    inode = file.stat().st_ino
    store.put(body)
    assert file.stat().st_ino == inode


def test_a_missing_body_is_said_by_name(store: BodyStore) -> None:
    with pytest.raises(LedgerUnavailable, match="0" * 64):
        list(store.read("0" * 64))


class Purged(BodyStore):
    """Of which a purge takes each file as soon as somebody has seen it."""

    def file_of(self, sha256: str) -> Path | None:
        found = super().file_of(sha256)
        if found is not None:
            found.unlink()
        return found


def test_a_body_that_is_purged_while_it_is_put_again_is_kept(store: BodyStore, tmp_path: Path) -> None:
    body = Body.of(os.urandom(100_000))
    assert store.put(body) == Purged(tmp_path / "data").put(body)
    assert b"".join(store.read(body.sha256)) == body.data


def test_a_body_that_is_purged_while_it_is_looked_for_is_said_by_name(store: BodyStore, tmp_path: Path) -> None:
    body = Body.of(os.urandom(100_000))
    store.put(body)
    with pytest.raises(LedgerUnavailable, match=body.sha256):
        list(Purged(tmp_path / "data").read(body.sha256))


def test_what_an_earlier_process_left_is_swept(store: BodyStore, tmp_path: Path) -> None:
    intake = store.intake(keep=True)
    intake.write(b"x" * (HELD_LIMIT + 1))
    assert len(list((tmp_path / "data" / "incoming").iterdir())) == 1
    store.sweep_incoming()
    assert list((tmp_path / "data" / "incoming").iterdir()) == []
    intake.abandon()


@settings(suppress_health_check=SHARED)
@given(chunks=st.lists(st.binary(max_size=40), max_size=8), keep=st.booleans())
def test_an_intake_says_what_came_in(tmp_path: Path, chunks: list[bytes], keep: bool) -> None:
    intake = BodyIntake(tmp_path if keep else None, held_limit=50)
    for chunk in chunks:
        intake.write(chunk)
    body, whole = intake.finish(), b"".join(chunks)
    assert (body.size, body.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    if len(whole) <= 50:
        assert (body.data, body.path) == (whole, None)
    else:
        assert body.data is None
        assert (body.path is not None) is keep
        assert body.path is None or body.path.read_bytes() == whole


def test_nothing_is_the_empty_body(store: BodyStore) -> None:
    assert streamed(store, b"", 0) == EMPTY


def test_an_abandoned_body_leaves_nothing(store: BodyStore, tmp_path: Path) -> None:
    intake = store.intake(keep=True)
    intake.write(b"x" * (HELD_LIMIT + 1))
    intake.abandon()
    assert list((tmp_path / "data" / "incoming").iterdir()) == []


def test_a_long_body_takes_no_memory(store: BodyStore) -> None:
    chunk = os.urandom(1024 * 1024)
    tracemalloc.start()
    try:
        body = streamed(store, chunk, 40)
        store.put(body)
        assert tracemalloc.get_traced_memory()[1] < 2.5 * HELD_LIMIT
    finally:
        tracemalloc.stop()
    assert sum(len(part) for part in store.read(body.sha256)) == 40 * 1024 * 1024


@pytest.mark.parametrize(
    "size", [pytest.param(INLINE_LIMIT, id="in-the-row"), pytest.param(INLINE_LIMIT + 1, id="in-a-file")]
)
async def test_bodies_on_both_sides_of_the_limit(tmp_path: Path, size: int) -> None:
    record = with_body(record_of(), Body.of(os.urandom(size)))
    async with stage(tmp_path / "data") as house:
        await house.writer.record(record)
        assert (house.store.file_of(record.kept_body.sha256) is not None) is (size > INLINE_LIMIT)
        assert house.reader.raw(record.capture.id) == record.kept_body.data
        chunks = house.reader.raw_chunks(record.capture.id)
        assert chunks is not None
        assert b"".join(chunks) == record.kept_body.data


async def test_a_streamed_body_is_adopted(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        body = streamed(house.store, os.urandom(1024 * 1024), 9)
        record = with_body(record_of(), body)
        await house.writer.record(record)
        assert list((house.data_dir / "incoming").iterdir()) == []
        assert hashlib.sha256(house.reader.raw(record.capture.id) or b"").hexdigest() == body.sha256


async def test_digest_and_size_alone(tmp_path: Path) -> None:
    record = with_body(record_of(), Body(None, 123, "0" * 64))
    async with stage(tmp_path / "data") as house:
        await house.writer.record(record)
        assert house.reader.raw(record.capture.id) is None
        assert house.reader.raw("nobody") is None
