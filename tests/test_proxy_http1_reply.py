"""Replies on the wire: framing, fields, and what is never written."""

import json

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.reply import Reply
from proxy.http1_reply import UnwritableReply, problem, render


def rendered(reply: Reply, *, head_only: bool = False, keep_alive: bool = True, minor: int = 1) -> bytes:
    marks = (("Soundstage-Verdict", "capture"),)
    return render(reply, head_only=head_only, keep_alive=keep_alive, minor=minor, marks=marks)


def test_a_reply_is_framed_by_its_length() -> None:
    fields = (("Content-Type", "a/b"), ("Content-Length", "999"), ("Transfer-Encoding", "chunked"))
    reply = Reply("shaped", 201, fields, b"abc")
    assert rendered(reply) == (
        b"HTTP/1.1 201 Created\r\nContent-Type: a/b\r\nSoundstage-Verdict: capture\r\nContent-Length: 3\r\n\r\nabc"
    )


@pytest.mark.parametrize(
    ("status", "head_only", "end"),
    [
        pytest.param(200, True, b"Content-Length: 3\r\n\r\n", id="head"),
        pytest.param(204, False, b"Soundstage-Verdict: capture\r\n\r\n", id="no-content"),
        pytest.param(304, False, b"Soundstage-Verdict: capture\r\n\r\n", id="not-modified"),
        pytest.param(299, False, b"\r\n\r\nabc", id="status-nobody-named"),
    ],
)
def test_where_a_reply_ends(status: int, head_only: bool, end: bytes) -> None:
    assert rendered(Reply("shaped", status, (), b"abc"), head_only=head_only).endswith(end)


def test_an_answer_to_head_may_say_what_get_would_have_had() -> None:
    reply = Reply("emulated", 200, (("Content-Length", "5000"),))
    assert rendered(reply, head_only=True).endswith(b"Content-Length: 5000\r\n\r\n")
    assert rendered(reply).endswith(b"Content-Length: 0\r\n\r\n")


def test_a_mark_the_reply_carries_is_not_repeated() -> None:
    assert rendered(Reply("shaped", 200, (("soundstage-verdict", "deny"),))).count(b"erdict") == 1


@pytest.mark.parametrize(
    ("keep_alive", "minor", "field"),
    [
        pytest.param(False, 1, b"Connection: close", id="closed"),
        pytest.param(True, 0, b"Connection: keep-alive", id="kept-in-1.0"),
    ],
)
def test_what_becomes_of_the_connection(keep_alive: bool, minor: int, field: bytes) -> None:
    assert field in rendered(Reply("shaped", 200), keep_alive=keep_alive, minor=minor)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply("shaped", 200, (("X", "a\r\nY: b"),)), id="line-break-in-value"),
        pytest.param(Reply("shaped", 200, (("X", "a\nY: b"),)), id="line-feed-in-value"),
        pytest.param(Reply("shaped", 200, (("X\r\nY", "a"),)), id="line-break-in-name"),
        pytest.param(Reply("shaped", 200, (("", "a"),)), id="no-name"),
        pytest.param(Reply("shaped", 200, (("X", "a\0"),)), id="nul"),
        pytest.param(Reply("shaped", 100), id="continue"),
        pytest.param(Reply("shaped", 600), id="status-600"),
    ],
)
def test_what_cannot_be_written(reply: Reply) -> None:
    with pytest.raises(UnwritableReply):
        rendered(reply)


def test_a_problem_says_what_and_where() -> None:
    reply = problem(503, "Not ready", "The ledger is gone.", "0192")
    assert json.loads(reply.body) == {
        "type": "about:blank",
        "title": "Not ready",
        "status": 503,
        "detail": "The ledger is gone.",
        "capture": "0192",
    }
    assert ("Retry-After", "1") in reply.headers
    assert ("Soundstage-Capture", "0192") in reply.headers


_NAMES = st.sampled_from(
    ["a", "A", "Content-Length", "connection", "x%s", "%", "Soundstage-Verdict", "Set-Cookie", "", "a b"]
)
_VALUES = st.one_of(st.text("ab %s\t\r\n\0\x7fé\u2028", max_size=4), st.just("plain"))


@settings(max_examples=examples(200))
@given(st.integers(190, 610), st.lists(st.tuples(_NAMES, _VALUES), max_size=4), st.binary(max_size=5))
def test_a_head_of_a_known_form_is_written_as_any_other(
    status: int, fields: list[tuple[str, str]], body: bytes
) -> None:
    reply = Reply("shaped", status, tuple(fields), body)
    try:
        written = rendered(reply, keep_alive=False).replace(b"Connection: close\r\n", b"", 1)
    except UnwritableReply:
        with pytest.raises(UnwritableReply):
            rendered(reply)
    else:
        assert rendered(reply) == written == rendered(reply)
