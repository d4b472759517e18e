"""CleanExchange: a request and our own answer to it looked over together, for nearly always nothing is found in them.

Two looks at all that is new tell so, where each part for itself takes many. Where one of them finds anything, every
part is masked for itself (`ledger.masking`): what is let through here would come out of that unchanged. Between texts
that are looked at as one stands a line feed: it ends what a pattern may span, and is the start and the end of a word
to all of them.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ledger.hidden_secrets import ENCODED_HINT
from ledger.mask_plan import SECRET, MaskPlan, may_be_link
from ledger.masked_body import begins_as_text, is_one_text
from ledger.masked_facts import SAID
from ledger.masked_head import MaskedHead
from ledger.masked_headers import Headers, octets_of
from ledger.secret_hints import KEY_HINT
from policies.http_request import HttpRequest


def is_clean(
    request: HttpRequest, head: MaskedHead, ours: Headers, answer: bytes, texts: list[str], plan: MaskPlan
) -> bool:
    """Whether nothing is to be removed from a request's body and new fields, nor from the fields of our answer, and
    neither the answer nor the `texts` of its facts repeat a key."""
    data = request.body.data
    if data is None or (data and not (head.one_text and begins_as_text(data))) or not begins_as_text(answer):
        return False
    values = _values(ours, head.values(request.headers), plan)
    if values is None:
        return False
    fields = "\n".join(values).encode("utf-8", "surrogatepass")
    asked = b"%b\n%b" % (data, fields)
    told = b"%b\n%b" % (answer, "\n".join(texts).encode("utf-8", "surrogatepass"))
    if not (plan.name_hint.possible(asked) or KEY_HINT.possible(b"%b\n%b" % (asked, told)) or may_be_link(fields)):
        return True
    return (
        _is_clean_body(data, plan) and not plan.is_in_header(octets_of("\n".join(values))) and not plan.is_key_in(told)
    )


def _values(ours: Headers, values: list[str], plan: MaskPlan) -> list[str] | None:
    """The values given with those of our fields; None where one of ours is a credential, or says of the answer that it
    is not to be looked at as it stands."""
    kinds = plan.kinds
    for name, value in ours:
        kind = kinds.get(name)
        if kind is None:
            kind = plan.kind(name)
        if kind and (kind == SECRET or not _says_one_text(name, value)):
            return None
        values.append(value)
    return values


@lru_cache(256)
def _says_one_text(name: str, value: str) -> bool:
    return is_one_text({name.lower(): value})


def texts_of(facts: Mapping[str, Any], general: MaskPlan) -> list[str] | None:
    """All texts of the facts; None where a name or something nested has to be looked at for itself."""
    texts, known = [], general.open_facts
    for name, value in facts.items():
        if isinstance(value, str):
            if value and name not in known and name not in SAID and general.fact(name) is not None:
                return None
            texts.append(value)
        elif value is not None and not isinstance(value, (int, float)) and name not in SAID:
            return None
    return texts


def _is_clean_body(data: bytes, plan: MaskPlan) -> bool:
    return not plan.is_in_body(data) and (b"%" not in data or ENCODED_HINT.search(data) is None)
