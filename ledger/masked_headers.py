"""MaskedHeaders: fields, path and query of a request without their credentials. Text is Latin-1, as on the wire."""

from typing import Any

from ledger.mask_plan import FORM_ESCAPE, MaskPlan
from ledger.secret_names import harmless, label_of, linear
from ledger.secret_patterns import Mark, key_label, without_cards, without_keys

Headers = tuple[tuple[str, str], ...]

CREDENTIALS_REMEMBERED = 1024
_ESCAPE = linear(FORM_ESCAPE)
_SCHEMES = frozenset(("basic", "bearer", "digest", "negotiate", "apikey", "token", "aws4-hmac-sha256", "vapid", "hawk"))


def masked_headers(headers: Headers, plan: MaskPlan, mark: Mark) -> Headers:
    """The same fields in the same order; a credential's keeps its scheme."""
    label_for = plan.header
    shown = []
    rest = []
    for name, value in headers:
        label = label_for(name)
        if label is None:
            rest.append(value)
            shown.append((name, value))
        else:
            shown.append((name, plan.credentials.get((label, value)) or _remembered(value, label, plan, mark)))
    if plan.any_in_header.search(_octets("\n".join(rest))) is not None:
        return tuple([(name, value if plan.header(name) else _without(value, plan, mark)) for name, value in shown])
    return tuple(shown)


def _remembered(value: str, label: str, plan: MaskPlan, mark: Mark) -> str:
    shown = _credential(value, label, mark)
    if len(plan.credentials) >= CREDENTIALS_REMEMBERED:
        plan.credentials.clear()
    if len(value) <= 1024:
        plan.credentials[label, value] = shown
    return shown


def _credential(value: str, label: str, mark: Mark) -> str:
    if not value:
        return value
    scheme, space, rest = value.partition(" ")
    if not space or scheme.lower() not in _SCHEMES or not rest:
        scheme, space, rest = "", "", value
    secret = _octets(rest)
    return scheme + space + mark(key_label(secret) or _scheme_label(scheme, label), secret).decode("latin-1")


def _scheme_label(scheme: str, label: str) -> str:
    return f"{scheme.lower()}_credential" if label == "authorization" and scheme.isalnum() else label


def _without(value: str, plan: MaskPlan, mark: Mark) -> str:
    """A header that is no credential, without those within it, such as a link's parameters."""
    text = plan.link.sub(_Parameter(plan, mark), _octets(value))
    text, _ = without_keys(text, mark)
    text, _ = without_cards(text, mark)
    return str(text, "latin-1")


def masked_path(path: str, plan: MaskPlan, mark: Mark) -> str:
    """The path without credentials that packs say it holds, and without keys known by their shape."""
    octets = _octets(path)
    for pattern, label in plan.paths:
        match = pattern.search(octets)
        if match is not None and match.groups() and match.group(1):
            start, end = match.span(1)
            octets = octets[:start] + mark(label, octets[start:end]) + octets[end:]
    if plan.any_key.search(octets) is not None:
        octets, _ = without_keys(octets, mark)
        octets, _ = without_cards(octets, mark)
    return str(octets, "latin-1")


def masked_query(query: str, plan: MaskPlan, mark: Mark) -> str:
    """The query without credentials: presigned signatures, codes, keys by name or shape."""
    if not query:
        return query
    octets = bytes(plan.query.sub(_Parameter(plan, mark), unescaped(_octets(query))))
    octets, _ = without_keys(octets, mark)
    octets, _ = without_cards(octets, mark)
    return str(octets, "latin-1")


def unescaped(query: bytes) -> bytes:
    """Letters and digits as themselves, so that no name hides in an escape."""
    return query if b"%" not in query else bytes(_ESCAPE.sub(_character, query))


def _character(match: Any) -> bytes:
    return bytes([int(match.group(0)[1:], 16)])


class _Parameter:
    """Replaces one parameter's value, the last group of the match."""

    def __init__(self, plan: MaskPlan, mark: Mark) -> None:
        self._plan = plan
        self._mark = mark

    def __call__(self, match: Any) -> bytes:
        whole, name, secret = match.group(0), match.group(1).strip(b"?&="), match.group(2)
        if not secret or harmless(name):
            return bytes(whole)
        label = key_label(secret) or self._plan.labels.get(name) or label_of(name)
        return bytes(whole[: len(whole) - len(secret)]) + self._mark(label, secret)


def _octets(text: str) -> bytes:
    """Headers come as Latin-1; whatever else somebody made of them is masked as UTF-8 rather than not at all."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
