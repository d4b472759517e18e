"""Contexts by name: kept beyond a hundred, forgotten in order, and the same for every thread."""

import threading
from pathlib import Path

import pytest

from proxy.ca_files import open_pair
from proxy.certificate_leaf import LeafMaker
from proxy.certificates import CONTEXTS_KEPT, ContextCache


@pytest.fixture
def leaves(tmp_path: Path) -> LeafMaker:
    return LeafMaker(open_pair(tmp_path / "ca.pem", tmp_path / "ca.key"))


def test_many_more_names_than_a_hundred_are_kept() -> None:
    assert CONTEXTS_KEPT >= 1_000


def test_a_name_keeps_its_context_in_any_case(leaves: LeafMaker) -> None:
    contexts = ContextCache(leaves)
    assert contexts.context_for("A.example") is contexts.context_for("a.EXAMPLE")
    assert len(contexts) == 1


def test_the_least_recently_used_is_forgotten(leaves: LeafMaker) -> None:
    contexts = ContextCache(leaves, kept=2)
    first, second = contexts.context_for("a.example"), contexts.context_for("b.example")
    assert contexts.context_for("a.example") is first
    contexts.context_for("c.example")
    assert contexts.context_for("a.example") is first
    assert contexts.context_for("b.example") is not second
    assert len(contexts) == 2


def test_threads_get_the_same_context(leaves: LeafMaker) -> None:
    contexts = ContextCache(leaves)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(contexts.context_for("a.example"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1
    assert len(found) == 8
