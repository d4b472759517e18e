"""The shapes of runs in the API: what is asked, and what is answered (the latter for the OpenAPI document alone)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Text = Annotated[str, Field(min_length=1, max_length=200)]


class RunAsked(BaseModel):
    """A run to begin. `sources`: addresses whose traffic it claims; `listener`: with ports of its own."""

    model_config = ConfigDict(extra="forbid")

    name: Text | None = None
    id: Text | None = None
    sources: list[Text] = Field([], max_length=64)
    listener: bool = False
    canaries: bool = Field(False, description="whether canaries are expected at its beginning and its end")
    services: list[Text] = Field([], max_length=64, description="what its namespace lets through, for the record")
    parent: Text | None = Field(None, description="the open run that it is opened inside of")
    lease: float | None = Field(
        None, ge=1, le=86_400, description="seconds without a word from its owner after which it is abandoned"
    )


class RenewedAnswer(BaseModel):
    """The run's lease, in seconds from now on; null: it has none."""

    run: str
    lease: float | None


class FinishAsked(BaseModel):
    """How it ended."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["clean", "violated", "inconclusive"] | None = None


class BarrierAsked(BaseModel):
    """Seconds: nothing may have been recorded for `quiet`; the wait ends after `at_most`, reached or not."""

    model_config = ConfigDict(extra="forbid")

    quiet: float = Field(0.25, ge=0, le=60)
    at_most: float = Field(10.0, ge=0, le=60)


class WindowAsked(BaseModel):
    """Either `open`, the new window's name, or `close`, its id."""

    model_config = ConfigDict(extra="forbid")

    open: str | None = Field(None, max_length=1000)
    close: Text | None = None
    settle: BarrierAsked | None = None

    @model_validator(mode="after")
    def one_of_both(self) -> "WindowAsked":
        if (self.open is None) == (self.close is None):
            raise ValueError("say either open, with the new window's name, or close, with its id")
        if self.settle is not None and self.close is None:
            raise ValueError("settle goes with close")
        return self


class ContainedAsked(BaseModel):
    """How it was shown that nothing of the run goes round Soundstage."""

    model_config = ConfigDict(extra="forbid")

    how: Literal["namespace", "doctor"]


class ServerShape(BaseModel):
    """A mail entrance with the run's credentials."""

    host: str
    port: int
    username: str
    password: str


class ProxyShape(ServerShape):
    """The proxy, also as the one URL that holds everything."""

    url: str


class WindowShape(BaseModel):
    """A test's stretch of a run. `opened_seq`, `closed_seq`: the captures committed last before."""

    id: str
    name: str
    opened_at: str
    opened_seq: int
    closed_at: str | None
    closed_seq: int | None
    settled: bool | None = None
    why: str | None = None


class GapShape(BaseModel):
    """When and why the run's evidence may not be whole."""

    at: str
    until: str
    why: str


class RunCountsShape(BaseModel):
    """Of its captures. `wrong_token`: how often somebody named it with a token that is not its own."""

    captures: int
    left: int
    channels: dict[str, int]
    verdicts: dict[str, int]
    wrong_token: int


class ChildShape(BaseModel):
    """A run inside another, as that one shows it. `ended`: why Soundstage ended it itself."""

    id: str
    name: str
    open: bool
    verdict: Literal["clean", "violated", "inconclusive"] | None
    ended: Literal["abandoned", "expired", "parent"] | None
    canaries: dict[str, dict[str, bool]] | None
    counts: RunCountsShape
    gaps: list[GapShape]


class UnattributedShape(BaseModel):
    """Captures between its beginning and its end that nobody claimed."""

    captures: int
    channels: dict[str, int]
    intents: dict[str, int]


class RunShape(BaseModel):
    """A run. Everything from `token` on is told of one that is open, to the admin and to itself."""

    id: str
    name: str
    opened_at: str
    opened_seq: int
    finished_at: str | None
    finished_seq: int | None
    verdict: Literal["clean", "violated", "inconclusive"] | None
    open: bool
    listener: dict[str, str] | None
    sources: list[str]
    services: list[str]
    contained: Literal["no", "namespace", "doctor"]
    canaries: dict[str, dict[str, bool]] | None
    counts: RunCountsShape
    windows: list[WindowShape]
    gaps: list[GapShape]
    parent: str | None
    lease: float | None
    ended: Literal["abandoned", "expired", "parent"] | None
    children: list[ChildShape] | None = None
    unattributed: UnattributedShape | None = None
    token: str | None = None
    api_token: str | None = None
    proxy: ProxyShape | None = None
    smtp: ServerShape | None = None
    smtps: ServerShape | None = None
    variables: dict[str, str] | None = None


class RunPage(BaseModel):
    """The latest begun first, without secrets."""

    items: list[RunShape]


class SettledAnswer(BaseModel):
    """Whether the barrier was reached, and if not, a whole sentence; `waited` in seconds."""

    reached: bool
    why: str | None
    waited: float


Responses = dict[int | str, dict[str, Any]]
