"""Evidence: what a verification is given to judge: a run's state, its captures, and what nobody claimed meanwhile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from policies.expectation_sight import Detail
from policies.verification_children import ChildState
from policies.verification_result import Settled


@dataclass(frozen=True, slots=True)
class RunState:
    """A run, or a window of it, as it stands once it has settled."""

    id: str
    began: datetime
    contained: str
    """`no`, `namespace` or `doctor`."""
    settled: Settled
    own_entrance: bool = False
    """It has a namespace or a listener of its own, which nobody else can use."""
    canaries: Mapping[str, Mapping[str, bool]] | None = None
    """None where none are expected."""
    gaps: tuple[str, ...] = ()
    """Why evidence of some time in it is missing, in whole sentences."""
    wrong_token: int = 0
    """How often somebody came with its name and a wrong token."""
    seen: bool = False
    """Whether anything at all was captured of the run."""
    counts: Mapping[str, Any] = field(default_factory=dict)
    parent: str | None = None
    """The run it was opened inside of: what came there without anybody's name may be its own."""
    children: tuple[ChildState, ...] = ()
    """Runs opened inside it, whose captures are judged with its own."""


class Evidence(Protocol):
    """What is looked through once, capture by capture (contract.md's JSON), so that no run is too large for it."""

    @property
    def state(self) -> RunState: ...

    def captures(self) -> Iterator[Mapping[str, Any]]:
        """Those of the run or window, and of the runs inside it, in any order.

        Beside contract.md's JSON `recipients`: everybody it reaches, None where not all of them can be named.
        """
        ...

    def unattributed(self) -> Iterator[Mapping[str, Any]]:
        """Those that nobody claimed while it was open, or only the run around it did."""
        ...

    def detail(self, capture_id: str) -> Detail:
        """What is kept beside it; its `whole` is False where that is not all there was."""
        ...

    def shortcomings(self) -> tuple[str, ...]:
        """Whole sentences for what could not be looked at. Asked last."""
        ...
