"""Packs: every provider that is known, found by host, and what a request to one of them is."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from policies.expression_values import TooLarge
from policies.operation import Operation
from policies.pack_context import describing
from policies.pack_example import failures
from policies.pack_file import HostEntry
from policies.pack_hosts import HostIndex, KnownHost
from policies.pack_loader import PackError, load_pack, pack_files
from policies.pack_type import Pack
from policies.recognition import Recognition
from policies.request_view import RequestView

__all__ = ["Pack", "PackError", "Packs"]

BUILT_IN = Path(__file__).parent / "packs"
_ANYWHERE = HostEntry(pattern="*")
MOST_REMEMBERED = 4096
LONGEST_PATH = 256
Found = tuple[KnownHost, Operation, dict[str, str]]
"""Whose it is, what it does, and what its path template named."""


class Packs:
    """The packs in use. A later pack of the same id takes an earlier one's place: an operator's comes after ours."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        self._packs = {pack.id: pack for pack in packs}
        self._hosts = HostIndex()
        self._signed = [pack for pack in self._packs.values() if pack.signature]
        self._plain: dict[tuple[str, str, str], Found] = {}
        """By host, method and path, where these alone say which operation it is."""
        for pack in reversed(self._packs.values()):
            for entry in pack.hosts:
                self._hosts.add(entry, pack)

    @classmethod
    def load(cls, directories: Sequence[Path], *, check: bool = False) -> "Packs":
        """The packs of directories. With `check`, their examples must hold too. Raises PackError with every problem."""
        packs: list[Pack] = []
        problems: list[str] = []
        for path in pack_files(directories):
            try:
                packs.append(load_pack(path))
            except PackError as error:
                problems.extend(error.problems)
        if problems:
            raise PackError(problems)
        loaded = cls(packs)
        if check and (failing := [f"{pack.id}: {text}" for pack in loaded for text in failures(pack, loaded)]):
            raise PackError(failing)
        return loaded

    @classmethod
    def built_in(cls) -> "Packs":
        """The packs that come with Soundstage, read once a process."""
        return _built_in()

    def __iter__(self) -> Iterator[Pack]:
        return iter(self._packs.values())

    def __len__(self) -> int:
        return len(self._packs)

    def get(self, pack_id: str) -> Pack | None:
        return self._packs.get(pack_id)

    def knows(self, host: str) -> bool:
        """Whether a canonical host is some provider's."""
        return bool(self._hosts.find(host))

    def speaks_http2(self, host: str) -> bool:
        """Whether clients of this host speak HTTP/2 without asking."""
        return any(claim.pack.http2 for claim in self._hosts.find(host))

    def recognise(self, view: RequestView) -> Recognition:
        """What a request is. Sets the view's `params` and `types`. Never raises for what a client sent."""
        found = self._plain.get((view.host, view.method, view.path))
        try:
            if found is not None:
                return _recognised(*found, view)
            claims = self._claims(view)
            return self._recognise(claims, view) if claims else Recognition(view)
        except TooLarge as error:
            view.faults.append(str(error))
            return _undescribed(self._claims(view)[0], view)

    def _recognise(self, claims: tuple[KnownHost, ...], view: RequestView) -> Recognition:
        fallback: Found | None = None
        asked = claims[0].entry is _ANYWHERE
        for claim in claims:
            for operation, params in _fitting(claim, view):
                if operation.when is not None:
                    asked = True
                    view.params, view.types = params, claim.pack.types
                    if not operation.when(describing(view)):
                        continue
                if not operation.generic:
                    return _recognised(*self._remembered((claim, operation, params), view, asked), view)
                fallback = fallback or (claim, operation, params)
        if fallback is not None:
            return _recognised(*self._remembered(fallback, view, asked), view)
        view.params, view.types = {}, claims[0].pack.types
        return _undescribed(claims[0], view)

    def _remembered(self, found: Found, view: RequestView, asked: bool) -> Found:
        """The same. Kept unless something of the request was `asked` about beyond its host, method and path."""
        if not asked and len(view.path) <= LONGEST_PATH:
            if len(self._plain) >= MOST_REMEMBERED:
                self._plain.clear()
            self._plain[view.host, view.method, view.path] = found
        return found

    def _claims(self, view: RequestView) -> tuple[KnownHost, ...]:
        claims = self._hosts.find(view.host)
        if any(claim.entry.paths for claim in claims):
            claims = tuple(c for c in claims if not c.entry.paths or view.path.startswith(c.entry.paths))
        return claims or self._signers(view)

    def _signers(self, view: RequestView) -> tuple[KnownHost, ...]:
        return tuple(KnownHost(p, _ANYWHERE, "") for p in self._signed if not p.signature.isdisjoint(view.headers))


def _fitting(claim: KnownHost, view: RequestView) -> Iterator[tuple[Operation, dict[str, str]]]:
    """What it may be by host, method and path."""
    path = f"/{claim.wildcard}{view.path}" if claim.entry.host_in_path else view.path
    for operation, params in claim.pack.operations.find(view.method, path):
        if not operation.hosts or any(pattern.match(view.host) for pattern in operation.hosts):
            yield operation, params


def _recognised(claim: KnownHost, operation: Operation, params: dict[str, str], view: RequestView) -> Recognition:
    view.params, view.types = dict(params), claim.pack.types
    facts = operation.facts(describing(view))
    return Recognition(view, claim.pack, claim.entry, operation, facts, _credentials(claim, view))


def _undescribed(claim: KnownHost, view: RequestView) -> Recognition:
    return Recognition(view, claim.pack, claim.entry, credentials=_credentials(claim, view))


def _credentials(claim: KnownHost, view: RequestView) -> tuple[str, ...]:
    found: tuple[str, ...] = claim.pack.credentials.found(view)
    return found


@cache
def _built_in() -> Packs:
    return Packs.load([BUILT_IN])
