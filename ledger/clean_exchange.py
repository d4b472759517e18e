"""CleanExchange: a request and our own answer to it looked over together, for nearly always nothing is found in them.

Two looks at all that is new tell so, where each part for itself takes many. Where one of them finds anything, every
part is masked for itself (`ledger.masking`): what is let through here would come out of that unchanged. Between texts
that are looked at as one stands a line feed: it ends what a pattern may span, and is the start and the end of a word
to all of them.
"""

from collections.abc import Mapping
from typing import Any

from ledger.hidden_secrets import ENCODED_HINT
from ledger.mask_plan import SECRET, MaskPlan, may_be_link
from ledger.masked_body import begins_as_text, is_one_text
from ledger.masked_facts import SAID
from ledger.masked_head import MaskedHead
from ledger.masked_headers import Headers, octets_of
from policies.http_request import HttpRequest


def is_clean_request(request: HttpRequest, head: MaskedHead, ours: Headers, plan: MaskPlan) -> bool:
    """Whether nothing is to be removed from a request's body and new fields, nor from the fields of our answer."""
    data = request.body.data
    if data is None or (data and not (head.one_text and begins_as_text(data))):
        return False
    values = head.values(request.headers)
    kinds = plan.kinds
    for name, value in ours:
        kind = kinds.get(name)
        if kind is None:
            kind = plan.kind(name)
        if kind and (kind == SECRET or not _is_one_text(name, value)):
            return False
        values.append(value)
    fields = "\n".join(values).encode("utf-8", "surrogatepass")
    if not plan.hint.possible(b"%b\n%b" % (data, fields)) and not may_be_link(fields):
        return True
    return _is_clean_body(data, plan) and not plan.is_in_header(octets_of("\n".join(values)))


def _is_clean_body(data: bytes, plan: MaskPlan) -> bool:
    return not plan.is_in_body(data) and (b"%" not in data or ENCODED_HINT.search(data) is None)


def _is_one_text(name: str, value: str) -> bool:
    return is_one_text({name.lower(): value})


def is_clean_answer(body: bytes, facts: Mapping[str, Any], general: MaskPlan) -> bool:
    """Whether an answer of ours repeats no key, and the facts name no secret and hold no key."""
    texts = _texts(facts, general)
    if texts is None or not begins_as_text(body):
        return False
    return not general.is_key_in(b"%b\n%b" % (body, texts))


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
