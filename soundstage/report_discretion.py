"""Discretion: a result as it may be shown in public logs: whose mail or number it was is nobody's business there.

Secrets never come this far. What is masked here is personal: the local part of addresses, telephone numbers, and in
what messages say also codes and the tails of links. Names that are reserved for examples are nobody's, and stay.
"""

import re
from dataclasses import replace

from policies.verification_result import Closest, Difference, Result, RowResult

_ADDRESS = re.compile(r"([^\s@,;:<>()\[\]\"']{1,100})@([A-Za-z0-9.-]{1,255})")
_NUMBER = re.compile(r"\+[0-9](?:[ .()-]?[0-9]){6,14}")
_EXAMPLE = re.compile(r"(?:^|\.)(?:test|example|invalid|localhost|example\.(?:com|net|org))\.?\Z", re.IGNORECASE)
_EXAMPLE_NUMBER = re.compile(r"\+1[2-9][0-9]{2}55501[0-9]{2}\Z|\+1500555[0-9]{4}\Z")
"""Numbers kept for fiction (NANP 555-0100 to 555-0199), and those of Twilio's test credentials."""
_CODE = re.compile(r"[0-9]{4,}")
_TOKEN = re.compile(r"(?<=[/=])[A-Za-z0-9_~-]{12,}")
_QUERY = re.compile(r"(https?://[^\s?#\"]*)[?#][^\s\"]*")
_SAYS = frozenset({"subject", "text", "html", "code", "link", "body"})
"""Fields that hold what a message says to its reader."""
_QUOTED = re.compile(r'"[^"]*"')


def discreet(result: Result) -> Result:
    """The same result with what is personal masked."""
    return replace(
        result,
        reasons=tuple(masked(reason) for reason in result.reasons),
        rows=tuple(_row(row) for row in result.rows),
    )


def masked(text: str) -> str:
    """`ann@customer.com` as `a***@customer.com`, `+4915112345678` as `+49***78`; examples as they are."""
    return _NUMBER.sub(_number, _ADDRESS.sub(_address, text))


def _row(row: RowResult) -> RowResult:
    return replace(row, reason=masked(row.reason), closest=tuple(_closest(one) for one in row.closest))


def _closest(one: Closest) -> Closest:
    summary = _QUOTED.sub(lambda quoted: _said(quoted.group()), masked(one.summary))
    return replace(one, summary=summary, differs=tuple(_difference(differs) for differs in one.differs))


def _difference(differs: Difference) -> Difference:
    if differs.actual is None:
        return differs
    actual = masked(differs.actual)
    says = differs.field in _SAYS or differs.field.startswith(("json", "form", "query", "headers"))
    return replace(differs, actual=_said(actual) if says else actual)


def _said(text: str) -> str:
    """Codes and one-time links let somebody in."""
    return _CODE.sub("****", _TOKEN.sub("***", _QUERY.sub(r"\1?***", text)))


def _address(found: re.Match[str]) -> str:
    local, domain = found.groups()
    return found.group() if _EXAMPLE.search(domain) else f"{local[0]}***@{domain}"


def _number(found: re.Match[str]) -> str:
    plain = re.sub(r"[^+0-9]", "", found.group())
    return found.group() if _EXAMPLE_NUMBER.match(plain) else f"{plain[:3]}***{plain[-2:]}"
