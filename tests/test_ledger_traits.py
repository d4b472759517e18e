"""Traits: flags and attachments are found by what was noted at the capture."""

from pathlib import Path

import pytest
from ledger_stage import mail_of, record_of, stage

from ledger.filters import Filters
from ledger.row import row_of


@pytest.mark.parametrize(
    ("part", "noted"),
    [
        pytest.param("Content-Disposition: attachment\r\n", "|attachment|", id="disposition"),
        pytest.param("content-disposition:\r\n ATTACHMENT\r\n", "|attachment|", id="folded-and-shouted"),
        pytest.param('Content-Type: application/pdf;\r\n\tname="a.pdf"\r\n', "|attachment|", id="named-by-its-type"),
        pytest.param("Content-Disposition: inline; filename*0*=x\r\n", "|attachment|", id="continued-name"),
        pytest.param("Content-Disposition: inline\r\n", None, id="inline-without-a-name"),
        pytest.param("I talk of Content-Disposition: attachment\r\n", None, id="only-spoken-of"),
        pytest.param("Content-Type: text/plain\r\nX: ;name=x\r\n", None, id="another-field"),
    ],
)
def test_attachments_are_noted(part: str, noted: str | None) -> None:
    assert row_of(mail_of("x", ["a@b.example"], part)).capture.traits == noted


def test_a_providers_attachments_are_noted() -> None:
    call = record_of(channel="email", body=b'{"attachments": [ {"content": "eA=="}]}', content_type="application/json")
    bare = record_of(channel="email", body=b'{"attachments": []}', content_type="application/json")
    charge = record_of(body=b'{"attachments": [{}]}', content_type="application/json")
    assert [row_of(one).capture.traits for one in (call, bare, charge)] == ["|attachment|", None, None]


async def test_captures_are_found_by_their_traits(tmp_path: Path) -> None:
    async with stage(tmp_path) as opened:
        flagged = record_of()
        flagged = type(flagged)(flagged.capture.model_copy(update={"flags": ("live_credential", "malformed")}))
        brings = mail_of("With", ["a@b.example"], "Content-Disposition: attachment\r\n")
        for record in (flagged, brings, record_of()):
            await opened.writer.record(record)
        for trait, expected in (
            ("live_credential", [flagged.capture.id]),
            ("malformed", [flagged.capture.id]),
            ("live", []),
            ("attachment", [brings.capture.id]),
        ):
            assert [one.id for one in opened.reader.captures(Filters(trait=trait)).items] == expected, trait
            assert opened.reader.count(Filters(trait=trait)) == len(expected)
