"""PackCompiler: a pack's file made into a Pack, or every problem in it with its place. `pack_loader` knows lines."""

from collections.abc import Iterator, Mapping
from functools import partial
from re import Pattern

from policies.credential import CredentialReader, compiled
from policies.effect import Channel
from policies.expression_code import Code, Constant, code
from policies.expression_operators import Evaluate, as_text
from policies.known_fields import Known, KnownFields, KnownSpellings
from policies.operation import ObjectListing, ObjectLoad, Operation
from policies.operation_index import OperationIndex
from policies.pack_file import HostEntry, Listing, Load, OperationEntry, PackFile, ResponseEntry, Save
from policies.pack_hosts import host_pattern
from policies.pack_parts import NO_NAMES, PartCompiler
from policies.pack_response import Response
from policies.pack_tree import Trees
from policies.pack_tree_written import WrittenTrees
from policies.pack_type import Idempotent, Pack
from policies.request_types import FieldTypes
from policies.secret_place import SecretPlace
from policies.stray_key import compiled_anywhere
from policies.written_code import raw
from policies.yaml_lines import Place

CHANNELS: Mapping[str, Channel] = {
    "incident": "chat",
    "crm": "web",
    "analytics": "web",
    "search": "web",
    "llm": "web",
    "auth": "web",
}
"""Finer words of the catalogue, as the channels of effects."""
MESSAGES: frozenset[str] = frozenset({"email", "sms", "push", "chat"})
"""Channels whose bodies speak to somebody."""


class PackCompiler:
    """Compiles one file. `problems` are (place, sentence); with any, the pack must not be used."""

    def __init__(self, file: PackFile, answers: type[Trees] = WrittenTrees) -> None:
        self._file = file
        self._parts = PartCompiler(Trees(file.shapes), answers(file.shapes))
        self.problems = self._parts.problems

    def pack(self) -> Pack:
        file = self._file
        return Pack(
            id=file.id,
            title=file.title,
            channel=channel(file.channel),
            http2=file.http2,
            body=file.body,
            hosts=tuple(self._hosts()),
            signature=frozenset(name.lower() for name in file.signature.headers_any) if file.signature else frozenset(),
            credentials=self._credentials(),
            secrets=tuple(SecretPlace(where=s.where, name=s.name, label=s.label) for s in file.secrets),
            types=FieldTypes(
                frozenset(file.types.integer), frozenset(file.types.boolean), verbatim=frozenset(file.types.verbatim)
            ),
            idempotent=self._idempotent(),
            emulator=file.emulator,
            operations=self._operations(),
            denied=self._denied(),
            hazards=file.denial_hazards,
            examples=file.examples,
        )

    def _hosts(self) -> Iterator[HostEntry]:
        for index, entry in enumerate(self._file.hosts):
            whole = HostEntry(pattern=entry) if isinstance(entry, str) else entry
            if self._parts.tried(("hosts", index), partial(host_pattern, whole.pattern), None):
                yield whole
        if not self._file.hosts and self._file.signature is None:
            self.problems.append((("hosts",), "a pack names its provider's hosts, or a signature of its requests"))

    def _credentials(self) -> CredentialReader:
        told = self._file.credentials
        live = self._parts.tried(("credentials", "live"), lambda: compiled(told.live), None)
        test = self._parts.tried(("credentials", "test"), lambda: compiled(told.test), None)
        anywhere = compiled_anywhere(told.live) if live is not None and test is not None else None
        return CredentialReader(told.where, live, test, anywhere)

    def _idempotent(self) -> Idempotent | None:
        entry = self._file.idempotency
        if entry is None:
            return None
        return Idempotent(
            key=code("{0}", self._parts.expression(entry.key, ("idempotency", "key"))),
            replayed=tuple(entry.replayed.items()),
            conflict=self._parts.response(entry.conflict, ("idempotency", "conflict")),
        )

    def _denied(self) -> tuple[Response, ...]:
        entries = self._file.denied
        if isinstance(entries, ResponseEntry):
            return (self._parts.response(entries, ("denied",)),)
        return tuple(self._parts.response(entry, ("denied", index)) for index, entry in enumerate(entries))

    def _operations(self) -> OperationIndex:
        index, ids = OperationIndex(), set()
        for at, entry in enumerate(self._file.operations):
            place: Place = ("operations", at)
            if entry.id in ids:
                self.problems.append(((*place, "id"), f"there are two operations called {entry.id!r}"))
            ids.add(entry.id)
            operation = self._operation(entry, place)
            for method in _several(entry.match.method):
                for template in _several(entry.match.path):
                    self._parts.tried((*place, "match", "path"), partial(index.add, method, template, operation), None)
        return index

    def _operation(self, entry: OperationEntry, place: Place) -> Operation:
        if entry.response is None and self._file.emulator is None:
            self.problems.append((place, f"the operation {entry.id!r} has no response, and the pack no emulator"))
        towards = channel(entry.channel or self._file.channel)
        facts = {**self._file.extract, **entry.extract}
        response = None if entry.response is None else self._answer(entry.response, (*place, "response"))
        names = NO_NAMES if response is None else response.names
        entries = (entry.save,) if isinstance(entry.save, Save) else entry.save
        saves = [self._save(save, (*place, "save"), names) for save in entries]
        return Operation(
            id=entry.id,
            intent=entry.effect,
            channel=towards,
            body=entry.body or ("message" if towards in MESSAGES and entry.effect == "write" else self._file.body),
            generic=entry.generic,
            hosts=self._host_patterns(entry, place),
            when=self._parts.condition(entry.match.when, (*place, "match", "when")),
            extract=tuple(
                (name, self._parts.expression(source, (*place, "extract", name))) for name, source in facts.items()
            ),
            recipients=self._recipients(entry, place, towards, facts),
            load=self._load(entry.load, (*place, "load")),
            listing=self._listing(entry.list_, (*place, "list")),
            response=None if response is None else response.keeping(saves),
            denied=None if entry.denied is None else self._parts.response(entry.denied, (*place, "denied")),
            idempotent=entry.idempotent and entry.effect == "write",
            known=_known(entry, facts),
            answers=self._parts.condition(entry.answers, (*place, "answers")),
            telemetry=(entry.channel or self._file.channel) == "analytics",
        )

    def _answer(self, entry: ResponseEntry, place: Place) -> Response:
        headers = {**self._file.headers, **entry.headers}
        return self._parts.response(entry.model_copy(update={"headers": headers}) if headers else entry, place)

    def _host_patterns(self, entry: OperationEntry, place: Place) -> tuple[Pattern[str], ...]:
        told = [
            self._parts.tried((*place, "match", "host"), partial(host_pattern, pattern), None)
            for pattern in _several(entry.match.host or ())
        ]
        return tuple(pattern for pattern in told if pattern is not None)

    def _recipients(
        self, entry: OperationEntry, place: Place, towards: Channel, facts: Mapping[str, str]
    ) -> Evaluate | None:
        if entry.recipients == "unknown":
            return None
        if entry.recipients is not None:
            return self._parts.expression(entry.recipients, (*place, "recipients"))
        if towards in MESSAGES and entry.effect == "write" and "to" in facts:
            return self._parts.expression("x.to", place)
        return None

    def _load(self, entry: Load | None, place: Place) -> ObjectLoad | None:
        if entry is None:
            return None
        missing = None if entry.missing is None else self._parts.response(entry.missing, (*place, "missing"))
        key = self._parts.expression(entry.key, (*place, "key"))
        return ObjectLoad(self._parts.tree(entry.collection, (*place, "collection")), key, missing)

    def _listing(self, entry: Listing | None, place: Place) -> ObjectListing | None:
        if entry is None:
            return None
        limit = self._parts.expression(entry.limit, (*place, "limit"))
        return ObjectListing(self._parts.tree(entry.collection, (*place, "collection")), limit)

    def _save(self, entry: Save, place: Place, names: frozenset[str]) -> Code:
        """Gives collection, key and value, the last as data or `Written`; or None where nothing is kept."""
        collection = self._parts.tree(entry.collection, (*place, "collection"), names)
        key = self._parts.expression(entry.key, (*place, "key"), names)
        value = raw(self._parts.expression(entry.value or "out", (*place, "value"), names))
        when = self._parts.condition(entry.when, (*place, "when"), names) or Constant(True)
        told = "(({1}, g, {3}) if {0} and (g := {2}) else None)"
        return code(told, when, as_text(collection), as_text(key), Constant(None) if entry.remove else value)


def _known(entry: OperationEntry, facts: Mapping[str, str]) -> Known:
    if entry.fields is not None:
        return KnownFields(entry.fields, entry.parameters)
    return KnownSpellings((entry.recipients or "", facts.get("to", "")))


def channel(name: str) -> Channel:
    """The channel of effects that a pack's word stands for."""
    return CHANNELS.get(name, name)  # type: ignore[arg-type]  # PackChannel holds no other words


def _several(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value
