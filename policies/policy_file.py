"""Policy files: read whole, proved by their own examples, or refused whole. What the rules mean lives in policy.py."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import get_args

from pydantic import ValidationError

from policies.default_policy import Default, Defaults
from policies.describe import describe as describe_seen
from policies.effect import Effect
from policies.never import Never, Socket
from policies.opt_in import OptIn
from policies.opt_in_conflict import conflicts
from policies.pack import Packs
from policies.policy import Policy
from policies.policy_example import Described, Describer, read_example
from policies.policy_file_opt_in import read_opt_in
from policies.policy_file_section import Section, SourceFile
from policies.policy_problem import PolicyError, Problem
from policies.yaml_lines import Document, YamlTrouble, parse

__all__ = ["PolicyError", "load_policy"]
KEYS = ("version", "environment", "defaults", "opt_in", "examples")
LARGEST = 32 * 1024 * 1024
_DEFAULTS: tuple[Default, ...] = get_args(Default)


def load_policy(
    paths: Sequence[Path],
    *,
    packs: Packs | None = None,
    own_sockets: Sequence[Socket] = (),
    now: datetime,
    describe: Describer | None = None,
) -> Policy:
    """The policy that files make together, whatever their order; without a file, the one under which nothing leaves.

    `packs` tell what the calls of examples are (the built-in ones by default). `now` must be aware. Raises PolicyError
    with every problem of every file, and then nothing of any of them is in force.
    """
    files = [_read(path) for path in paths]
    roots = [file.section(file.document.data, ()) for file in files if not file.problems]
    opt_ins = _read_opt_ins(roots, now)
    if describe is None or packs is not None:
        _warn_of_unknown_credentials(opt_ins, packs)
    policy = Policy(
        opt_ins=tuple(opt_in for opt_in, _ in opt_ins),
        defaults=_merged_defaults(roots),
        environment=_environment(roots),
        sources=tuple(file.name for file in files),
        warnings=tuple(warning for file in files for warning in file.warnings),
        own_sockets=tuple(own_sockets),
    )
    _check_targets(opt_ins, Never(own_sockets))
    _check_conflicts(opt_ins)
    _raise_problems(files)
    _check_examples(roots, policy, describe or _describer(packs))
    _raise_problems(files)
    return policy


def _read(path: Path) -> SourceFile:
    name = str(path)
    try:
        if path.stat().st_size > LARGEST:
            return _unreadable(name, 1, f"the file is larger than {LARGEST} octets")
        return SourceFile(name, parse(path.read_text("utf-8")))
    except OSError as error:
        return _unreadable(name, 1, f"the file cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        return _unreadable(name, 1, f"the file is not UTF-8 from octet {error.start} on")
    except YamlTrouble as trouble:
        return _unreadable(name, trouble.line, trouble.what)


def _unreadable(name: str, line: int, what: str) -> SourceFile:
    return SourceFile(name, Document(None), [Problem(name, line, "", what)])


def _read_opt_ins(roots: list[Section], now: datetime) -> list[tuple[OptIn, Section]]:
    found: dict[str, tuple[OptIn, Section]] = {}
    for root in roots:
        root.only(KEYS)
        root.of_version_1()
        for section in root.sections("opt_in"):
            opt_in = read_opt_in(section, now)
            if opt_in is None:
                continue
            if opt_in.id in found:
                first = found[opt_in.id][0].place
                section.complain("id", f"{opt_in.id!r} is the id of another opt-in ({first}); write one of its own")
                continue
            found[opt_in.id] = (opt_in, section)
            if not opt_in.in_force(now):
                root.file.warnings.append(
                    f"{opt_in.place}: opt-in {opt_in.id} expired at {opt_in.until} and opens nothing"
                )
    return list(found.values())


def _warn_of_unknown_credentials(opt_ins: list[tuple[OptIn, Section]], packs: Packs | None) -> None:
    for opt_in, section in opt_ins:
        exact = opt_in.target is not None and opt_in.target.kind == "exact"
        if opt_in.credentials is None or opt_in.target is None or not exact:
            continue
        if not (packs if packs is not None else Packs.built_in()).knows(opt_in.target.name):
            section.file.warnings.append(
                f"{opt_in.place}: opt-in {opt_in.id} lets nothing pass: no pack tells a test credential "
                f"of {opt_in.target.name} from a live one"
            )


def _merged_defaults(roots: list[Section]) -> Defaults:
    """Files may set different defaults, and the same one alike."""
    flat: dict[str, Default] = {}
    for root in roots:
        section = root.inner("defaults")
        section.only(tuple(Defaults.model_fields))
        section.filled()
        for key in section.data:
            inner, names = (
                (section.inner("web", "write {write: capture, read: deny}"), ("write", "read"))
                if key == "web"
                else (section, (key,))
            )
            if key == "web":
                inner.only(names)
                inner.filled()
            for name in names:
                _merge_default(flat, inner, name, f"web.{name}" if key == "web" else name)
    web = {name: flat.pop(f"web.{name}") for name in ("write", "read") if f"web.{name}" in flat}
    try:
        return Defaults.model_validate({**flat, "web": web})
    except ValidationError:
        return Defaults()  # an unknown channel, which is a problem of its file by now


def _merge_default(flat: dict[str, Default], section: Section, name: str, key: str) -> None:
    value = section.choice(name, _DEFAULTS)
    if value is None:
        return
    if flat.setdefault(key, value) != value:
        section.complain(
            name, f"{value!r} contradicts another file, which says {flat[key]!r}; write it in one file only"
        )


def _environment(roots: list[Section]) -> str | None:
    name: str | None = None
    for root in roots:
        said = root.text("environment", "name the environment, such as staging-eu", required=False, longest=100)
        if said is not None and name is not None and said != name:
            root.complain(
                "environment", f"{said!r} contradicts another file, which says {name!r}; write it in one file only"
            )
        name = name or said
    return name


def _check_targets(opt_ins: list[tuple[OptIn, Section]], never: Never) -> None:
    for opt_in, section in opt_ins:
        for key in ("divert", "via"):
            url = getattr(opt_in, key)
            refused = None if url is None else never.refusal_of_url(url)
            if refused is not None:
                section.complain(key, f"{refused.reason}; name another host or port")


def _check_conflicts(opt_ins: list[tuple[OptIn, Section]]) -> None:
    sections = {opt_in.id: section for opt_in, section in opt_ins}
    for opt_in, sentence in conflicts(opt_in for opt_in, _ in opt_ins):
        sections[opt_in.id].complain(_key_of(opt_in), sentence)


def _key_of(opt_in: OptIn) -> str:
    """Under which key it says what it means."""
    return "to" if opt_in.target else "schedule" if opt_in.jobs else "email"


def _check_examples(roots: list[Section], policy: Policy, describe: Describer) -> None:
    for root in roots:
        for section in root.sections("examples"):
            example = read_example(section, describe)
            fault = None if example is None else example.fault(policy)
            if fault is not None:
                section.complain(None, fault)


def _describer(packs: Packs | None) -> Describer:
    def describer(seen: Described, run: str) -> Effect:
        effect, _ = describe_seen(seen, packs if packs is not None else Packs.built_in(), run=run)
        return effect

    return describer


def _raise_problems(files: list[SourceFile]) -> None:
    problems = sorted((problem for file in files for problem in file.problems), key=lambda p: (p.file, p.line))
    if problems:
        raise PolicyError(tuple(problems))
