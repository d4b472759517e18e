"""The index of opt-ins: from a host to those that could mean it, the most specific first, without a look at others."""

from collections.abc import Iterable, Iterator
from operator import attrgetter

from policies.effect import Effect
from policies.glob import plain_address, stems
from policies.host import as_address
from policies.opt_in import STRICTNESS, OptIn

_FEW = 8
"""So many opt-ins are looked at one by one sooner than found by their paths."""


class Group:
    """Equally specific opt-ins, the stricter first, then by id: the order in the file means nothing."""

    __slots__ = ("_by_stem", "all")

    def __init__(self, opt_ins: Iterable[OptIn]) -> None:
        by_id = sorted(opt_ins, key=attrgetter("id"))
        self.all = tuple(sorted(by_id, key=lambda opt_in: STRICTNESS[opt_in.do]))
        self._by_stem: dict[str, list[int]] = {}
        if len(self.all) > _FEW:
            for rank, opt_in in enumerate(self.all):
                for stem in opt_in.stems:
                    self._by_stem.setdefault(stem, []).append(rank)

    def candidates(self, path: str | None) -> Iterable[OptIn]:
        """Those whose paths could mean this one, in order."""
        if not self._by_stem:
            return self.all
        ranks = {rank for stem in stems(path) for rank in self._by_stem.get(stem, ())}
        return (self.all[rank] for rank in sorted(ranks))


class OptInIndex:
    """Built once when a policy is loaded."""

    def __init__(self, opt_ins: Iterable[OptIn]) -> None:
        exact: dict[str, list[OptIn]] = {}
        below: dict[str, list[OptIn]] = {}
        numbers: dict[tuple[int, int], dict[int, list[OptIn]]] = {}
        mail: dict[str, list[OptIn]] = {}
        jobs: list[OptIn] = []
        for opt_in in opt_ins:
            target = opt_in.target
            if opt_in.jobs is not None:
                jobs.append(opt_in)
            elif target is None:
                for domain in {_domain_key(glob.text) for glob in opt_in.mail_to or ()}:
                    mail.setdefault(domain, []).append(opt_in)
            elif target.network is not None:
                size = (target.network.version, target.network.prefixlen)
                numbers.setdefault(size, {}).setdefault(int(target.network.network_address), []).append(opt_in)
            else:
                (exact if target.kind == "exact" else below).setdefault(target.name, []).append(opt_in)
        self._exact = {name: Group(group) for name, group in exact.items()}
        self._below = {name: Group(group) for name, group in below.items()}
        self._mail = {name: Group(group) for name, group in mail.items()}
        self._jobs = Group(jobs)
        self._networks = [
            (size, {start: Group(group) for start, group in starts.items()})
            for size, starts in sorted(numbers.items(), reverse=True)
        ]

    def groups(self, host: str) -> Iterator[Group]:
        """Groups whose pattern means this canonical host, the most specific first."""
        if host in self._exact:
            yield self._exact[host]
        if self._below:
            for parent in parents(host):
                if parent in self._below:
                    yield self._below[parent]
        if self._networks:
            yield from self._network_groups(host)

    def job_groups(self) -> Iterator[Group]:
        """Those that name jobs: few, and equally specific."""
        yield self._jobs

    @property
    def names_mail(self) -> bool:
        """Whether any opt-in is for mails."""
        return bool(self._mail)

    def mail_groups(self, effect: Effect) -> Iterator[Group]:
        """One group of opt-ins that name the domain of some recipient of a mail: others cannot match."""
        if not self._mail or not effect.recipients:
            return
        plain = (plain_address(recipient) for recipient in effect.recipients)
        domains = {address.rpartition("@")[2] for address in plain if address is not None}
        keys = {key for domain in domains for key in (domain, *parents(domain))}
        found = {opt_in.id: opt_in for key in keys for opt_in in self._named(key)}
        if found:
            yield Group(found.values())

    def _named(self, domain: str) -> tuple[OptIn, ...]:
        group = self._mail.get(domain)
        return () if group is None else group.all

    def _network_groups(self, host: str) -> Iterator[Group]:
        address = as_address(host)
        if address is None:
            return
        for (version, length), starts in self._networks:
            if version == address.version:
                shift = address.max_prefixlen - length
                group = starts.get(int(address) >> shift << shift)
                if group:
                    yield group


def parents(host: str) -> Iterator[str]:
    """`b.c` and `c` of `a.b.c`."""
    dot = host.find(".")
    while dot != -1:
        yield host[dot + 1 :]
        dot = host.find(".", dot + 1)


def _domain_key(pattern: str) -> str:
    return pattern.rpartition("@")[2].removeprefix("*.")
