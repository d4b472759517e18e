"""One-time codes in what a mail says. Rather none than a wrong one: QA copies what stands here."""

from itertools import islice

import re2

CODES = 20
CHARACTERS = 100_000
"""Of a text that are looked at."""
CANDIDATES = 2000
WINDOW = 160
"""Characters before a code in which its word is looked for, where the code has a line to itself."""
GAP = 45
"""The same within a sentence."""

_CANDIDATE = re2.compile(r"\b(?:G-)?(\d{3}[ -]\d{3}|\d{4,8}|[A-Z0-9]{4}-[A-Z0-9]{4}|[A-Z0-9]{4,8})\b")
_WORD = (
    r"\b(?:pass)?codes?\b|\botp\b|\bpin\b|\btan\b|\b2fa\b|\bone[- ]time password\b|\beinmalpasswort\b"
    r"|\b(?:best.{1,2}tigungs|sicherheits|einmal|anmelde|login|verifizierungs)-?code\b"
    r"|\bc(?:\x{f3}|o)digo\b|\bcodice\b|\bkod\b"
)
_KEYWORD = re2.compile(r"(?i)" + _WORD)
_OTHER_CODES = re2.compile(
    r"(?i)\b(?:zip|postal|post|promo|promotion(?:al)?|discount|coupon|voucher|gift|referral|invite|country|area|"
    r"diall?ing|error|status|exit|source|bar|qr|dress|tax|product|sort|swift|bank|item|colou?r|http|response|reason|"
    r"order|booking|offer|sale|invitation|partner|campaign|currency|airport|party|legal|building|of)[\s-]+$"
)
_AFTER_WORD = re2.compile(
    r"""(?i)^(?:[^\d.!?\n]{0,40}(?:\b(?:is|are|ist|lautet|es|est)\b|\x{e8}\s|:)|\s*[=\x{2013}\x{2014}-])?[\s:"'*_(\x{201c}]*$"""
)
_LEADS_ON = re2.compile(r"(?i)^[\s*_]*(?:is|as|ist|est|es|\x{e8})\b[^.!?\n\d]*$")
_NUMBER_BEFORE = re2.compile(
    r"(?:[\w@#$\x{20ac}\x{a3}\x{a5}+/.,:=&?-]|\b(?:EUR|USD|GBP|CHF|No\.?|Nr\.?|order|invoice) ?)$"
)
_NUMBER_AFTER = re2.compile(
    r"^(?:[\w@/%=&\x{20ac}$]|[.,:-]\d| ?(?:EUR|USD|GBP|CHF|\x{20ac}|%|minutes|min|hours|days)\b)"
)


def codes_of(text: str) -> tuple[str, ...]:
    """Codes to type, without the space or dash they are shown with, each once, in order."""
    found: dict[str, None] = {}
    for match in islice(_CANDIDATE.finditer(text[:CHARACTERS]), CANDIDATES):
        shown = match.group(1)
        if not any(character.isdigit() for character in shown):
            continue
        before, after = text[max(0, match.start() - WINDOW) : match.start()], text[match.end() : match.end() + WINDOW]
        if _is_code(shown, before, after):
            found[shown[:3] + shown[4:] if shown[3:4] in (" ", "-") else shown] = None
        if len(found) >= CODES:
            break
    return tuple(found)


def _is_code(shown: str, before: str, after: str) -> bool:
    line_before, line_after = before.rpartition("\n")[2], after.partition("\n")[0]
    if not line_before.strip(" \t*_>") and not line_after.strip(" \t*_"):
        return _speaks_of_code(before, whole=True)
    tight = line_before.rstrip(" *_")
    if _NUMBER_BEFORE.search(line_before[-12:]) or _NUMBER_AFTER.search(line_after):
        return False
    return _speaks_of_code(tight[-GAP - 20 :], whole=False) or _named_after(line_after[: GAP + 20])


def _speaks_of_code(before: str, *, whole: bool) -> bool:
    """Whether the last code word before it means a one-time code and leads on to it."""
    last = None
    for last in _KEYWORD.finditer(before):  # noqa: B007 - the last one is wanted
        pass
    if last is None or _OTHER_CODES.search(before[: last.start()]):
        return False
    gap = before[last.end() :]
    return not _CANDIDATE_DIGITS.search(gap) if whole else len(gap) <= GAP and bool(_AFTER_WORD.search(gap))


def _named_after(after: str) -> bool:
    """`123456 is your verification code`."""
    first = _KEYWORD.search(after)
    if first is None or _OTHER_CODES.search(after[: first.start()]):
        return False
    return bool(_LEADS_ON.search(after[: first.start()]))


_CANDIDATE_DIGITS = re2.compile(r"\d{4}")
