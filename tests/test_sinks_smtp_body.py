"""A mail's octets on their way into keeping."""

import gc
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smtp_stage import MemoryIntake

from ledger.trouble import LedgerUnavailable
from policies.body import Body
from sinks.smtp_body import HEAD_OCTETS, IncomingBody
from sinks.smtp_data import SmtpData


def unavailable() -> MemoryIntake:
    raise LedgerUnavailable("the disk is full")


class Failing(MemoryIntake):
    def write(self, chunk: bytes) -> None:
        raise LedgerUnavailable("the disk is full")


async def test_a_body_is_finished_once_its_end_has_come() -> None:
    held = MemoryIntake()
    incoming = IncomingBody(1000, lambda: held)
    assert incoming.feed(b"A: b\r\n") is None
    assert incoming.feed(b".\r\nrest") == b"rest"
    assert incoming.finish() == Body.of(b"A: b\r\n")
    assert incoming.head == b"A: b\r\n"
    incoming.abandon()
    assert not held.given_up.is_set(), "what was finished is the ledger's"


async def test_beyond_the_limit_only_the_size_is_known_and_what_was_kept_is_dropped() -> None:
    held = MemoryIntake()
    incoming = IncomingBody(10, lambda: held)
    assert incoming.feed(b"A: b\r\n" * 5 + b".\r\n") == b""
    assert incoming.finish() == Body(None, 30, "")
    assert held.given_up.is_set()
    assert incoming.flags == ("oversize",)


@pytest.mark.parametrize("intakes", [unavailable, Failing], ids=["no-intake", "a-write-fails"])
async def test_without_keeping_the_message_is_read_to_its_end_and_refused(intakes: type[MemoryIntake]) -> None:
    incoming = IncomingBody(10**6, intakes)
    assert incoming.feed(b"A: b\r\n" * 2000) is None
    assert incoming.feed(b".\r\nNOOP\r\n") == b"NOOP\r\n"
    with pytest.raises(LedgerUnavailable, match="the disk is full"):
        incoming.finish()


async def test_the_head_is_bounded() -> None:
    incoming = IncomingBody(10**6, MemoryIntake)
    for _ in range(100):
        incoming.feed(b"x" * 1000)
    assert len(incoming.head) == HEAD_OCTETS


def test_a_whole_mail_is_gone_without_the_garbage_collector() -> None:
    gc.disable()
    try:
        incoming = IncomingBody(1000, MemoryIntake)
        assert incoming.feed(b"A: b\r\n.\r\n") == b""
        gone = weakref.ref(incoming)
        assert incoming.finish().data == b"A: b\r\n"
        del incoming
        assert gone() is None
    finally:
        gc.enable()


PIECES = st.sampled_from([b"\r\n", b".", b"\r\n.\r\n", b"..", b"\r", b"\n", b"\0", b"\xe9", b"A: b\r\n", b"x" * 999])


@given(st.lists(PIECES, max_size=12).map(b"".join), st.integers(0, 40), st.sampled_from([10, 1200, 10**6]))
def test_a_short_message_is_what_it_would_be_as_a_stream(sent: bytes, cut: int, limit: int) -> None:
    incoming, streamed = IncomingBody(limit, MemoryIntake), list[bytes]()
    decoder = SmtpData(limit, streamed.append)
    for chunk in filter(None, (sent[:cut], sent[cut:] + b"\r\n.\r\nNOOP\r\n")):
        rest = incoming.feed(chunk)
        assert rest == decoder.feed(chunk)
        if rest is not None:
            break
    else:
        raise AssertionError("the end was sent")
    assert set(incoming.flags) | {"malformed"} == set(decoder.flags) | {"malformed"}
    body = incoming.finish()
    assert (body.size, body.data) == (decoder.size, None if decoder.oversize else b"".join(streamed))
