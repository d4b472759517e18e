"""Texts of packs with `${expressions}` in them, taken apart."""

from policies.expression_operators import ExpressionError


def split_text(source: str) -> list[tuple[bool, str]]:
    """`"a ${b} c"` as `[(False, "a "), (True, "b"), (False, " c")]`. Braces inside an expression may nest."""
    parts: list[tuple[bool, str]] = []
    at = 0
    while (start := source.find("${", at)) >= 0:
        end = _closing(source, start + 2)
        if start > at:
            parts.append((False, source[at:start]))
        parts.append((True, source[start + 2 : end]))
        at = end + 1
    if at < len(source) or not parts:
        parts.append((False, source[at:]))
    return parts


def _closing(source: str, at: int) -> int:
    depth, quote = 0, ""
    for index in range(at, len(source)):
        letter = source[index]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == "{":
            depth += 1
        elif letter == "}":
            if depth == 0:
                return index
            depth -= 1
    raise ExpressionError(f"the ${{ in {source!r} is not closed")
