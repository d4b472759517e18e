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


def kept_of(
    keep: tuple[KeptObject, ...], replay: Replay | None, answer: bytes | None, run: str, provider: str
) -> tuple[str | None, tuple[ObjectChange, ...]]:
    """What to keep, or None; and what an answer of a provider (empty: nobody's), within a run, does to objects, in its
    order. `answer`: the reply's body where it stays in the evidence as it is."""
    if not keep and replay is None:
        return None, ()
    told, changes = [], []
    for kept in keep:
        collection, key, encoded = kept.collection, kept.key, kept.encoded
        if collection.isidentifier() and (key.isidentifier() or key.isalnum()):
            # Nearly all: of letters, digits and low lines nothing is escaped, and any database takes them.
            named = f'["{collection}","{key}"'
        else:
            collection, key = plain(collection), plain(key)
            named = json_of([collection, key])[:-1]
        if encoded is None:
            gone = kept.value is None
            told.append(f"{named},{json_of(kept.value)}]")
        else:
            gone = False
            told.append(f"{named}]" if encoded == answer else f"{named},{encoded.decode()}]")
        changes.append(((run, provider, collection, key), gone))
    replayed = ""
    if replay is not None:
        first, second = replay.key, replay.fingerprint
        # Two digests.
        plainly = first.isalnum() and second.isalnum()
        replayed = (
            f',"replay":["{first}","{second}"]' if plainly else f',"replay":{json_of([plain(first), plain(second)])}'
        )
    return f'{{"objects":[{",".join(told)}]{replayed}}}', tuple(changes)


def changes_in(text: str, run: str, provider: str | None) -> tuple[tuple[ObjectChange, ...], tuple[str, str] | None]:
    """What `kept_of` told: the changes to objects, and the replay's key and fingerprint."""
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
