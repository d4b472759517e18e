"""Encoded words: RFC 2047 text in header fields made readable, within a budget, whatever the bytes.

Here live the charsets a mail may name and the decoding of `=?charset?q?text?=`. Splitting a head into fields does not.
"""

import binascii
import re

FIELD_LIMIT = 65536
"""Octets of one field's value that are looked at."""
WORD_LIMIT = 2000
"""Encoded words decoded in one field; the rest stays as sent."""

_WORD = re.compile(r"=\?([!-<>@-~]{1,60})\?([bBqQ])\?([^?\r\n]*)\?=")
"""Linear without RE2, which takes ten times as long here: no part can match where its neighbour could."""
_NAMES = """
utf8 utf16 utf16be utf16le utf32 utf7 ascii usascii latin1 macroman koi8r koi8u tis620
cp437 cp850 cp852 cp866 cp932 cp949 cp950 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258
windows1250 windows1251 windows1252 windows1253 windows1254 windows1255 windows1256 windows1257 windows1258
iso88591 iso88592 iso88593 iso88594 iso88595 iso88596 iso88597 iso88598 iso88599 iso885910 iso885911
iso885913 iso885914 iso885915 iso885916
gb2312 gbk gb18030 hzgb2312 big5 big5hkscs eucjp iso2022jp iso2022kr shiftjis sjis euckr ksc56011987
"""
_CHARSETS = frozenset(_NAMES.split())
"""Compared without `-` and `_`. Others are not looked up: Python has codecs that are slow or no charsets."""
_ALIASES = {
    "usascii": "ascii",
    "ksc56011987": "euc_kr",
    "macroman": "mac_roman",
    "hzgb2312": "hz",
    "tis620": "iso8859_11",
    "sjis": "cp932",
}


def decode_octets(octets: bytes, charset: str | None) -> str:
    """Text of octets in a charset named by a mail. Never raises: what does not fit is replaced."""
    name = codec_of(charset)
    if name is None:
        return raw_text(octets)
    try:
        return octets.decode(name, "replace")
    except (UnicodeError, LookupError, ValueError):
        return raw_text(octets)


def codec_of(charset: str | None) -> str | None:
    """Python's codec for a charset, or None for an unknown one."""
    if charset is None:
        return None
    key = charset[:40].lower().partition("*")[0].strip().replace("-", "").replace("_", "")
    if key not in _CHARSETS:
        return None
    if key.startswith("windows"):
        return "cp" + key[len("windows") :]
    if key.startswith("iso8859"):
        return "iso8859_" + key[len("iso8859") :]
    return _ALIASES.get(key, key)


def raw_text(octets: bytes) -> str:
    """Octets without a named charset: UTF-8 where they are (RFC 6532), else Latin-1, which never fails."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def decode_words(value: bytes) -> str:
    """A field's value as its reader sees it: encoded words decoded, white space between two of them dropped."""
    text = raw_text(value[:FIELD_LIMIT])
    if "=?" not in text:
        return text
    out: list[str] = []
    run: tuple[str, list[bytes]] = ("", [])
    end = 0
    for number, found in enumerate(_WORD.finditer(text)):
        octets = _octets(found.group(2), found.group(3)) if number < WORD_LIMIT else None
        if octets is None:
            continue
        between = text[end : found.start()]
        charset = found.group(1).lower()
        if between.strip(" \t") or not run[1] or run[0] != charset:
            _flush(out, run)
            if between.strip(" \t") or not run[1]:
                out.append(between)
            run = (charset, [])
        run[1].append(octets)
        end = found.end()
    _flush(out, run)
    out.append(text[end:])
    return "".join(out)


def _flush(out: list[str], run: tuple[str, list[bytes]]) -> None:
    """Neighbouring words of one charset are decoded together: many senders split a character between two words."""
    charset, octets = run
    if octets:
        out.append(decode_octets(b"".join(octets), charset))


def _octets(encoding: str, text: str) -> bytes | None:
    raw = text.encode("ascii", "ignore")
    if encoding in "qQ":
        return binascii.a2b_qp(raw, header=True)
    raw = raw.rstrip(b"=")
    try:
        return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))
    except binascii.Error:
        return None
