"""CleanExchange: a request and our own answer to it looked over together, for nearly always nothing is found in them.

Three searches over all that is new tell so, where each part for itself takes twice as many. Where one of them finds
anything, every part is masked for itself (`ledger.masking`): what is let through here would come out of that unchanged.
Between texts that are searched as one stands a line feed: it ends what a pattern may span, and is the start and the end
of a word to all of them.
"""

from collections.abc import Mapping
from typing import Any

from ledger.hidden_secrets import ENCODED_HINT
from ledger.mask_plan import MaskPlan
from ledger.masked_body import is_one_text
from ledger.masked_facts import SAID
from ledger.masked_headers import Headers, masked_headers, octets_of, remember
from ledger.secret_patterns import Mark


def clean_fields(headers: Headers, ours: Headers, plan: MaskPlan, mark: Mark) -> Headers | None:
    """The request's fields, masked; None where a value that was not met lately, or one of ours, may hold a secret."""
    met = plan.fields
    new = [field for field in headers if field not in met and plan.header(field[0]) is None]
    values = [value for _, value in new]
    for name, value in ours:
        if plan.header(name) is not None:
            return None
        values.append(value)
    if values and plan.any_in_header.search(octets_of("\n".join(values))) is not None:
        return None
    for field in new:
        remember(field, field, plan)
    return masked_headers(headers, plan, mark)


def is_clean_body(data: bytes, described: Mapping[str, str], plan: MaskPlan) -> bool:
    """Whether a request's body is one text with nothing in it to remove or to flag."""
    if not is_one_text(data, described) or plan.any_in_body.search(data) is not None:
        return False
    return b"%" not in data or ENCODED_HINT.search(data) is None


def is_clean_answer(
    body: bytes, described: Mapping[str, str], facts: Mapping[str, Any], plan: MaskPlan, general: MaskPlan
) -> bool:
    """Whether an answer of ours repeats no key, and the facts name no secret and hold no key."""
    texts = _texts(facts, general)
    if texts is None or not is_one_text(body, described):
        return False
    return plan.any_key.search(b"%b\n%b" % (body, texts)) is None


def _texts(facts: Mapping[str, Any], plan: MaskPlan) -> bytes | None:
    """All texts of the facts; None where a name or something nested has to be looked at for itself."""
    texts = []
    for name, value in facts.items():
        if isinstance(value, str):
            if value and name not in SAID and plan.fact(name) is not None:
                return None
            texts.append(value)
        elif value is not None and not isinstance(value, (int, float)) and name not in SAID:
            return None
    return "\n".join(texts).encode("utf-8", "surrogatepass")
