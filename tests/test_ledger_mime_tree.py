"""The tree of a mail by its delimiters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.mime_budget import DEFAULT, MimeBudget
from ledger.mime_head import read_head
from ledger.mime_tree import Node, Walk


def walk(body: bytes, budget: MimeBudget = DEFAULT) -> tuple[Node, list[bytes], tuple[str, ...]]:
    raw = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + body
    going = Walk(raw, budget)
    node = going.entity(read_head(raw, 0, len(raw), budget), len(raw), 0)
    return node, [raw[leaf.start : leaf.end] for leaf in going.leaves], tuple(going.flags)


@pytest.mark.parametrize(
    ("body", "contents", "flags"),
    [
        pytest.param(b"--x\r\n\r\na\r\n--x\r\n\r\nb\r\n--x--\r\n", [b"a", b"b"], (), id="two"),
        pytest.param(b"preamble\r\n--x\r\n\r\na\r\n--x--\r\nepilogue", [b"a"], (), id="preamble-and-epilogue"),
        pytest.param(b"--x\n\na\n--x--", [b"a"], (), id="bare-newlines"),
        pytest.param(b"--x  \r\n\r\na\r\n--x-- \r\n", [b"a"], (), id="padding-after-the-boundary"),
        pytest.param(b"--x\r\n\r\na --x\r\n--xx\r\n--x--", [b"a --x\r\n--xx"], (), id="look-alikes"),
        pytest.param(b"--x\r\n--x\r\n\r\na\r\n--x--", [b"", b"a"], (), id="empty-part"),
        pytest.param(b"--x\r\n\r\na", [b"a"], ("broken_tree",), id="not-closed"),
        pytest.param(b"--x--\r\n", [b"--x--\r\n"], ("broken_tree",), id="closed-before-it-began"),
        pytest.param(b"", [b""], ("broken_tree",), id="nothing"),
    ],
)
def test_parts(body: bytes, contents: list[bytes], flags: tuple[str, ...]) -> None:
    node, found, said = walk(body)
    assert (found, said) == (contents, flags)
    assert len(node.children) == len(contents)


def test_depth_and_count_are_bounded() -> None:
    inner = b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\na\r\n--y--\r\n--x--"
    node, found, flags = walk(inner, MimeBudget(depth=1))
    assert (node.children[0].content_type, flags) == ("application/octet-stream", ("too_deep",))
    assert found == [b"--y\r\n\r\na\r\n--y--"]
    _, found, flags = walk(b"--x\r\n\r\na\r\n" * 50 + b"--x--", MimeBudget(parts=10))
    assert flags == ("too_many_parts",)
    assert len(found) <= 11


@given(st.lists(st.sampled_from([b"--x", b"--", b"\r\n", b"\n", b"a", b"Content-Type: multipart/a; boundary=x\r\n"])))
def test_leaves_lie_inside_the_mail_in_order(pieces: list[bytes]) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"".join(pieces)
    going = Walk(raw, DEFAULT)
    going.entity(read_head(raw, 0, len(raw), DEFAULT), len(raw), 0)
    starts = [leaf.start for leaf in going.leaves]
    assert starts == sorted(starts)
    assert all(0 <= leaf.start <= leaf.end <= len(raw) for leaf in going.leaves)
