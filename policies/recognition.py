"""Recognition: what a pack knows of one request, kept beside its effect so that nobody need look again."""

from dataclasses import dataclass, field
from typing import Any

from policies.effect import Credential
from policies.operation import Operation
from policies.pack_file import HostEntry
from policies.pack_type import Pack
from policies.quick import quick
from policies.request_view import RequestView
from policies.secret_place import SecretPlace


@quick
@dataclass(frozen=True)
class Recognition:
    """A request as its pack sees it. Without a pack, the view alone."""

    view: RequestView
    pack: Pack | None = None
    host: HostEntry | None = None
    operation: Operation | None = None
    """None of a known host: an operation its pack does not describe."""
    facts: dict[str, Any] | None = None
    """What the operation's `extract` gave."""
    kept: dict[str, Any] = field(default_factory=dict)
    """Of this what its effect says. It is the effect's own."""
    credentials: tuple[str, ...] = ()
    """Every credential in the provider's places. Never kept."""
    credential: Credential = "none"
    """What they are together, at the host it was sent to."""

    @property
    def params(self) -> dict[str, str]:
        """What the operation's path template named."""
        return self.view.params

    @property
    def secrets(self) -> tuple[SecretPlace, ...]:
        """Where this provider's credentials sit, besides the places that are masked everywhere."""
        return () if self.pack is None else self.pack.secrets

    @property
    def keeps_body_exactly(self) -> bool:
        """An upload: its content is what the application stored, and is kept as it is."""
        return self._body == "exact"

    @property
    def message_body(self) -> bool:
        """What the body says to its reader is kept byte for byte; only fields that hold credentials are masked."""
        return self._body == "message"

    @property
    def _body(self) -> str:
        if self.operation is not None:
            return self.operation.body
        return "structured" if self.pack is None else self.pack.body
