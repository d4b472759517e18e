"""The files of a mail that was handed to a provider's API, found in the call. Pure.

Providers take them in a list of objects (`attachments: [{filename, type, content}]`), by a few names and in base64; as
files of a form; or within the whole mail, in base64 in a field or as a file.
"""

import base64
import binascii
import hashlib
import mimetypes
from collections.abc import Iterator
from typing import Any, NamedTuple

from dashboard.called_mail import LARGEST, read_call
from ledger.mime import Part, read_message
from policies.form import FormError
from policies.multipart import parameter, read_parts

_ATTACHED = frozenset({"attachment", "attachments"})
_LISTS = _ATTACHED | {"images", "inline", "inlineattachments", "inlinedattachments", "inlineimages"}
_CONTENTS = ("content", "rawcontent", "base64content", "data")
_NAMES = ("filename", "name")
_TYPES = ("type", "contenttype", "mimetype")
_IDS = ("contentid", "cid")
_WHOLE = frozenset({"raw", "rawmessage", "rawemail", "mime"})
"""A field that holds all of a mail; a form's file of it is called `message`."""
_DEEPEST = 64


class CalledFiles(NamedTuple):
    """What was found, numbered from 0."""

    parts: tuple[Part, ...]
    complete: bool = True
    """False where the call brings files that cannot be read here, such as one by its address."""


class _Found(NamedTuple):
    content: bytes
    filename: str | None
    content_type: str | None = None
    content_id: str | None = None
    inline: bool = False


def called_files(raw: bytes, content_type: str | None) -> CalledFiles:
    """Those of a call, in the order in which they stand."""
    kind = content_type or ""
    if len(raw) > LARGEST:
        return CalledFiles((), complete=False)
    if kind.lower().startswith("multipart/"):
        try:
            found = list(_of_form(raw, parameter(kind, "boundary") or ""))
        except FormError:
            return CalledFiles((), complete=False)
    else:
        found = list(_of_value(read_call(raw, kind.lower()), 0))
    parts = [_part(number, one) for number, one in enumerate(one for one in found if one is not None)]
    return CalledFiles(tuple(parts), None not in found)


def _of_form(raw: bytes, boundary: str) -> Iterator[_Found | None]:
    for part in read_parts(raw, boundary):
        if part.filename is None:
            continue
        if _plain(part.name) == "message":
            yield from _of_mail(part.data)
        else:
            yield _Found(part.data, part.filename, part.content_type, inline=_plain(part.name).startswith("inline"))


def _of_value(value: Any, depth: int) -> Iterator[_Found | None]:
    if depth > _DEEPEST:
        yield None
    elif isinstance(value, list):
        for one in value:
            yield from _of_value(one, depth + 1)
    elif isinstance(value, dict):
        for name, said in value.items():
            plain = _plain(name)
            if plain in _LISTS and isinstance(said, list):
                told = [_of_entry(one, inline=plain not in _ATTACHED) for one in said]
                # By the other names a call may have what is no file at all.
                yield from (one for one in told if one is not None or plain in _ATTACHED)
            elif plain in _WHOLE and (mail := _octets(_data(said))) is not None:
                yield from _of_mail(mail)
            else:
                yield from _of_value(said, depth + 1)


def _of_entry(entry: Any, *, inline: bool) -> _Found | None:
    if not isinstance(entry, dict):
        return None
    fields = {_plain(name): value for name, value in entry.items()}
    content = next((octets for name in _CONTENTS if (octets := _octets(fields.get(name))) is not None), None)
    if content is None:
        return None
    name, kind, identity = (
        next((value for key in keys if isinstance(value := fields.get(key), str) and value), None)
        for keys in (_NAMES, _TYPES, _IDS)
    )
    shown = str(fields.get("disposition") or fields.get("contentdisposition") or "").lower()
    return _Found(content, name, kind, identity, shown == "inline" or (inline and shown != "attachment"))


def _of_mail(octets: bytes) -> Iterator[_Found]:
    for part in read_message(octets).parts:
        if part.filename is not None or not part.inline:
            yield _Found(part.content, part.filename, part.content_type, part.content_id, part.inline)


def _part(number: int, one: _Found) -> Part:
    """As a part of a mail; the type by the name where none is said."""
    guessed = mimetypes.guess_type(one.filename or "")[0] or "application/octet-stream"
    kind, identity = (one.content_type or guessed).partition(";")[0].strip().lower(), one.content_id
    digest = hashlib.sha256(one.content).hexdigest()
    named = None if identity is None else identity.removeprefix("cid:").strip("<> ") or None
    return Part(number, kind, one.filename, len(one.content), digest, named, one.inline, None, one.content)


def _octets(value: Any) -> bytes | None:
    """What base64 says, with line ends in it or without; or the octets in a list, as scripts print them."""
    try:
        if isinstance(value, str):
            text = "".join(value.split())
            return base64.b64decode(text + "=" * (-len(text) % 4), "-_" if "-" in text or "_" in text else None, True)
        data = value.get("data") if isinstance(value, dict) else value
        return bytes(data) if isinstance(data, list) and data else None
    except (binascii.Error, ValueError, TypeError):
        return None


def _data(value: Any) -> Any:
    """What a field that holds a mail says, or what SES wraps it in."""
    return value.get("Data") or value.get("data") if isinstance(value, dict) else value


def _plain(name: Any) -> str:
    return str(name).partition("[")[0].lower().replace("_", "").replace("-", "")
