"""Multipart: the fields and files of a `multipart/form-data` body (RFC 7578), parsed by python-multipart."""

import logging
import re
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState

from policies.form import MOST_FIELDS, FormError, nested

_NOBODY = logging.getLogger(f"{__name__}.nobody")
_NOBODY.setLevel(logging.CRITICAL + 1)
"""Told what the parser thinks of a body: whoever looks at its capture sees that from a flag, and a log would fill."""


READ_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
"""In UTF-7 the same octets are other text."""
_AS_IT_STANDS = frozenset({"7bit", "8bit", "binary"})
_BOUNDARIES = re.compile(r"(?i)(?<![\w-])boundary\*?[0-9]*\*?\s*=")
_NAMES = re.compile(r"(?i)(?<=[;\s])name\*?[0-9]*\*?\s*=")


@dataclass(slots=True)
class Part:
    """One part. A part with a file name is a file: of its content, expressions see size and type alone."""

    name: str = ""
    filename: str | None = None
    content_type: str | None = None
    data: bytes = b""
    doubt: str = ""
    """Why another reader may take the field for another one, or for another value."""


@dataclass(slots=True)
class _Reading:
    parts: list[Part] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    header: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)


def read_parts(body: bytes, boundary: str) -> list[Part]:
    """The parts of a body. Raises FormError where it is not what its boundary says."""
    reading = _Reading()
    try:
        parser = MultipartParser(boundary.encode("latin-1", "replace"), _callbacks(reading))
        parser.logger = _NOBODY
        parser.write(body)
        if body and parser.state is not MultipartState.END:
            # What has not ended is not among the parts, and whoever the body was meant for may read it all the same.
            raise FormParserError("it has no end")
    except FormParserError as error:
        raise FormError(f"a multipart body that cannot be read: {error}") from error
    return reading.parts


def boundaries(content_type: str) -> int:
    """How many parameters, or pieces of one (RFC 2231, 3), say what parts a body."""
    return len(_BOUNDARIES.findall(content_type))


def goes_on(body: bytes, boundary: str) -> bool:
    """Whether something follows a body's end, where some servers look for further parts."""
    return not body.rstrip(b"\r\n \t").endswith(f"--{boundary}--".encode("latin-1", "replace"))


def fields_of(parts: list[Part]) -> dict[str, Any]:
    """Fields as texts, nested by their brackets; a file as `{filename, content_type, size}`."""
    return nested((part.name, "=", _shown(part)) for part in parts)


def _shown(part: Part) -> Any:
    if part.filename is None:
        return part.data.decode("utf-8", "replace")
    return {"filename": part.filename, "content_type": part.content_type, "size": len(part.data)}


def _callbacks(reading: _Reading) -> Any:
    def begin() -> None:
        if len(reading.parts) >= MOST_FIELDS:
            raise FormParserError(f"more than {MOST_FIELDS} parts")
        reading.parts.append(Part())
        reading.chunks.clear()

    def header_field(data: bytes, start: int, end: int) -> None:
        reading.header += data[start:end]

    def header_value(data: bytes, start: int, end: int) -> None:
        reading.value += data[start:end]

    def header_end() -> None:
        _apply(reading.parts[-1], reading.header.decode("latin-1").lower(), bytes(reading.value))
        reading.header.clear()
        reading.value.clear()

    def content(data: bytes, start: int, end: int) -> None:
        reading.chunks.append(data[start:end])

    def end() -> None:
        reading.parts[-1].data = b"".join(reading.chunks)

    return {
        "on_part_begin": begin,
        "on_header_field": header_field,
        "on_header_value": header_value,
        "on_header_end": header_end,
        "on_part_data": content,
        "on_part_end": end,
    }


def _apply(part: Part, name: str, raw: bytes) -> None:
    value = raw.decode("utf-8", "replace")
    if name == "content-type":
        part.content_type = value
        if "charset" in value.lower() and (parameter(value, "charset") or "").strip().lower() not in READ_CHARSETS:
            part.doubt = "a part in a character set of its own"
    elif name == "content-disposition":
        if part.name or len(_NAMES.findall(value)) > 1:
            part.doubt = "a part with two names"
        part.name = parameter(value, "name") or ""
        part.filename = parameter(value, "filename")
    elif name == "content-transfer-encoding" and value.strip().lower() not in _AS_IT_STANDS:
        part.doubt = "a part in a coding of its own"


def parameter(value: str, name: str) -> str | None:
    """A parameter of a header value such as `form-data; name="a"`, unquoted (RFC 2045, RFC 2231)."""
    message = Message()
    message["content-disposition"] = value.replace("\r", " ").replace("\n", " ")
    found = message.get_param(name, header="content-disposition")
    if isinstance(found, tuple):
        charset, _, encoded = found
        return encoded if charset is None else encoded.encode("latin-1", "replace").decode("utf-8", "replace")
    return found
