"""Kept: what a capture's evidence says about the objects its answer made and the key it answers to. Pure.

One JSON text: `{"objects": [...], "replay": [key, fingerprint]}`. An object is `[collection, key, value]`; of one whose
value is the answer itself the value is left out, and of one that was removed it is null.
"""

from typing import Any

from pydantic_core import from_json

from ledger.reply import KeptObject, Replay
from ledger.story import json_of, plain

ObjectKey = tuple[str, str, str, str]
"""Which object: run, provider, collection and key, as the table `objects` takes them."""

ObjectChange = tuple[ObjectKey, bool]
"""What a capture did to an object: made or changed it, or, where true, removed it."""


def kept_text(keep: tuple[KeptObject, ...], replay: Replay | None, answer: bytes | None) -> str | None:
    """What to keep, or None. `answer`: the reply's body where it stays in the evidence as it is."""
    if replay is None:
        return f'{{"objects":{_objects(keep, answer)}}}' if keep else None
    told = f"[{_quoted(replay.key)},{_quoted(replay.fingerprint)}]"
    return f'{{"objects":{_objects(keep, answer)},"replay":{told}}}'


def changes_of(keep: tuple[KeptObject, ...], run: str, provider: str | None) -> tuple[ObjectChange, ...]:
    """What an answer of a provider, within a run, does to objects, in its order."""
    return tuple(
        [
            (
                (run, provider or "", plain(kept.collection), plain(kept.key)),
                kept.encoded is None and kept.value is None,
            )
            for kept in keep
        ]
    )


def changes_in(text: str, run: str, provider: str | None) -> tuple[tuple[ObjectChange, ...], tuple[str, str] | None]:
    """What `kept_text` said: the changes to objects, and the replay's key and fingerprint."""
    told = from_json(text)
    changes = tuple(
        [
            ((run, provider or "", collection, key), bool(value) and value[0] is None)
            for collection, key, *value in told["objects"]
        ]
    )
    replay = told.get("replay")
    return changes, None if replay is None else (replay[0], replay[1])


def value_in(text: str, answer: bytes | None, collection: str, key: str) -> Any | None:
    """The value an object was given at last, or None where it was given none."""
    found = None
    for of_collection, of_key, *value in from_json(text)["objects"]:
        if (of_collection, of_key) == (collection, key):
            found = value[0] if value else from_json(answer or b"null")
    return found


def _objects(keep: tuple[KeptObject, ...], answer: bytes | None) -> str:
    return f"[{','.join([_object(kept, answer) for kept in keep])}]"


def _object(kept: KeptObject, answer: bytes | None) -> str:
    named = f"[{_quoted(kept.collection)},{_quoted(kept.key)}"
    if kept.encoded is None:
        return f"{named},{json_of(kept.value)}]"
    return f"{named}]" if kept.encoded == answer else f"{named},{kept.encoded.decode()}]"


def _quoted(name: str) -> str:
    """A name as JSON. Of letters, digits and low lines, as nearly every one is, nothing is escaped."""
    return f'"{name}"' if name.isalnum() or name.isidentifier() else json_of(plain(name))
