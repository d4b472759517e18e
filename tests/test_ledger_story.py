"""Story and what is kept: whatever is said in them is read again as it was, like or unlike what was written before."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_stage import record_of

from ledger.kept import changes_in, kept_of, value_in
from ledger.reply import KeptObject, Replay
from ledger.row import row_of
from ledger.story import told_by
from policies.effect import Target

AT = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


def _target(**fields: Any) -> Target:
    return Target(**{"scheme": "https", "host": "a.test", "port": 443, "method": "POST", "path": "/v1", **fields})


@pytest.mark.parametrize(
    "unlike",
    [
        pytest.param({"protocol": "h2"}, id="protocol"),
        pytest.param({"target": _target(scheme="http")}, id="scheme"),
        pytest.param({"target": _target(port=8443)}, id="port"),
        pytest.param({"target": _target(method="PUT")}, id="method"),
        pytest.param({"target": _target(path=None)}, id="path"),
        pytest.param({"target": _target(path="/" + "x" * 5000)}, id="path-too-long-to-be-remembered"),
        pytest.param({"credential": "live"}, id="credential"),
        pytest.param({"facts": {"amount": 1}}, id="facts"),
    ],
)
def test_what_is_like_another_but_for_one_field_is_told_as_it_is(unlike: dict[str, Any]) -> None:
    for fields in ({}, unlike, {}):
        record = record_of(at=AT, **{"target": _target(), "credential": "test", **fields})
        row = row_of(record)
        capture, _ = told_by(row.capture._asdict(), row.evidence.story)
        # The effect's own facts are not written down: those of the capture are shown in their place.
        written = record.capture.effect.model_copy(update={"facts": record.capture.facts})
        assert capture == record.capture.model_copy(update={"effect": written})


@given(NAMES, NAMES, NAMES)
def test_names_of_kept_objects_are_read_again(collection: str, key: str, replayed: str) -> None:
    keep = (KeptObject(collection, key, {"id": key}), KeptObject("answers", key, encoded=b"[1]"))
    told = kept_of(keep, Replay(replayed, "00ff"), b"[1]", "run", "stripe")[0] or ""
    changes, replay = changes_in(told, "run", "stripe")
    assert changes == ((("run", "stripe", collection, key), False), (("run", "stripe", "answers", key), False))
    assert replay == (replayed, "00ff")
    assert value_in(told, b"[1]", "answers", key) == [1]
