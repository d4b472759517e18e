"""MaskedBody: a body without its secrets, through its codings, character set and parts. What nobody can read goes."""

import gzip
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

import brotli  # type: ignore[import-untyped]  # it ships no types
import zstandard

from ledger.binary_fields import is_bson
from ledger.hidden_secrets import DEEPEST
from ledger.mask_plan import MaskPlan
from ledger.masked_frames import coding_of, is_framed, masked_frames
from ledger.masked_part import Part
from ledger.masked_text import Masked, masked_text
from ledger.secret_names import label_of, linear
from ledger.secret_patterns import Mark
from policies.request_body import Undecodable, decoded

UNREADABLE = "unreadable"

_BOUNDARY = linear(rb'(?i)^\s*multipart/[^;]+;(?:.*;)?\s*boundary=(?:"([^"]+)"|([^\s;]+))')
_CHARSET = linear(rb"(?i)charset=\"?(utf-?(?:16|32)[a-z-]*)")
_MARKS = {
    b"\xff\xfe\0\0": "utf-32-le",
    b"\0\0\xfe\xff": "utf-32-be",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}


def _zlib(data: bytes) -> bytes:
    return zlib.compress(data)


_ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "x-gzip": lambda data: gzip.compress(data, mtime=0),
    "deflate": _zlib,
    "br": lambda data: bytes(brotli.compress(data, quality=4)),
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
}


_GZIPPED = b"\x1f\x8b\x08"
_PACKED = frozenset((b"\x28\xb5\x2f\xfd",))
"""How gzip (RFC 1952) and Zstandard (RFC 8878) begin: some clients compress and do not say so."""


_DESCRIBING = frozenset(
    ("content-type", "content-encoding", "x-amz-content-sha256", "grpc-encoding", "connect-content-encoding")
)
_SIZES = frozenset(map(len, _DESCRIBING))


class BodyMask(NamedTuple):
    """How one body is masked."""

    plan: MaskPlan
    mark: Mark
    message: bool = False
    names: bool = True
    depth: int = 0
    """Parts it is within."""
    exact: bool = False
    """Files stay as they are: of a form that uploads one, its other fields alone are looked into."""

    def of(self, data: bytes, headers: Mapping[str, str]) -> Masked | None:
        """The body without its secrets, in its own coding; None where nobody can tell what is in it."""
        coding = headers["content-encoding"].strip().lower() if "content-encoding" in headers else ""
        if coding in ("", "identity"):
            if data[:4] in _PACKED or data[:3] == _GZIPPED:
                return self.of(data, {**headers, "content-encoding": "gzip" if data[:3] == _GZIPPED else "zstd"})
            content_type = headers.get("content-type", "")
            if is_framed(content_type):
                return self._framed(data, content_type, coding_of(headers))
            return self._plain(data, content_type)
        return self._decoded(data, coding, headers)

    def _decoded(self, data: bytes, coding: str, headers: Mapping[str, str]) -> Masked | None:
        try:
            inner = decoded(data, headers)
        except Undecodable:
            return None
        masked = self._plain(inner, headers.get("content-type", ""))
        if masked is None or masked.text is inner:
            return None if masked is None else Masked(data, masked.flags)
        encoder = _ENCODERS.get(coding)
        return None if encoder is None else Masked(encoder(masked.text), masked.flags)

    def _framed(self, data: bytes, content_type: str, coding: str) -> Masked | None:
        flags: list[str] = []

        def look(message: bytes, coded: str) -> bytes | None:
            masked = self._decoded(message, coded, {"content-encoding": coded}) if coded else self._plain(message, "")
            flags.extend(masked.flags if masked is not None else ())
            return None if masked is None else masked.text

        whole = masked_frames(data, content_type, coding, look)
        return None if whole is None else Masked(whole, tuple(dict.fromkeys(flags)))

    def _plain(self, data: bytes, content_type: str) -> Masked | None:
        declared = content_type.encode("utf-8", "replace")
        if declared[:10].lower() == b"multipart/":
            boundary = _BOUNDARY.search(declared)
            if boundary is not None:
                parted = self._multipart(data, boundary.group(1) or boundary.group(2))
                if parted is not None:
                    return parted
        wide = _wide(data, declared)
        if wide is not None and not is_bson(data):
            recoded = self._recoded(data, wide)
            # How it begins may deceive: a key among its octets as they stand is one all the same.
            return recoded if recoded is None else self._without_keys(recoded)
        return masked_text(data, self.plan, self.mark, message=self.message, names=self.names)

    def _recoded(self, data: bytes, charset: str) -> Masked | None:
        try:
            text = data.decode(charset).encode()
        except (UnicodeError, LookupError):  # or there is no such character set
            return None
        masked = masked_text(text, self.plan, self.mark, message=self.message, names=self.names)
        if masked.text is text:
            return Masked(data, masked.flags)
        return Masked(masked.text.decode().encode(charset), masked.flags)

    def _without_keys(self, masked: Masked) -> Masked:
        again = masked_text(masked.text, self.plan, self.mark, message=self.message, names=False)
        return Masked(again.text, tuple(dict.fromkeys((*masked.flags, *again.flags))))

    def _multipart(self, data: bytes, boundary: bytes) -> Masked | None:
        """Part by part; the delimiters and heads stay (RFC 7578)."""
        parts = data.split(b"--" + boundary)
        if len(parts) == 1 or b"\r\n\r\n" not in data:
            return None  # not as declared
        masked = [self._part(part) for part in parts]
        whole = (b"--" + boundary).join(part.text for part in masked)
        flags = tuple(dict.fromkeys(flag for part in masked for flag in part.flags))
        return Masked(data if whole == data else whole, flags)

    def _part(self, octets: bytes) -> Masked:
        part = Part.of(octets)
        if part is None and self.exact:
            return Masked(octets)
        if part is None:
            return masked_text(octets, self.plan, self.mark, message=self.message, names=self.names)
        if self.exact and (part.is_file or not part.name):
            return Masked(octets)
        head = part.masked_head(self.plan, self.mark, self._without_shaped)
        if self.names and part.content and self.plan.name.fullmatch(part.name) is not None:
            label = self.plan.labels.get(part.name) or label_of(part.name)
            return Masked(head + self.mark(label, part.content) + part.end)
        content = part.decoded()
        masked = self._content(content, part)
        if masked.text == content:
            return Masked(head + part.content + part.end, masked.flags)
        return Masked(head + part.encoded(masked.text) + part.end, masked.flags)

    def _without_shaped(self, text: bytes) -> bytes:
        return masked_text(text, self.plan, self.mark, message=self.message, names=False).text

    def _content(self, content: bytes, part: Part) -> Masked:
        """A part may be coded, and of parts itself."""
        if self.depth >= DEEPEST:
            return masked_text(content, self.plan, self.mark, message=self.message, names=self.names)
        masked = self._replace(depth=self.depth + 1).of(content, part.headers)
        return Masked(self.mark(UNREADABLE, content), (UNREADABLE,)) if masked is None else masked


def described(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """The fields that say how a body is read, by their names in lower case."""
    return {name.lower(): value for name, value in headers if len(name) in _SIZES and name.lower() in _DESCRIBING}


def is_one_text(headers: Mapping[str, str]) -> bool:
    """Whether fields say of a body nothing but that it is to be looked at as it stands: not coded, not in parts, not
    in a wide character set."""
    return "content-encoding" not in headers and is_of_one_text(headers.get("content-type", ""))


@lru_cache(256)
def is_of_one_text(content_type: str) -> bool:
    """The same of this field alone."""
    declared = content_type.encode("utf-8", "replace")
    if is_framed(content_type):
        return False
    return declared[:10].lower() != b"multipart/" and _CHARSET.search(declared) is None


def _wide(data: bytes, content_type: bytes) -> str | None:
    """The character set of a text in units of several octets, in which no pattern over octets would find anything."""
    if data[:1] in (b"\xff", b"\xfe", b"\0"):
        for mark, charset in _MARKS.items():
            if data.startswith(mark):
                return charset
    # Nearly every type names no such character set, and saying so by a search would cost as much as the body's own.
    declared = _CHARSET.search(content_type) if b"16" in content_type or b"32" in content_type else None
    if declared is not None:
        name: str = declared.group(1).decode().lower()
        return name if name[-2:] in ("le", "be") else name + "-be"
    if data[1:2] == b"\0" and data[:1] in (b"{", b"[", b"<", b'"'):
        return "utf-16-le"
    if data[:1] == b"\0" and data[1:2] in (b"{", b"[", b"<", b'"'):
        return "utf-16-be"
    return None
