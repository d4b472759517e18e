"""MaskedAnswer: what the fields of all our answers with the same names become, worked out for the first of them.

Kept in the plan of the pack that answers, by the names. What the fields say is new each time, and looked at each time.
"""

from typing import NamedTuple

from ledger.mask_plan import MaskPlan
from ledger.story import json_of

_MOST_KEPT = 256
_LONGEST_KEPT = 4096
"""Rows of names that are remembered, and the characters of one as JSON."""


class MaskedAnswer(NamedTuple):
    """Fields of an answer of ours none of which is a credential by its name, nor says that the body is coded."""

    form: str
    """All of them as JSON, with `%s` for their values."""
    content_type: int | None
    """Where among them this one is."""


def answer_of(names: tuple[str, ...], plan: MaskPlan) -> MaskedAnswer | None:
    """Of fields with these names, in this order; None where they are not to be told as they are."""
    lower = [name.lower() for name in names]
    if "content-encoding" in lower or lower.count("content-type") > 1 or any(map(plan.header, names)):
        return None
    told = [f"[{json_of(name)},".replace("%", "%%") + "%s]" for name in names]
    made = MaskedAnswer(f"[{','.join(told)}]", lower.index("content-type") if "content-type" in lower else None)
    if len(made.form) <= _LONGEST_KEPT:
        if len(plan.answers) >= _MOST_KEPT:
            plan.answers.clear()
        plan.answers[names] = made
    return made
