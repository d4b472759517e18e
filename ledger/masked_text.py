"""MaskedText: one text without its secrets, be it JSON, form, XML or plain. All else stays octet for octet."""

import json
import re
from typing import Any, Literal, NamedTuple

from ledger.binary_fields import is_bson, without_binary_fields
from ledger.binary_keys import is_binary, without_binary_keys
from ledger.hidden_secrets import DEEPEST, ENCODED_HINT, without_encoded, without_hidden
from ledger.mask_plan import FORM_ESCAPE, XML_TEXT, MaskPlan
from ledger.packed_text import without_packed
from ledger.secret_names import MESSAGE_HARMLESS, harmless, label_of, linear
from ledger.secret_patterns import Mark, is_live, key_label, without_cards, without_keys
from ledger.spelt_signs import plain_sign
from policies.secret_place import SecretPlace

Kind = Literal["json", "form", "xml", "text"]

_JSON_ESCAPE = linear(rb"\\\\|\\u00(?:2[013-9a-fA-F]|[346][0-9a-fA-F]|5[0-9abdefABDEF]|7[0-9a-eA-E])")
"""Every printable sign but a quotation mark and a backslash; an escaped backslash begins no other escape."""
_FORM_ESCAPE = linear(FORM_ESCAPE)
_SCALAR = linear(rb'"((?:[^"\\]|\\(?s:.))*)(?:"|\z)(\s*:)?|([\[{])|([\]}])|(-?[0-9][0-9.eE+-]*)')
_FORM_LIKE = linear(rb"[^\s=&<>{}]+=[^\s<>{}]*")


class Masked(NamedTuple):
    """A text without its secrets, and what was found in it that stayed because a message says it to its reader."""

    text: bytes
    flags: tuple[str, ...] = ()


def kind_of(text: bytes) -> Kind:
    """What the octets look like, whatever they were declared to be."""
    start = text[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in (b"{", b"[", b'"'):
        return "json"
    if start[:1] == b"<":
        return "xml"
    return "form" if _FORM_LIKE.fullmatch(text.strip()) is not None else "text"


def masked_text(text: bytes, plan: MaskPlan, mark: Mark, *, message: bool = False, names: bool = True) -> Masked:
    """Remove what is secret by its field's name (with `names`), by its shape, and card numbers.

    With `message`, what the text says to its reader stays: only fields that are credentials go; the rest is flagged.
    """
    if not names:
        return _Masking(plan, mark, message).of(text, names) if plan.is_key_in(text) else Masked(text)
    if not plan.is_hint_in(text):
        return Masked(text)
    if not message and (is_binary(text) or is_bson(text)):
        text = without_binary_fields(without_binary_keys(text, mark), mark)
    if plan.any_in_body.search(text) is None:
        if b"%" not in text or ENCODED_HINT.search(text) is None:
            return Masked(text)
        opened = _Masking(plan, mark, message).opened(text, 0)
        return Masked(text if opened == text else opened)
    return _Masking(plan, mark, message).of(text, names)


class _Masking:
    """One text on its way."""

    def __init__(self, plan: MaskPlan, mark: Mark, message: bool) -> None:
        self._plan = plan
        self._mark = mark
        self._message = message

    def of(self, text: bytes, names: bool, depth: int = 0) -> Masked:
        kind = kind_of(text)
        plain = _unescaped(text, kind)
        masked = plain
        if names:
            masked = self._named(self._unpacked(self.opened(plain, depth), depth), kind)
            if not self._message:
                masked = without_hidden(masked, self._hidden, links=kind != "form")
        masked, labels = without_keys(masked, self._mark, whole_only=self._message)
        if self._message:
            _, cards = without_cards(masked, self._mark)
            flags = ("live_credential",) * is_live(labels) + ("card_number",) * cards
            return Masked(text if masked == plain else masked, flags)
        masked, _ = without_cards(masked, self._mark, json=kind == "json")
        return Masked(text if masked == plain else masked)

    def opened(self, text: bytes, depth: int) -> bytes:
        """The text with what is percent-encoded in it looked into; of a message, only where that is no prose."""

        def inner(decoded: bytes) -> bytes:
            if self._message and kind_of(decoded) != "json":
                return decoded
            if not self._plan.is_in_body(decoded):
                return self.opened(decoded, depth + 1)
            return self.of(decoded, True, depth + 1).text

        return without_encoded(text, inner) if depth < DEEPEST and b"%" in text else text

    def _unpacked(self, text: bytes, depth: int) -> bytes:
        """The text with JSON that is in base64 in it looked into; not of a message, which is kept as it is."""

        def inner(decoded: bytes) -> bytes:
            return self.of(decoded, True, depth + 1).text if self._plan.is_in_body(decoded) else decoded

        def note(packed: bytes) -> object:
            # Of no use here: but an answer that repeats the text repeats what is in it.
            return self._mark("packed", packed)

        return text if self._message or depth >= DEEPEST else without_packed(text, inner, note)

    def _hidden(self, name: bytes, value: bytes) -> bytes | None:
        label = self._label(name)
        return None if label is None else self._removed(label, value)

    def _named(self, text: bytes, kind: Kind) -> bytes:
        if kind == "json":
            return self._json(text)
        if kind == "form":
            text = self._dotted_form(text)
            return self._plan.form.sub(self._form_value, text)  # type: ignore[no-any-return]  # re2 ships no types
        if kind == "xml":
            text = self._plan.xml.sub(self._xml_value, self._elements(text))
            return self._plan.attribute.sub(self._attribute, text)  # type: ignore[no-any-return]  # the same
        return text

    def _label(self, name: bytes) -> str | None:
        if harmless(name) or (self._message and MESSAGE_HARMLESS.search(name) and name not in self._plan.labels):
            return None
        return self._plan.labels.get(name) or label_of(name)

    def _removed(self, label: str, secret: bytes) -> bytes:
        if secret.startswith(b"[removed:") and secret.endswith(b"]"):
            return secret
        return self._mark(key_label(secret) or label, secret)

    def _json(self, text: bytes) -> bytes:
        for place in self._plan.dotted:
            text = _json_place(text, place, self._mark)
        pieces: list[bytes] = []
        done = 0
        for match in self._plan.json.finditer(text):
            start, end = match.span()
            label = self._label(match.group(1))
            if start < done or label is None:
                continue
            if match.group(5) is not None:
                inner, until = self._nested(text, end, label)
                pieces += (text[done:end], inner)
                done = until
                continue
            secret = match.group(3) if match.group(3) is not None else match.group(4)
            if secret:
                pieces += (
                    text[done:start],
                    b'"',
                    match.group(1),
                    b'"',
                    match.group(2),
                    b'"',
                    self._removed(label, secret),
                    b'"',
                )
                done = end
        text = b"".join(pieces) + text[done:]
        if self._message:
            return text
        return self._plan.escaped_json.sub(self._escaped_value, text)  # type: ignore[no-any-return]  # re2 has no types

    def _nested(self, text: bytes, start: int, label: str) -> tuple[bytes, int]:
        """Every scalar within the object or list that opened before `start`, removed; and where it ends."""
        pieces: list[bytes] = []
        depth, done, end = 1, start, len(text)
        for match in _SCALAR.finditer(text, start):
            at, until = match.span()
            if match.group(3) is not None:
                depth += 1
            elif match.group(4) is not None:
                depth -= 1
                if depth == 0:
                    end = until
                    break
            elif match.group(2) is None:
                secret = match.group(1) if match.group(1) is not None else match.group(5)
                pieces += (text[done:at], b'"', self._removed(label, secret), b'"')
                done = until
        return b"".join(pieces) + text[done:end], end

    def _escaped_value(self, match: Any) -> bytes:
        label = self._label(match.group(1))
        if label is None or not match.group(3):
            return bytes(match.group(0))
        whole: bytes = match.group(0)
        start = match.span(3)[0] - match.span()[0]
        stop = match.span(3)[1] - match.span()[0]
        return whole[:start] + self._removed(label, match.group(3)) + whole[stop:]

    def _form_value(self, match: Any) -> bytes:
        label = self._label(match.group(1))
        if label is None or not match.group(2):
            return bytes(match.group(0))
        whole: bytes = match.group(0)
        return whole[: len(whole) - len(match.group(2))] + self._removed(label, match.group(2))

    def _dotted_form(self, text: bytes) -> bytes:
        for place in self._plan.dotted:
            label = place.label
            text = self._plan.path_of(place.name).sub(
                lambda match, label=label: (
                    match.group(1) + (self._removed(label, match.group(2)) if match.group(2) else b"")
                ),
                text,
            )
        return text

    def _xml_value(self, match: Any) -> bytes:
        label = self._label(match.group(2))
        if label is None or not match.group(3).strip():
            return bytes(match.group(0))
        return bytes(match.group(1)) + self._removed(label, match.group(3).strip())

    def _elements(self, text: bytes) -> bytes:
        """Elements named as secrets that hold comments or further elements: every text within them, removed."""
        pieces: list[bytes] = []
        done = 0
        for match in self._plan.xml_open.finditer(text):
            start, label = match.span()[1], self._label(match.group(1))
            if start < done or label is None or text[start : start + 9] == b"<![CDATA[":
                continue
            end = text.find(b"</" + match.group(0)[1:].partition(b">")[0].split()[0] + b">", start)
            inner = text[start : len(text) if end < 0 else end]
            if b"<" not in inner:
                continue
            removed = XML_TEXT.sub(lambda found, label=label: b">" + self._removed(label, found.group(1)), b">" + inner)
            pieces += (text[done:start], removed[1:])
            done = start + len(inner)
        return b"".join(pieces) + text[done:]

    def _attribute(self, match: Any) -> bytes:
        label = self._label(match.group(2))
        secret = match.group(3) if match.group(3) is not None else match.group(4)
        if label is None or not secret:
            return bytes(match.group(0))
        return bytes(match.group(1)) + b'"' + self._removed(label, secret) + b'"'


def _character(match: Any) -> bytes:
    return bytes([int(match.group(0)[-2:], 16)])


def _unescaped(text: bytes, kind: Kind) -> bytes:
    """The same meaning with letters and digits as themselves, so that no name or key hides in an escape."""
    if kind == "json":
        return bytes(_JSON_ESCAPE.sub(plain_sign, text))
    if kind == "form":
        return bytes(_FORM_ESCAPE.sub(_character, text))
    return text


def _json_place(text: bytes, place: SecretPlace, mark: Mark) -> bytes:
    """Remove what stands at a dotted path. A text that is no JSON is left to the other rules."""
    try:
        value: Any = json.loads(text)
        *_, last = names = place.name.split(".")
        for name in names:
            value = value[name]
    except (ValueError, RecursionError, TypeError, KeyError, IndexError):
        return text
    if not isinstance(value, (str, int, float)) or isinstance(value, bool) or value == "":
        return text
    spelt = (json.dumps(value).encode(), json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    removed = mark(place.label, str(value).encode("utf-8", "surrogatepass"))
    values = b"|".join(re.escape(form) for form in set(spelt))
    # The standard library's `re` on literals alone: nothing here can backtrack.
    pattern = re.compile(b'("' + re.escape(last.encode()) + rb'"\s*:\s*)(?:' + values + b")")
    return pattern.sub(lambda match: match.group(1) + b'"' + removed + b'"', text)
