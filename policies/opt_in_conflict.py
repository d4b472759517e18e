"""Conflicts: opt-ins of which nobody could say, by reading them, which one was meant. Looked for at load.

Two that overlap provably and are equally specific must say the same, but for one case that reads plainly: a stricter
one that means only part of what the laxer one means is an exception to it, and wins where it applies.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from ipaddress import ip_network

from policies.glob import Glob, stems
from policies.naming import DEFAULT_PORTS
from policies.opt_in import NOT_REQUESTS, STRICTNESS, OptIn
from policies.opt_in_index import parents

Globs = tuple[Glob, ...]


def conflicts(opt_ins: Iterable[OptIn]) -> Iterator[tuple[OptIn, str]]:
    """Each opt-in that contradicts another one that stands before it, with the sentence why."""
    told = set()
    for group in _equally_specific(tuple(opt_ins)):
        for first, second in _near(group):
            if (first.id, second.id) not in told and _contradict(first, second):
                told.add((first.id, second.id))
                yield second, _sentence(first, second)


def _near(group: list[OptIn]) -> Iterator[tuple[OptIn, OptIn]]:
    """Pairs, in order, that could mean the same path: one's stem leads to the other's."""
    by_stem: dict[str, list[int]] = defaultdict(list)
    for index, opt_in in enumerate(group):
        for stem in opt_in.stems:
            by_stem[stem].append(index)
    pairs = {
        (min(index, other), max(index, other))
        for index, opt_in in enumerate(group)
        for stem in opt_in.stems
        for above in stems(stem)
        for other in by_stem.get(above, ())
        if other != index
    }
    return ((group[first], group[second]) for first, second in sorted(pairs))


def _contradict(first: OptIn, second: OptIn) -> bool:
    return _outcome(first) != _outcome(second) and _overlap(first, second) and not _is_exception(first, second)


def _equally_specific(opt_ins: tuple[OptIn, ...]) -> Iterator[list[OptIn]]:
    """Groups within which two could contradict each other. Without them, thousands would all be compared with all."""
    groups: dict[str, dict[str, OptIn]] = defaultdict(dict)
    wild = {domain for opt_in in opt_ins for domain, star in _mail_domains(opt_in) if star}
    for opt_in in opt_ins:
        if opt_in.target is not None:
            groups[f"{opt_in.target.kind}:{opt_in.target.network or opt_in.target.name}"][opt_in.id] = opt_in
        if opt_in.jobs is not None:
            groups["jobs"][opt_in.id] = opt_in
        for domain, _ in _mail_domains(opt_in):
            for key in {domain, *(parent for parent in parents(domain) if parent in wild)}:
                groups[f"mail:{key}"][opt_in.id] = opt_in
    for group in groups.values():
        if len({_outcome(opt_in) for opt_in in group.values()}) > 1:
            yield list(group.values())


def _mail_domains(opt_in: OptIn) -> Iterator[tuple[str, bool]]:
    """The domain of each recipient pattern, and whether names below it are meant."""
    for glob in opt_in.mail_to or ():
        domain = glob.text.rpartition("@")[2]
        yield domain.removeprefix("*."), domain.startswith("*.")


def _outcome(opt_in: OptIn) -> tuple[object, ...]:
    return (opt_in.do, opt_in.divert, opt_in.via, frozenset(opt_in.addresses))


def _is_exception(first: OptIn, second: OptIn) -> bool:
    """Whether the stricter one means part of what the other means, and not the other way round."""
    if STRICTNESS[first.do] == STRICTNESS[second.do]:
        return False
    strict, lax = sorted((first, second), key=lambda opt_in: STRICTNESS[opt_in.do])
    return _within(strict, lax) and not _within(lax, strict)


def _overlap(one: OptIn, other: OptIn) -> bool:
    """Whether some effect is provably meant by both."""
    a, b = one.narrowing, other.narrowing
    return (
        bool(_ports(one) & _ports(other))
        and _sets_meet(a.methods, b.methods)
        and _sets_meet(a.intents, b.intents)
        and _channels_meet(a.channels, b.channels)
        and all(_globs_meet(x, y) for x, y in _glob_pairs(one, other))
        and _networks_meet(a.sources, b.sources)
    )


def _within(one: OptIn, other: OptIn) -> bool:
    """Whether `other` provably means everything that `one` means."""
    a, b = one.narrowing, other.narrowing
    return (
        _ports(one) <= _ports(other)
        and _set_within(a.methods, b.methods)
        and _set_within(a.intents, b.intents)
        and _set_within(a.channels, b.channels)
        and all(_globs_within(x, y) for x, y in _glob_pairs(one, other))
        and _networks_within(a.sources, b.sources)
        and (other.credentials is None or one.credentials == other.credentials)
    )


def _ports(opt_in: OptIn) -> frozenset[int]:
    if opt_in.target is None:
        return frozenset({0})
    return frozenset(DEFAULT_PORTS.values()) if opt_in.target.port is None else frozenset({opt_in.target.port})


def _glob_pairs(one: OptIn, other: OptIn) -> tuple[tuple[Globs | None, Globs | None], ...]:
    a, b = one.narrowing, other.narrowing
    return (
        (a.paths, b.paths),
        (a.runs, b.runs),
        (a.recipients, b.recipients),
        (one.mail_to, other.mail_to),
        (one.jobs, other.jobs),
    )


def _sets_meet(a: Collection[str] | None, b: Collection[str] | None) -> bool:
    return a is None or b is None or bool(set(a) & set(b))


def _set_within(a: Collection[str] | None, b: Collection[str] | None) -> bool:
    return b is None or (a is not None and set(a) <= set(b))


def _channels_meet(a: frozenset[str] | None, b: frozenset[str] | None) -> bool:
    if a is None or b is None:
        named = a or b
        return named is None or bool(named - NOT_REQUESTS)
    return bool(a & b)


def _globs_meet(a: Globs | None, b: Globs | None) -> bool:
    return a is None or b is None or any(x.meets(y) for x in a for y in b)


def _globs_within(a: Globs | None, b: Globs | None) -> bool:
    return b is None or (a is not None and all(any(y.covers(x) for y in b) for x in a))


def _networks_meet(a: tuple[str, ...] | None, b: tuple[str, ...] | None) -> bool:
    return a is None or b is None or any(ip_network(x).overlaps(ip_network(y)) for x in a for y in b)


def _networks_within(a: tuple[str, ...] | None, b: tuple[str, ...] | None) -> bool:
    return b is None or (a is not None and all(any(_is_subnet(x, y) for y in b) for x in a))


def _is_subnet(inner: str, outer: str) -> bool:
    x, y = ip_network(inner), ip_network(outer)
    return x.version == y.version and x.network_address in y and x.prefixlen >= y.prefixlen


def _sentence(first: OptIn, second: OptIn) -> str:
    what = f"{second.do} here, {first.do} in {first.id} ({first.place})"
    if first.do == second.do:
        what = f"{second.do} in two ways, here and in {first.id} ({first.place})"
    return (
        f"{second.id!r} and {first.id!r} mean some of the same calls, equally specifically, and differ: {what}; "
        "narrow them until each call has one answer"
    )
