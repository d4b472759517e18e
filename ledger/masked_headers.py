"""MaskedHeaders: fields, path and query of a request without their credentials. Text is Latin-1, as on the wire."""

from typing import Any

from ledger.hidden_secrets import WITHIN
from ledger.mask_plan import FORM_ESCAPE, MaskPlan
from ledger.masked_text import masked_text
from ledger.secret_names import SUBPROTOCOL, harmless, label_of, linear
from ledger.secret_patterns import Mark, key_label, without_keys

Headers = tuple[tuple[str, str], ...]

FIELDS_REMEMBERED = 2048
LONGEST_REMEMBERED = 1024
"""Octets of a field's value or a path: a client's fields come with each of its requests, its long ones seldom do."""
_ESCAPE = linear(FORM_ESCAPE)
_SEGMENT = linear(rb"(?i)(/(token|secret|api[-_]?key|access[-_]?key|auth)/)([^/?;]{12,})")
"""What webhooks and links in mails put into a path."""
_IN_PATH = linear(rb"=|" + WITHIN + rb"|(?i:/(?:token|secret|api[-_]?key|access[-_]?key|auth)/)")
_TOKEN = linear(
    rb"(?i)((?:^|[,\s])(?:(?:[\w-]+[-_.])?(?:bearer|jwt|token|authorization|auth|api[-_]?key))(?:\s*,\s*|\.))([^,\s]+)"
)
_USER_INFO = linear(rb"^([^\s/@]+:[^\s/@]+)@")
"""Before a name, as nobody but an attacker puts it into Host."""
_SCHEMES = frozenset(("basic", "bearer", "digest", "negotiate", "apikey", "token", "aws4-hmac-sha256", "vapid", "hawk"))


def masked_headers(headers: Headers, plan: MaskPlan, mark: Mark) -> Headers:
    """The same fields in the same order; a credential's keeps its scheme."""
    known = plan.fields
    return tuple([known.get(field) or _field(field, plan, mark) for field in headers])


def own_headers(headers: Headers, plan: MaskPlan, mark: Mark) -> Headers:
    """The same of an answer made up here, whose values are new each time: one search over all of them.

    A line feed ends what a pattern may span, and is the start and the end of a word to all of them.
    """
    if any(plan.header(name) is not None for name, _ in headers):
        return masked_headers(headers, plan, mark)
    values = "\n".join([value for _, value in headers])
    if plan.is_in_header(octets_of(values)):
        return masked_headers(headers, plan, mark)
    return headers


def _field(field: tuple[str, str], plan: MaskPlan, mark: Mark) -> tuple[str, str]:
    """One field that was not met lately."""
    name, value = field
    label = plan.header(name)
    if label is not None:
        shown = (name, _credential(value, label, mark))
    elif plan.is_in_header(octets_of(value)):
        shown = (name, _without(value, plan, mark))
    else:
        shown = field
    remember(field, shown, plan)
    return shown


def remember(field: tuple[str, str], shown: tuple[str, str], plan: MaskPlan) -> None:
    """What a field becomes, for the next request that brings it."""
    if len(field[1]) <= LONGEST_REMEMBERED:
        if len(plan.fields) >= FIELDS_REMEMBERED:
            plan.fields.clear()
        plan.fields[field] = shown


def noted_in(headers: Headers, path: str, plan: MaskPlan, mark: Mark) -> tuple[tuple[str, bytes], ...]:
    """Label and octets of all that is removed from them: what is remembered of fields and paths does not say it."""
    removed: list[tuple[str, bytes]] = []

    def noting(label: str, secret: bytes) -> bytes:
        removed.append((label, secret))
        return mark(label, secret)

    for field in headers:
        if plan.fields.get(field) != field:
            _field(field, plan, noting)
    _path(path, plan, noting)
    return tuple(removed)


def _credential(value: str, label: str, mark: Mark) -> str:
    if not value:
        return value
    if label == SUBPROTOCOL:
        return _without_token(value, mark)
    scheme, space, rest = value.partition(" ")
    if not space or scheme.lower() not in _SCHEMES or not rest:
        scheme, space, rest = "", "", value
    secret = octets_of(rest)
    return scheme + space + mark(key_label(secret) or _scheme_label(scheme, label), secret).decode("latin-1")


def _without_token(protocols: str, mark: Mark) -> str:
    """A list of a socket's protocols, without the token that follows a word for one, as its own item or as a part."""
    shown = _TOKEN.sub(lambda match: match.group(1) + mark(SUBPROTOCOL, match.group(2)), octets_of(protocols))
    return str(without_keys(bytes(shown), mark)[0], "latin-1")


def _scheme_label(scheme: str, label: str) -> str:
    return f"{scheme.lower()}_credential" if label == "authorization" and scheme.isalnum() else label


def _without(value: str, plan: MaskPlan, mark: Mark) -> str:
    """A header that is no credential, without those within it, such as a link's parameters."""
    text = plan.link.sub(_Parameter(plan, mark), octets_of(value))
    text = _USER_INFO.sub(lambda match: mark("url_password", match.group(1)) + b"@", bytes(text))
    return str(masked_text(bytes(text), plan, mark).text, "latin-1")


def masked_path(path: str, plan: MaskPlan, mark: Mark) -> str:
    """The path without credentials that packs say it holds, and without keys known by their shape."""
    shown = plan.masked_paths.get(path)
    if shown is None:
        shown = _path(path, plan, mark)
        if len(path) <= LONGEST_REMEMBERED:
            if len(plan.masked_paths) >= FIELDS_REMEMBERED:
                plan.masked_paths.clear()
            plan.masked_paths[path] = shown
    return shown


def _path(path: str, plan: MaskPlan, mark: Mark) -> str:
    octets = octets_of(path)
    for pattern, label in plan.paths:
        match = pattern.search(octets)
        if match is not None and match.groups() and match.group(1):
            start, end = match.span(1)
            octets = octets[:start] + mark(label, octets[start:end]) + octets[end:]
    if _may_hold(octets, plan) and (_IN_PATH.search(octets) is not None or plan.any_key.search(octets) is not None):
        octets = _SEGMENT.sub(lambda match: match.group(1) + mark(label_of(match.group(2)), match.group(3)), octets)
        octets = masked_text(bytes(octets), plan, mark).text
    return str(octets, "latin-1")


def _may_hold(path: bytes, plan: MaskPlan) -> bool:
    """Whether `_IN_PATH` or a key may be found in a path."""
    return plan.is_hint_in(path) or b"=" in path or b"/auth/" in path.lower()


def masked_query(query: str, plan: MaskPlan, mark: Mark) -> str:
    """The query without credentials: presigned signatures, codes, keys by name or shape."""
    if not query:
        return query
    octets = bytes(plan.query.sub(_Parameter(plan, mark), unescaped(octets_of(query))))
    return str(masked_text(octets, plan, mark).text, "latin-1")


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


def octets_of(text: str) -> bytes:
    """Headers come as Latin-1; whatever else somebody made of them is masked as UTF-8 rather than not at all."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
