"""Request bodies on their way in: at flat memory, whole or known to be not, and kept where they are kept."""

import hashlib
from pathlib import Path

import pytest

from ledger.intake import BodyIntake
from policies.body import HELD_LIMIT
from proxy.mitm_body import CHUNK, RequestBody

MORE = HELD_LIMIT + 3


def written(body: RequestBody, size: int) -> bytes:
    data = (b"0123456789" * (size // 10 + 1))[:size]
    for start in range(0, size, 65_536):
        body.write(data[start : start + 65_536])
    return data


@pytest.mark.parametrize("size", [0, 1, 1024 * 1024 + 1, HELD_LIMIT])
def test_a_body_up_to_the_limit_is_held(tmp_path: Path, size: int) -> None:
    body = RequestBody(spool=tmp_path)
    data = written(body, size)
    finished = body.finish()
    assert finished.data == data
    assert finished.sha256 == hashlib.sha256(data).hexdigest()
    assert b"".join(body.chunks()) == data


def test_a_longer_one_is_known_by_its_digest_and_can_still_be_sent(tmp_path: Path) -> None:
    body = RequestBody(spool=tmp_path)
    data = written(body, MORE)
    finished = body.finish()
    assert (finished.data, finished.path, finished.size) == (None, None, MORE)
    assert finished.sha256 == hashlib.sha256(data).hexdigest()
    chunks = list(body.chunks())
    assert b"".join(chunks) == data
    assert max(map(len, chunks)) <= CHUNK


def test_one_that_is_kept_exactly_goes_to_the_ledger_too(tmp_path: Path) -> None:
    body = RequestBody(lambda: BodyIntake(tmp_path), spool=tmp_path)
    data = written(body, MORE)
    finished = body.finish()
    assert finished.path is not None
    assert finished.path.read_bytes() == data
    finished.path.unlink()
    assert b"".join(body.chunks()) == data, "what is sent does not depend on where the ledger put it"


def test_the_ledger_is_asked_once_and_only_about_a_long_one(tmp_path: Path) -> None:
    asked: list[int] = []

    def none() -> None:
        asked.append(1)

    for size, times in ((10, 0), (MORE + 200_000, 1)):
        written(RequestBody(none, spool=tmp_path), size)
        assert len(asked) == times


def test_more_than_is_taken_is_counted_and_dropped(tmp_path: Path) -> None:
    body = RequestBody(spool=tmp_path, limit=100)
    written(body, 200_000)
    assert body.too_long
    assert body.finish().data is None
    assert body.finish().size == 200_000


def test_nothing_is_left_on_the_disk(tmp_path: Path) -> None:
    body = RequestBody(spool=tmp_path)
    written(body, MORE)
    assert list(tmp_path.iterdir()) == [], "the file has no name"
