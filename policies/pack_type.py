"""Pack: what is known of one provider, compiled. Finding the pack of a request lives in `pack`."""

import re
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from policies.credential import CredentialReader
from policies.effect import Channel
from policies.expression_code import Code
from policies.operation import Operation
from policies.operation_index import OperationIndex
from policies.pack_context import PackContext
from policies.pack_file import BodyKind, ExampleEntry, HostEntry
from policies.pack_response import Response
from policies.request_types import FieldTypes
from policies.secret_place import SecretPlace

_FIELD = re.compile(r"\(?c\.req\.headers\.get\('([a-z0-9-]+)'\)\)?")
"""The source of an expression that is a header field."""


@dataclass(frozen=True, slots=True)
class Idempotent:
    """How the provider knows a retry, and what it says to one and to its abuse."""

    key: Code
    replayed: tuple[tuple[str, str], ...]
    conflict: Response
    field: str | None = dataclass_field(init=False, compare=False, repr=False)
    """The header field that the key is, where it is one as it stands: nothing has to be computed for it."""

    def __post_init__(self) -> None:
        field = _FIELD.fullmatch(self.key.source)
        object.__setattr__(self, "field", None if field is None else field[1])


@dataclass(frozen=True, slots=True)
class Pack:
    """One provider."""

    id: str
    title: str
    channel: Channel
    http2: bool
    body: BodyKind
    hosts: tuple[HostEntry, ...]
    signature: frozenset[str]
    credentials: CredentialReader
    secrets: tuple[SecretPlace, ...]
    types: FieldTypes
    idempotent: Idempotent | None
    emulator: str | None
    operations: OperationIndex
    denied: tuple[Response, ...]
    hazards: tuple[str, ...]
    examples: tuple[ExampleEntry, ...]

    def denial(self, operation: Operation | None, context: PackContext) -> Response:
        """The provider's own refusal: the operation's, else the first whose condition holds, else the last."""
        if operation is not None and operation.denied is not None:
            return operation.denied
        for response in self.denied:
            if response.when is None or response.when(context):
                return response
        return self.denied[-1]
