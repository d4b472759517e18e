"""Expectation files: read whole, or refused whole with file, line, field and what would be right."""

from policies.expectation import Expectations, Settle
from policies.expectation_names import Names
from policies.expectation_row import Kind, Row
from policies.expectation_row_file import read_duration, read_row
from policies.policy_file_section import Section, SourceFile
from policies.policy_problem import Problem
from policies.yaml_lines import Document, YamlTrouble, parse

KEYS = ("version", "real_side_effects", "unattributed", "contained", "expect", "never", "others", "settle")
LARGEST = 256 * 1024
"""Characters; what carries it to the API may be four times as long."""
MOST_ROWS = 1000
LONGEST_SETTLE = 120.0


class ExpectationError(Exception):
    """The author of the expectations must act: none of them was judged. Its text has one line a problem."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def read_expectations(text: str, name: str = "expectations", known: Names | None = None) -> Expectations:
    """What a file's text says. Raises ExpectationError with every problem in it.

    `known`: the names of the packs in use; without them any provider, operation or fact may be named.
    """
    file = _parsed(text, name)
    root = file.section(file.document.data, ()) if not file.problems else None
    if root is None:
        raise ExpectationError(tuple(file.problems))
    root.only(KEYS)
    root.of_version_1()
    names: dict[str, int] = {}
    expectations = Expectations(
        file=name,
        expect=_rows(root, "expect", names, known),
        never=_rows(root, "never", names, known),
        real=_real(root),
        unattributed=root.choice("unattributed", ("inconclusive", "fail"), "inconclusive") or "inconclusive",
        contained=root.choice("contained", ("required", "optional"), "required") or "required",
        others=root.choice("others", ("fail", "allow"), "fail") or "fail",
        settle=_settle(root),
        line=file.document.line(("real_side_effects",)),
    )
    if file.problems:
        raise ExpectationError(tuple(sorted(file.problems, key=lambda problem: problem.line)))
    return expectations


def _parsed(text: str, name: str) -> SourceFile:
    if len(text) > LARGEST:
        what = f"the file is larger than {LARGEST} characters"
        return SourceFile(name, Document(None), [Problem(name, 1, "", what)])
    try:
        return SourceFile(name, parse(text))
    except YamlTrouble as trouble:
        return SourceFile(name, Document(None), [Problem(name, trouble.line, "", trouble.what)])


def _rows(root: Section, kind: Kind, names: dict[str, int], known: Names | None) -> tuple[Row, ...]:
    sections = list(root.sections(kind))
    if len(sections) > MOST_ROWS:
        root.complain(kind, f"{len(sections)} rows are more than {MOST_ROWS}; write several files")
        return ()
    for section in sections:
        _refuse_doubled_name(section, names)
    read = (read_row(section, kind, known) for section in sections)
    return tuple(row for row in read if row is not None)


def _real(root: Section) -> frozenset[str]:
    written = root.data.get("real_side_effects")
    if written is None or written == "none":
        return frozenset()
    if not isinstance(written, dict):
        root.complain("real_side_effects", f"{written!r:.80} is not known; write none, or {{only: [ids of opt-ins]}}")
        return frozenset()
    section = root.inner("real_side_effects")
    section.only(("only",))
    if "only" not in section:
        section.complain(None, "'only' is missing; name the ids of the opt-ins by which something may leave")
    return frozenset(section.several("only", _opt_in_id) or ())


def _opt_in_id(written: object) -> str:
    if not isinstance(written, str) or not written.strip():
        raise ValueError(f"{written!r:.80} is no id of an opt-in; write one such as stripe-sandbox")
    return written.strip()


def _settle(root: Section) -> Settle:
    section, usual = root.inner("settle"), Settle()
    section.only(("quiet", "at_most"))
    quiet = read_duration(section, "quiet", longest=LONGEST_SETTLE)
    at_most = read_duration(section, "at_most", longest=LONGEST_SETTLE)
    made = Settle(usual.quiet if quiet is None else quiet, usual.at_most if at_most is None else at_most)
    if made.quiet > made.at_most:
        section.complain(
            "quiet", f"to be quiet for {made.quiet:g}s takes longer than at_most, {made.at_most:g}s; write less"
        )
    return made


def _refuse_doubled_name(section: Section, names: dict[str, int]) -> None:
    """Reports tell rows apart by their names. Of rows without one, whatever is the same expects the same."""
    name, line = section.data.get("name"), section.file.document.line(section.at)
    if isinstance(name, str) and names.setdefault(name, line) != line:
        section.complain("name", f"{name!r:.80} names the row in line {names[name]} too; write one of its own")
