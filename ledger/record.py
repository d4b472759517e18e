"""Record: one capture with everything that is written beside it, in one transaction."""

from dataclasses import dataclass, field
from typing import Any

from ledger.capture import Capture
from ledger.reply import KeptObject, Replay
from policies.body import EMPTY, Body
from policies.quick import quick

Headers = tuple[tuple[str, str], ...]


@quick
@dataclass(frozen=True)
class Record:
    """All of it already masked. `kept_body` with a `path` is adopted: the ledger moves the file into its store."""

    capture: Capture
    kept_body: Body = EMPTY
    query: str = ""
    request_headers: Headers = ()
    reply_headers: Headers = ()
    reply_body: bytes = b""
    session: dict[str, Any] = field(default_factory=dict)
    """Of a mail: the envelope with its options, HELO, TLS and the transcript. JSON-shaped."""
    keep: tuple[KeptObject, ...] = ()
    replay: Replay | None = None
