"""Packs: every provider that is known, found by host, and what a request to one of them is."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from policies.expression_values import TooLarge
from policies.operation import Operation
from policies.pack_context import Describing, PackContext
from policies.pack_example import failures
from policies.pack_file import HostEntry
from policies.pack_hosts import HostIndex, KnownHost
from policies.pack_loader import PackError, load_pack, pack_files
from policies.pack_type import Pack
from policies.recognition import Recognition
from policies.request_view import FORM, RequestView

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
        self._fitted: dict[tuple[str, str, str], _Fitting] = {}
        """By host, method and path."""
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
        place = view.place
        fitting: _Fitting | None = None if place is None else place.fitting
        if fitting is None or fitting.packs is not self:
            fitting = self._fitted.get((view.host, view.method, view.path)) or self._fitting(view)
            if place is not None:
                place.fitting = fitting
        if not fitting.claims:
            return Recognition(view)
        context = Describing(view)
        try:
            if fitting.certain is None:
                claim, operation, params = _chosen(fitting, view, context)
            else:
                claim, operation, params = fitting.certain
            pack = claim.pack
            view.params, view.types = params.copy(), pack.types
            if fitting.certain is not None and pack.credentials.in_body and view.content_type == FORM:
                view.read_form()  # for the credentials, whatever else
            facts, kept = (None, {}) if operation is None else operation.facts.made(context)
        except TooLarge as error:
            view.faults.append(str(error))
            claim, operation, facts, kept = fitting.claims[0], None, None, {}
        credentials, kind = claim.pack.credentials.found(view, claim.entry.env)
        return Recognition(view, claim.pack, claim.entry, operation, facts, kept, credentials, kind)

    def _fitting(self, view: RequestView) -> "_Fitting":
        """Whose it may be and what it may do; remembered where host, method and path alone say so."""
        claims = self._claims(view)
        fitting = _Fitting(self, claims, tuple(_up_to_the_first_certain(claims, view)))
        if claims and claims[0].entry is not _ANYWHERE and len(view.path) <= LONGEST_PATH:
            if len(self._fitted) >= MOST_REMEMBERED:
                self._fitted.clear()
            self._fitted[view.host, view.method, view.path] = fitting
        return fitting

    def _claims(self, view: RequestView) -> tuple[KnownHost, ...]:
        claims = self._hosts.find(view.host)
        if any(claim.entry.paths for claim in claims):
            claims = tuple(c for c in claims if not c.entry.paths or view.path.startswith(c.entry.paths))
        return claims or self._signers(view)

    def _signers(self, view: RequestView) -> tuple[KnownHost, ...]:
        return tuple(KnownHost(p, _ANYWHERE, "") for p in self._signed if not p.signature.isdisjoint(view.headers))


def _up_to_the_first_certain(claims: tuple[KnownHost, ...], view: RequestView) -> Iterator[Found]:
    """What it may be by host, method and path, best first."""
    for claim in claims:
        path = f"/{claim.wildcard}{view.path}" if claim.entry.host_in_path else view.path
        for operation, params in claim.pack.operations.find(view.method, path):
            if not operation.hosts or any(pattern.match(view.host) for pattern in operation.hosts):
                yield claim, operation, params
                if operation.when is None and not operation.generic:
                    return


class _Fitting:
    """What a request may be by its method, its target and the names of its fields: nothing else of it is looked at."""

    __slots__ = ("certain", "claims", "found", "packs")

    def __init__(self, packs: Packs, claims: tuple[KnownHost, ...], found: tuple[Found, ...]) -> None:
        self.packs = packs
        self.claims = claims
        """Every claim to its host."""
        self.found = found
        """What it may be, best first: the last alone needs no look at the request, if any does."""
        self.certain: tuple[KnownHost, Operation | None, dict[str, str]] | None = None
        """What it is, where no request is anything else."""
        if claims and not found:
            self.certain = claims[0], None, {}
        elif len(found) == 1 and found[0][1].when is None:
            self.certain = found[0]


def _chosen(
    fitting: _Fitting, view: RequestView, context: PackContext
) -> tuple[KnownHost, Operation | None, dict[str, str]]:
    """What it is where that depends on what it says."""
    fallback: Found | None = None
    for one in fitting.found:
        claim, operation, params = one
        if operation.when is not None:
            view.params, view.types = params, claim.pack.types
            if not operation.when(context):
                continue
        if not operation.generic:
            return one
        fallback = fallback or one
    return fallback or (fitting.claims[0], None, {})


@cache
def _built_in() -> Packs:
    return Packs.load([BUILT_IN])
