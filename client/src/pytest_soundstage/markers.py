"""Markers: ours, and names so like it that they can only be meant for it. pytest itself passes over a misspelt one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import pytest

NO_SIDE_EFFECTS = "no_side_effects"
MARKER = f"{NO_SIDE_EFFECTS}: the test fails if it attempts any side effect (Soundstage)"


def refuse_misspelt(config: pytest.Config, items: Iterable[pytest.Item]) -> None:
    """Raises pytest.UsageError: what should forbid side effects would forbid nothing."""
    known = {str(line).partition(":")[0].partition("(")[0].strip() for line in config.getini("markers")}
    for item in items:
        for mark in item.iter_markers():
            if mark.name not in known and is_near(mark.name):
                raise pytest.UsageError(f"{item.nodeid}: the marker {mark.name} is unknown; write {NO_SIDE_EFFECTS}")


def is_near(name: str) -> bool:
    """Whether somebody who wrote it may have meant our marker."""
    plain = name.lower().replace("_", "")
    return difflib.SequenceMatcher(None, plain, NO_SIDE_EFFECTS.replace("_", "")).ratio() > 0.8
