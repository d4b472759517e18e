"""What verifying is asked, and the shape of its answer: for checking and for the OpenAPI document."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from policies.expectation_file import LARGEST


class VerifyAsked(BaseModel):
    """`text` is a file's; without one, nothing may have been real. `file` is what its problems call it."""

    model_config = ConfigDict(extra="forbid")

    text: str | None = Field(None, max_length=LARGEST)
    file: str = Field("expectations", max_length=400)
    allow_uncontained: bool = False
    window: str | None = Field(None, max_length=100)


class DifferenceShape(BaseModel):
    """A field that is not as expected."""

    field: str
    expected: str
    actual: str | None


class ClosestShape(BaseModel):
    """A capture worth looking at."""

    id: str
    summary: str
    differs: list[DifferenceShape]


class RowShape(BaseModel):
    """One row judged."""

    name: str
    kind: str
    line: int | None
    outcome: str
    reason: str
    expected: str | None
    found: int | None
    captures: list[str]
    closest: list[ClosestShape]


class SettledShape(BaseModel):
    """Whether the run had come to rest; `waited` in seconds."""

    reached: bool
    why: str | None
    waited: float


class Verified(BaseModel):
    """`clean`, `violated` or `inconclusive`, and why."""

    run: str
    verdict: str
    reasons: list[str]
    settled: SettledShape
    rows: list[RowShape]
    counts: dict[str, Any]
