"""Reply: what the application was answered, and what of it must be kept with the capture."""

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic_core import from_json

from policies.quick import quick
from policies.written import WrittenObject

Fidelity = Literal["shaped", "emulated", "generic", "refused", "real"]


class KeptObject:
    """A provider's object created by an answer, kept so that it can be read or changed later.

    With neither a value nor its JSON, the object is removed.
    """

    __slots__ = ("_value", "collection", "encoded", "key")

    def __init__(self, collection: str, key: str, value: Any = None, encoded: bytes | None = None) -> None:
        self.collection = collection
        self.key = key
        self.encoded = encoded
        """The value as JSON, where it was written already, such as for the answer itself."""
        self._value = value

    @property
    def value(self) -> Any:
        """JSON-shaped; read when it is asked for where only its JSON is known."""
        if self._value is None and self.encoded is not None:
            self._value = from_json(self.encoded)
        return self._value


@quick
@dataclass(frozen=True)
class Replay:
    """An idempotency key's first answer, kept so that a retry gets the same one, also after a restart."""

    key: str
    """Opaque digest over provider, operation, credential, run and the client's key."""
    fingerprint: str
    """Digest of the request's meaning: another one under the same key is the provider's idempotency error."""


@quick
@dataclass(frozen=True)
class Reply:
    """An answer on any wire: of HTTP a response, of SMTP a line (250), of DNS a message (`status` the rcode)."""

    fidelity: Fidelity
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    trailers: tuple[tuple[str, str], ...] = ()
    keep: tuple[KeptObject, ...] = ()
    replay: Replay | None = None
    attempt_of: str | None = None
    """The capture whose idempotency key this one repeats."""
    flags: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    """Facts only the answer knows, added to the effect's own."""
    told: tuple[bytes, WrittenObject] | None = None
    """The body as it was put together, and of what. Says nothing of any other body."""
    after: int = 0
    """Octets of the body that are on record already: this one goes on from there, as a conversation's does."""
