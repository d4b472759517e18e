"""Secret search: unmistakable secrets, and where one of them is found again, in whatever spelling."""

import base64
import gzip
import re
import secrets
import zlib
from collections.abc import Iterable, Iterator
from urllib.parse import quote

import brotli  # type: ignore[import-untyped]  # it ships no types
import re2
import zstandard
from secret_requests import Secret


def fresh() -> Secret:
    """A new secret: random hexadecimal digits, and a card number with a right check digit (ISO/IEC 7812)."""
    digits = [4, *(secrets.randbelow(10) for _ in range(14))]
    doubled = sum(sum(divmod(digit * 2, 10)) if at % 2 == 0 else digit for at, digit in enumerate(digits))
    return Secret(secrets.token_hex(10), "".join(map(str, digits)) + str(-doubled % 10))


def spellings(secret: Secret) -> Iterator[bytes]:
    """The secret plain, in base64 at each of its three alignments, in UTF-16, and as percent escapes."""
    for text in (secret.core.encode(), secret.card.encode()):
        yield text
        yield text.upper()
        yield text.decode().encode("utf-16-le")
        yield text.decode().encode("utf-32-le")
        yield "".join(f"%{octet:02x}" for octet in text).encode()
        yield quote(text).encode()
        for ahead in range(3):
            # Whole groups that the secret alone fills, whatever stands before and after it.
            start, end = (4 if ahead else 0), (ahead + len(text)) // 3 * 4
            yield base64.b64encode(b"x" * ahead + text)[start:end]
    for gap in (b" ", b"+", b"-", b"%20"):
        yield gap.join(secret.card[at : at + 4].encode() for at in range(0, 16, 4))


class Searched:
    """Texts by where they stand, searched once for every secret there is."""

    def __init__(self, sent: Iterable[tuple[str, Secret]], places: Iterable[tuple[str, bytes]]) -> None:
        names = {spelling: name for name, secret in sent for spelling in spellings(secret)}
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.max_mem = 512 << 20
        options.never_capture = True
        any_of_them = re2.compile(b"|".join(map(re.escape, names)), options)
        self._found: dict[str, list[str]] = {}
        for place, text in places:
            for match in any_of_them.finditer(text):
                start, end = match.span()
                around = text[max(0, start - 60) : end + 20]
                self._found.setdefault(names[match.group(0)], []).append(f"{place}: {around!r}")

    def found(self, name: str) -> list[str]:
        """Where the secret of a row stands, with what is around it."""
        return self._found.get(name, [])


def unpacked(octets: bytes) -> list[bytes]:
    """The octets, and what they hold if they are compressed, however badly."""
    texts = [octets]
    for begins, unpack in (
        (b"\x1f\x8b", lambda data: gzip.decompress(data)),
        (b"\x1f\x8b", lambda data: zlib.decompressobj(31).decompress(data)),
        (b"\x78", zlib.decompress),
        (b"\x28\xb5\x2f\xfd", lambda data: zstandard.ZstdDecompressor().stream_reader(data).read()),
        (b"", brotli.decompress),
    ):
        if octets.startswith(begins) and octets:
            try:
                texts += unpacked(unpack(octets))
            except (OSError, EOFError, zlib.error, zstandard.ZstdError, brotli.error):
                continue
    return texts
