"""What is wrong with a policy file, and where: every complaint has one form."""

from dataclasses import dataclass

from policies.yaml_lines import Place


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right."""

    file: str
    line: int
    field: str
    """`opt_in[2].paths[0]`; empty for the file as a whole."""
    what: str
    """What is wrong, with the value; what would be right."""

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        return f"{self.file}:{self.line}: {field}{self.what}"


class PolicyError(Exception):
    """The policy's author must act: nothing of the files is in force. Its text has one line a problem."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def field_of(place: Place) -> str:
    """`opt_in[2].paths[0]`."""
    shown = ""
    for step in place:
        shown += f"[{step}]" if isinstance(step, int) else f".{step}" if shown else step
    return shown
