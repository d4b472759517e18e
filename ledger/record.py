"""Record: one capture with everything that is written beside it, in one transaction."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ledger.capture import Capture
from ledger.entry import Entry
from ledger.reply import KeptObject, Replay
from policies.body import EMPTY, Body
from policies.once import once
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
    after: int = 0
    """Octets of the reply's body that are on record already."""

    @classmethod
    def of(cls, entry: Entry, **fields: Any) -> "Record":
        """The record of an entry, and of all the other fields. Its capture is made when somebody asks for it: to write
        it down nobody does."""
        made = cls.__new__(cls)
        fields["entry"] = entry
        object.__setattr__(made, "__dict__", fields)
        return made

    @once
    def entry(self) -> Entry:
        """The capture as it is written down."""
        return Entry.of(self.capture)

    if not TYPE_CHECKING:  # a name that is not there is an error to whoever checks types all the same

        def __getattr__(self, name: str) -> Any:
            """The capture of a record that was made of an entry."""
            if name != "capture" or "entry" not in self.__dict__:
                raise AttributeError(f"a record has no {name}")
            made = self.__dict__["capture"] = self.__dict__["entry"].capture()
            return made
