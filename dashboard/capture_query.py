"""Query parameters of the captures API, as contract.md names them.

An unknown one is refused: ignored, it would show, or remove, too much.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ledger.filters import Filters
from policies.decision import Verdict
from policies.effect import Channel


def _in_utc(at: datetime) -> datetime:
    """A time without a zone is UTC, as everywhere in Soundstage."""
    if at.tzinfo is None:
        return at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("this time is beyond the calendar in UTC") from None


# An empty value is refused: `?run=$RUN` with RUN unset must not mean every run.
Text = Annotated[str, Field(min_length=1, max_length=1000)]
Moment = Annotated[datetime, AfterValidator(_in_utc)]


class CaptureQuery(BaseModel):
    """The filters; all optional, combined with and."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: Text | None = None
    channel: Channel | None = None
    provider: Text | None = None
    operation: Text | None = None
    verdict: Verdict | None = None
    left: Literal["true", "false"] | None = Field(None, description="whether bytes of it may have gone out")
    host: Text | None = None
    to: Text | None = Field(None, description="a recipient; `*` stands for anything")
    sender: Text | None = Field(None, alias="from", description="a sender; `*` stands for anything")
    subject: Text | None = None
    q: Text | None = Field(None, description="full text")
    trait: Text | None = Field(None, alias="flag", description="one of its flags, such as `live_credential`")
    since: Moment | None = Field(None, description="RFC 3339")
    window: Text | None = Field(None, description="a window of a run, by its id; `none`: outside of every window")
    until: Moment | None = Field(None, description="RFC 3339")

    def filters(self) -> Filters:
        fields: dict[str, Any] = {name: getattr(self, name) for name in CaptureQuery.model_fields}
        return Filters(**{**fields, "left": None if self.left is None else self.left == "true"})

    def asked(self) -> dict[str, Any]:
        """What was asked, JSON-shaped, by the names of `ledger.filters.Filters`."""
        shown = self.model_dump(mode="json", include=set(CaptureQuery.model_fields), exclude_none=True)
        return shown if self.left is None else {**shown, "left": self.left == "true"}


class ListQuery(CaptureQuery):
    """The filters with a place in the list."""

    after: Text | None = Field(None, description="the `next` of the page before")
    limit: int = Field(100, ge=1, le=1000)


class WaitQuery(CaptureQuery):
    """The filters with what to wait for."""

    count: int = Field(1, ge=1, le=1000)
    timeout: float = Field(30, ge=0, le=60, description="seconds")
    limit: int | None = Field(None, ge=1, le=1000, description="how many to answer with; as many as `count` by default")
