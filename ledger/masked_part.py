"""MaskedPart: one part of a multipart body taken apart, and put together again without its secrets (RFC 2046, 7578)."""

import base64
import binascii
import quopri
from collections.abc import Callable
from typing import Any, NamedTuple

from ledger.mask_plan import MaskPlan
from ledger.secret_names import linear
from ledger.secret_patterns import Mark

_NAME = linear(rb"(?i)^form-data\b[^\r\n]*?[;\s]name\*?=(?:[\w-]+\x27\w*\x27)?(?:\"([^\"]*)\"|'([^']*)'|([^\s;]+))")
_FIELD = linear(rb"(?m)^([!-9;-~]+)([ \t]*:[ \t]*)((?:[^\r\n]|\r\n[ \t])+)")


class Part(NamedTuple):
    """A part as it was sent."""

    head: bytes
    content: bytes
    end: bytes
    """The line's end, which belongs to the boundary after it."""
    headers: dict[str, str]
    """By their names in lower case."""

    @classmethod
    def of(cls, part: bytes) -> "Part | None":
        """None for what has no head and content, such as what stands after the last boundary."""
        head, gap, content = part.partition(b"\r\n\r\n")
        if not gap:
            return None
        end = b"\r\n" if content.endswith(b"\r\n") else b""
        fields = _FIELD.finditer(head)
        headers = {
            match.group(1).decode().lower(): match.group(3).replace(b"\r\n", b"").decode("latin-1").strip()
            for match in fields
        }
        return cls(head + gap, content[: len(content) - len(end)], end, headers)

    @property
    def name(self) -> bytes:
        """Of a form's field; empty where it has none."""
        named = _NAME.search(self.headers.get("content-disposition", "").encode("latin-1"))
        return b"" if named is None else named.group(1) or named.group(2) or named.group(3) or b""

    @property
    def is_file(self) -> bool:
        """Whether it is a file that somebody uploads, and no field of a form."""
        return "filename" in self.headers.get("content-disposition", "").lower()

    def masked_head(self, plan: MaskPlan, mark: Mark, masked: Callable[[bytes], bytes]) -> bytes:
        """The head without fields that are credentials, such as those of a request within a batch, nor keys."""

        def field(match: Any) -> bytes:
            name, colon, value = match.group(1), match.group(2), match.group(3)
            label = plan.header(name.decode())
            return bytes(match.group(0) if label is None else name + colon + mark(label, value))

        return masked(bytes(_FIELD.sub(field, self.head)))

    def decoded(self) -> bytes:
        """The content without its transfer encoding; as it stands where that cannot be read."""
        encoding = self.headers.get("content-transfer-encoding", "").lower()
        try:
            if encoding == "base64":
                return base64.b64decode(self.content)
        except binascii.Error:
            return self.content
        return quopri.decodestring(self.content) if encoding == "quoted-printable" else self.content

    def encoded(self, content: bytes) -> bytes:
        """Another content in this one's transfer encoding."""
        encoding = self.headers.get("content-transfer-encoding", "").lower()
        if encoding == "base64":
            return base64.encodebytes(content).replace(b"\n", b"\r\n").rstrip() if content else content
        return quopri.encodestring(content) if encoding == "quoted-printable" else content
