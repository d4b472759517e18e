"""Decision: what is done with an effect, by which rule, and why in a sentence people read verbatim."""

from datetime import datetime
from typing import Literal

from policies.frozen import Frozen

Verdict = Literal["allow", "divert", "capture", "deny"]
LEAVING: frozenset[Verdict] = frozenset(("allow", "divert"))


class Decision(Frozen):
    """The verdict on one effect."""

    verdict: Verdict
    rule: str
    """An opt-in's id, `default:<channel>`, `guard:<name>` or `never:<name>`."""
    reason: str
    flags: tuple[str, ...] = ()
    """Added to the effect's own on the capture, such as `live_credential`."""
    divert: str | None = None
    """URL of the non-production target, for `divert`."""
    via: str | None = None
    """URL of the SMTP server an opted-in mail is relayed to."""
    addresses: tuple[str, ...] = ()
    """Private networks (CIDR) the target may resolve to; empty: public addresses only."""
    expires: datetime | None = None
    """When the opt-in that lets it leave ends; a connection that is open then is closed."""

    @property
    def leaves(self) -> bool:
        return self.verdict in LEAVING
