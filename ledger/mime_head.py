"""Heads of MIME entities: fields out of octets, and parameters out of fields (RFC 5322, RFC 2045, RFC 2231)."""

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from ledger.mime_budget import MimeBudget
from policies.encoded_word import decode_octets, decode_words

VALUE_OCTETS = 8192
"""Of a structured field's value that is parsed."""
PARAMETERS = 100


@dataclass(frozen=True, slots=True)
class Head:
    """Fields in order, names as sent, values unfolded and raw. `body` is the offset of what follows."""

    fields: tuple[tuple[str, bytes], ...]
    body: int
    flags: tuple[str, ...] = ()

    def raw(self, name: str) -> bytes:
        """The first value of a field (lower-case name); empty where it is missing."""
        for field, value in self.fields:
            if field.lower() == name:
                return value
        return b""

    def text(self, name: str) -> str:
        """As its reader sees it."""
        return one_line(decode_words(self.raw(name)))


def one_line(text: str) -> str:
    return " ".join(text.replace("\0", "\N{REPLACEMENT CHARACTER}").split())


def read_head(raw: bytes, start: int, end: int, budget: MimeBudget) -> Head:
    """The head that begins at `start`. Ends at an empty line, or where a line is no field. Never raises."""
    fields: list[tuple[str, list[bytes]]] = []
    at = start
    while at < end:
        if len(fields) >= budget.headers or at - start > budget.head_octets:
            return Head(_joined(fields), _after_empty_line(raw, at, end), ("too_many_headers",))
        stop = raw.find(b"\n", at, end) + 1 or end
        line = raw[at : min(stop, at + budget.head_octets)].rstrip(b"\r\n")
        if not line:
            return Head(_joined(fields), stop)
        name, colon, value = line.partition(b":")
        if line[:1] in b" \t":
            if not fields:
                return Head((), at, ("no_head",))
            fields[-1][1].append(line)
        elif colon and name.strip() and b" " not in name.strip():
            fields.append((name.strip().decode("latin-1")[:200], [value]))
        elif at > start or not line.startswith(b"From "):
            return Head(_joined(fields), at, ("no_head",) if not fields else ("head_not_closed",))
        at = stop
    return Head(_joined(fields), end)


def _joined(fields: list[tuple[str, list[bytes]]]) -> tuple[tuple[str, bytes], ...]:
    return tuple([(name, b"".join(lines).strip()) for name, lines in fields])


def _after_empty_line(raw: bytes, at: int, end: int) -> int:
    places = [(raw.find(mark, at, end), len(mark)) for mark in (b"\n\r\n", b"\n\n")]
    found = [place + length for place, length in places if place >= 0]
    return min(found) if found else end


def read_parameters(value: bytes) -> tuple[str, dict[str, str]]:
    """`text/plain; charset="utf-8"` as (`text/plain`, {`charset`: `utf-8`}); names lower-case. Never raises.

    Continuations and charsets of RFC 2231 are undone, and encoded words, which many senders put into file names.
    """
    first, *rest = _pieces(value[:VALUE_OCTETS])
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for piece in rest[:PARAMETERS]:
        name, _, content = piece.partition(b"=")
        key = name.strip().lower().decode("latin-1")
        content = _unquoted(content.strip())
        base, star, tail = key.partition("*")
        if not star:
            plain.setdefault(key, one_line(decode_words(content)))
        else:
            number = tail.rstrip("*")
            place = int(number) if number.isdigit() and number.isascii() and len(number) < 4 else 0
            sections.setdefault(base, {}).setdefault(place, (content, key.endswith("*")))
    for base, pieces in sections.items():
        plain[base] = _assembled(pieces)
    return first.strip().lower().decode("latin-1"), plain


def _assembled(pieces: dict[int, tuple[bytes, bool]]) -> str:
    charset: bytes | None = None
    octets = b""
    for number, (content, encoded) in sorted(pieces.items()):
        if encoded and number == 0 and content.count(b"'") >= 2:
            charset, _, content = content.split(b"'", 2)
        octets += unquote_to_bytes(content) if encoded else content
    return one_line(decode_octets(octets, charset.decode("latin-1") if charset else None))


def _pieces(value: bytes) -> list[bytes]:
    """Split at semicolons outside quotes."""
    if b'"' not in value:
        return value.split(b";")
    pieces: list[bytes] = []
    quoted = False
    for run in value.split(b";"):
        if quoted:
            pieces[-1] += b";" + run
        else:
            pieces.append(run)
        quoted ^= (run.count(b'"') - run.count(b'\\"')) % 2 == 1
    return pieces


def _unquoted(content: bytes) -> bytes:
    if content[:1] != b'"':
        return content
    inner = content[1:-1] if content[-1:] == b'"' and len(content) > 1 else content[1:]
    return inner.replace(b'\\"', b'"').replace(b"\\\\", b"\\")
