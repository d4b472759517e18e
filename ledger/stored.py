"""StoredCapture: one capture as it is read back, and pages of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger.capture import Capture
from ledger.record import Headers
from ledger.story import told_by


@dataclass(frozen=True, slots=True)
class StoredCapture:
    """A capture with its place in the ledger and the details beside it. Its body is read by `Reader.raw`."""

    seq: int
    """Rises with every commit, for streams that go on where they stopped."""
    capture: Capture
    query: str = ""
    request_headers: Headers = ()
    reply_headers: Headers = ()
    reply_body: bytes = b""
    """Of a capture that was asked for alone; lists leave it out."""
    session: Mapping[str, Any] = field(default_factory=dict)
    traits: tuple[str, ...] = ()
    """Its flags, and `attachment` (`ledger.traits`)."""

    @property
    def id(self) -> str:
        return self.capture.id

    def as_contract(self) -> dict[str, Any]:
        """The JSON object of contract.md."""
        return self.capture.as_contract()


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first. `next` asks for the page after this one; None where there is none."""

    items: list[StoredCapture]
    next: str | None


def stored_by(row: Mapping[Any, Any], reply_body: bytes = b"") -> StoredCapture:
    """A row of `captures` with `story`."""
    capture, details = told_by(row, row["story"])
    return StoredCapture(
        seq=row["seq"],
        capture=capture,
        query=details.query,
        request_headers=details.request_headers,
        reply_headers=details.reply_headers,
        reply_body=reply_body,
        session=details.session or {},
        traits=tuple((row.get("traits") or "").strip("|").split("|")),
    )
