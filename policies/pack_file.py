"""The shape of a pack's file: what its author may write, and nothing else. Compiling it lives in `pack_compiler`."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from policies.effect import Channel
from policies.frozen import Frozen

PackChannel = Literal[Channel, "incident", "crm", "analytics", "search", "llm", "auth"]
"""The channels of effects, and finer words for a catalogue of packs that are mapped onto them."""

Environment = Literal["live", "test", "both"]
BodyKind = Literal["structured", "message", "exact"]
"""How a body is kept: with its credentials removed; the same, but what it says to its reader untouched; or as it is."""

OneOrMore = str | tuple[str, ...]


class HostEntry(Frozen):
    """One pattern of the provider's hosts. `*` stands for one label or part of one, `**` for several."""

    pattern: str
    env: Environment = "both"
    host_in_path: bool = False
    """What the first wildcard stands for is put before the path, so that one template meets both styles of S3."""
    paths: tuple[str, ...] = ()
    """Where not empty, only paths that begin so are this provider's; the rest of the host is nobody's."""
    note: str = ""


class Signature(Frozen):
    """What marks the requests of a provider that has no hosts of its own."""

    headers_any: tuple[str, ...] = Field(min_length=1)


class CredentialPlaceEntry(Frozen):
    """Where a credential sits."""

    where: Literal["header", "query", "body"] = Field(alias="in")
    name: str
    note: str = ""


class Credentials(Frozen):
    """How live credentials are told from test ones. RE2 patterns, searched in the credential alone."""

    where: tuple[CredentialPlaceEntry, ...] = ()
    live: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    note: str = ""


class SecretEntry(Frozen):
    """One place whose value is removed before anything is stored; `path`: a RE2 pattern whose group 1 is the secret."""

    where: Literal["header", "query", "body", "path"] = Field(alias="in")
    name: str
    label: str = "credential"


class Types(Frozen):
    """Names of form fields that are no texts."""

    integer: tuple[str, ...] = ()
    boolean: tuple[str, ...] = ()
    verbatim: tuple[str, ...] = ()


class Match(Frozen):
    """Which requests are this operation."""

    method: OneOrMore
    path: OneOrMore
    host: OneOrMore | None = None
    when: str | None = None


class ResponseEntry(Frozen):
    """An answer: at most one of the bodies, each a tree whose leaves may be `${expressions}`."""

    when: str | None = None
    """Of several refusals, the first whose condition holds is given."""
    let: Mapping[str, Any] = {}
    status: int | str = 200
    headers: Mapping[str, str] = {}
    json_: Any = Field(default=None, alias="json")
    xml: dict[str, Any] | None = None
    text: str | None = None
    sse: tuple[Any, ...] | None = None


class Load(Frozen):
    """An object kept earlier, as `obj`."""

    collection: str
    key: str
    missing: ResponseEntry | None = None
    """The answer where there is none; without it, `obj` is null and the ordinary response is given."""


class Listing(Frozen):
    """Objects kept earlier, newest first, as `objs`."""

    collection: str
    limit: str = "100"


class Save(Frozen):
    """What of the answer is kept: by default its whole tree, `out`."""

    collection: str
    key: str
    value: str | None = None
    when: str | None = None
    remove: bool = False


class OperationEntry(Frozen):
    """One operation of the provider's API."""

    id: str
    summary: str = ""
    effect: Literal["read", "write", "auth"]
    match: Match
    channel: PackChannel | None = None
    extract: Mapping[str, str] = {}
    recipients: str | None = None
    """Everybody it reaches; by default `x.to` of a message. The word `unknown`: not all of them can be named."""
    fields: tuple[str, ...] | None = None
    """Every field its body may have: `a`, `a.b` within it, `a.**` for all within. With any other it names nobody."""
    parameters: tuple[str, ...] = ()
    """Those the query may have besides, which name nobody."""
    answers: str | None = None
    """Who hears of it besides: addresses that bounces and receipts go to. It leaves only if they are opted in too."""
    load: Load | None = None
    list_: Listing | None = Field(default=None, alias="list")
    response: ResponseEntry | None = None
    save: Save | tuple[Save, ...] = ()
    denied: ResponseEntry | None = None
    body: BodyKind | None = None
    generic: bool = False
    """A stand-in for operations the pack does not describe: its captures say so."""
    idempotent: bool = True


class Idempotency(Frozen):
    """How the provider knows a retry."""

    key: str
    replayed: Mapping[str, str] = {}
    """Headers added to a replayed answer."""
    conflict: ResponseEntry
    """The answer to the same key with another request."""


class ExampleEntry(Frozen):
    """One request and what must come of it."""

    do: str
    """`METHOD URL`."""
    with_: Mapping[str, str] = Field(default={}, alias="with")
    form: dict[str, str | int | bool] | None = None
    json_: Any = Field(default=None, alias="json")
    text: str | None = None
    is_: "Expected" = Field(alias="is")


class Expected(Frozen):
    """What an example expects. Of facts and body only what is named is compared; `~` begins a RE2 pattern."""

    operation: str | None = None
    intent: str | None = None
    channel: str | None = None
    credential: str | None = None
    facts: Mapping[str, Any] = {}
    recipients: tuple[str, ...] | None = None
    status: int | None = None
    body: Mapping[str, Any] = {}
    """Dotted paths into a JSON body."""
    text: str | None = None
    """A RE2 pattern found in the body."""


class PackFile(Frozen):
    """A whole pack."""

    schema_: Literal[1] = Field(alias="schema")
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    channel: PackChannel
    http2: bool = False
    hosts: tuple[HostEntry | str, ...] = ()
    signature: Signature | None = None
    credentials: Credentials = Credentials()
    secrets: tuple[SecretEntry, ...] = ()
    types: Types = Types()
    idempotency: Idempotency | None = None
    emulator: str | None = None
    """The emulator that answers what is captured, instead of responses written here."""
    body: BodyKind = "structured"
    extract: Mapping[str, str] = {}
    """Facts of every operation."""
    headers: Mapping[str, str] = {}
    """Headers of every answer but refusals."""
    shapes: Mapping[str, Any] = {}
    operations: tuple[OperationEntry, ...]
    denied: ResponseEntry | tuple[ResponseEntry, ...]
    denial_hazards: tuple[str, ...] = ()
    """Refusals that make applications destroy something, which `denied` must not be."""
    notes: tuple[str, ...] = ()
    examples: tuple[ExampleEntry, ...] = Field(min_length=1)
