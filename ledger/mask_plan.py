"""MaskPlan: a pack's secret places compiled, with the general rules, into the patterns its traffic is masked by."""

from collections.abc import Sequence
from typing import Any

from ledger.hidden_secrets import WITHIN
from ledger.packed_text import PACKED
from ledger.secret_hints import KEY_HINT, name_hint
from ledger.secret_names import (
    AFTER_NAME,
    ENDINGS,
    IN_LINK,
    QUERY_WHOLE,
    WHOLE,
    harmless,
    header_label,
    label_of,
    linear,
)
from ledger.secret_patterns import ANY_KEY, RUN_OF_DIGITS
from ledger.spelt_signs import EQUALS
from policies.secret_place import SecretPlace

NAMES_REMEMBERED = 4096

# Letters, digits or `_` written as escapes could spell a secret's name; clients escape no such character by themselves.
JSON_ESCAPE = rb"\\u00(?:3[0-9aAdD]|[46][1-9a-fA-F]|[57][0-9aA]|5[bBdDfF]|2[dDeEfF]|40)"
FORM_ESCAPE = rb"%(?:3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF]|2[dDeE]|7[eE])"
_IN_LINK = rb"(?i:(?:[?&#]|&amp;|&#38;|\\u0026)" + IN_LINK + AFTER_NAME + EQUALS + b")|authorization_code"
XML_TEXT = linear(rb">([^<>]*[^<>\s][^<>]*)")
_BRACKET = rb"(?:\[|%(?:25)?5[Bb])"


class MaskPlan:
    """Everything compiled that one provider's traffic needs. Made once for a pack, at its first request."""

    def __init__(self, places: Sequence[SecretPlace]) -> None:
        self.places = places
        self._headers = {place.name.lower(): place.label for place in places if place.where == "header"}
        self._labels: dict[str, str | None] = {}
        self.answers: dict[tuple[str, ...], Any] = {}
        """By the names of an answer's fields, how those are told (`ledger.masked_answer`)."""
        self.fields: dict[tuple[str, str], tuple[str, str]] = {}
        """Header fields met lately and what they become: most of a client's come with every request of it."""
        self.masked_paths: dict[str, str] = {}
        """Paths met lately and what they become."""
        body = [place for place in places if place.where == "body"]
        query = [place for place in places if place.where in ("query", "body")]
        self.labels = {place.name.encode(): place.label for place in places if place.where in ("query", "body")}
        self.paths = [(linear(place.name.encode("utf-8")), place.label) for place in places if place.where == "path"]
        named = _names([place for place in body if "." not in place.name])
        self.dotted = [place for place in body if "." in place.name]
        names = b"|".join(filter(None, [ENDINGS, _exactly(WHOLE), named, _last_parts(self.dotted)]))
        in_body = [b"(?i:" + names + b")", JSON_ESCAPE, FORM_ESCAPE, _IN_LINK, PACKED]
        self.any_in_body = linear(b"|".join([*in_body, ANY_KEY, RUN_OF_DIGITS]))
        self.name_hint = name_hint(*in_body, WITHIN)
        """Of what bodies, what is encoded in them, and header fields that cannot be links, hold beside keys."""
        self.any_key = linear(b"|".join([ANY_KEY, RUN_OF_DIGITS]))
        self.any_in_header = linear(
            b"|".join(
                [
                    ANY_KEY,
                    rb"[?&#][^=&\s]*=|(?m:^[^\s/@:]+:[^\s/@]+@)",
                    RUN_OF_DIGITS,
                    WITHIN,
                    PACKED,
                    b"(?i:" + ENDINGS + b")",
                ]
            )
        )
        whole = b"|".join(filter(None, [WHOLE, named]))
        self.json = linear(
            rb'(?i)"((?:[^"\\]*?(?:' + ENDINGS + rb")[\]]{0,2})|(?:[^\"\\]*[\[.])?(?:" + whole + rb")[\]]{0,2})"
            rb'"(\s*:\s*)(?:"((?:[^"\\]|\\(?s:.))*)(?:"|\z)|(-?[0-9][0-9.e+-]*)|([\[{]))'
        )
        self.escaped_json = linear(
            rb'(?i)\\+"([^"\\]*?(?:' + ENDINGS + rb")|" + whole + rb')\\+"(\s*:\s*\\+")((?:[^"\\]|\\\\.)*?)\\+"'
        )
        self.form = linear(_form(ENDINGS, whole))
        query_names = _names([place for place in query if "." not in place.name])
        self.query = linear(_form(ENDINGS, b"|".join(filter(None, [QUERY_WHOLE, query_names]))))
        self.link = linear(
            rb"(?i)([?&#](?:[^=&\s\"'<>]*?(?:"
            + ENDINGS
            + rb")|"
            + QUERY_WHOLE
            + rb")"
            + AFTER_NAME
            + rb"=)([^&\s\"'<>\\]+)"
        )
        self.xml = linear(
            rb"(?i)(<(?:[\w.-]+:)?([\w.-]*?(?:" + ENDINGS + rb")|" + whole + rb")(?:\s[^<>]*)?>)"
            rb"((?:[^<]|<!\[CDATA\[(?s:.*?)(?:\]\]>|\z))+)"
        )
        self.xml_open = linear(
            rb"(?i)<(?:[\w.-]+:)?([\w.-]*?(?:" + ENDINGS + rb")|" + whole + rb")(?:\s[^<>]*[^<>/])?>"
        )
        self.attribute = linear(
            rb"(?i)(\s([\w.:-]*?(?:" + ENDINGS + rb")|" + whole + rb")\s*=\s*)(?:\"([^\"]*)\"|'([^']*)')"
        )
        self._secret_names: dict[str, str | None] = {}
        self.fact_starts: dict[str, str] = {}
        """Facts met lately that are no credentials by their name, and how they are told up to the value."""
        self.name = linear(rb"(?i)(?:.*?(?:" + ENDINGS + rb")|(?:.*[\[.])?(?:" + whole + rb"))" + AFTER_NAME)

    def is_hint_in(self, octets: bytes) -> bool:
        """False only where nothing in a body, nor in a text that is encoded in it, is to be removed."""
        return self.name_hint.possible(octets) or KEY_HINT.possible(octets)

    def is_in_body(self, octets: bytes) -> bool:
        """Whether anything in a body may have to be removed, but for what is encoded in it."""
        return self.is_hint_in(octets) and self.any_in_body.search(octets) is not None

    def is_in_header(self, octets: bytes) -> bool:
        """Whether anything in header fields' values may have to be removed. Between several, line feeds."""
        return (self.is_hint_in(octets) or may_be_link(octets)) and self.any_in_header.search(octets) is not None

    def is_key_in(self, octets: bytes) -> bool:
        """Whether a text may hold a key known by its shape, or a card's number."""
        return KEY_HINT.possible(octets) and self.any_key.search(octets) is not None

    def header(self, name: str) -> str | None:
        """The label a header's value is removed under, or None."""
        try:
            return self._labels[name]
        except KeyError:
            label = self._headers.get(name.lower()) or header_label(name)
            if len(self._labels) < NAMES_REMEMBERED:
                self._labels[name] = label
            return label

    def fact(self, name: str) -> str | None:
        """The label under which a fact of this name is removed, or None for one that is no credential."""
        try:
            return self._secret_names[name]
        except KeyError:
            field = name.encode("utf-8", "surrogatepass")
            secret = self.name.fullmatch(field) is not None and not harmless(field)
            label = label_of(field) if secret else None
            if len(self._secret_names) < NAMES_REMEMBERED:
                self._secret_names[name] = label
            return label

    def path_of(self, dotted: str) -> Any:
        """A dotted place as a form writes it: `card.number` is `card[number]`."""
        first, *rest = dotted.encode().split(b".")
        name = _quoted(first) + b"".join(_BRACKET + _quoted(part) + rb"(?:\]|%5[Dd])" for part in rest)
        return linear(rb"(?i)((?:^|&)" + name + rb"=)([^&]*)")


def may_be_link(value: bytes) -> bool:
    """Whether the text of header fields may hold a link with parameters, or a user and a password before a host."""
    return b"@" in value or (b"=" in value and (b"?" in value or b"&" in value or b"#" in value))


def _form(endings: bytes, whole: bytes) -> bytes:
    prefix = rb"(?:[^=&]*(?:" + _BRACKET + rb"|\.|%(?:25)?2[Ee]))?"
    return (
        rb"(?i)(?:^|[&;?#])((?:[^=&]*?(?:"
        + endings
        + rb")|"
        + prefix
        + rb"(?:"
        + whole
        + rb"))"
        + AFTER_NAME
        + rb")=([^&]*)"
    )


def _exactly(names: bytes) -> bytes:
    return rb"(?:^|[\"&\[;?.\s:<]|%(?:25)?(?:5b|2e))(?:" + names + rb")(?:[\"=\]\[>\s]|%(?:25)?5[bd])"


def _names(places: Sequence[SecretPlace]) -> bytes:
    return b"|".join(_quoted(place.name.encode()) for place in places)


def _last_parts(places: Sequence[SecretPlace]) -> bytes:
    return b"|".join(_quoted(place.name.rpartition(".")[2].encode()) for place in places)


def _quoted(name: bytes) -> bytes:
    """The name as a pattern that matches just it."""
    return b"".join(bytes([octet]) if chr(octet).isalnum() else b"\\x%02x" % octet for octet in name)
