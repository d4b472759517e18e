"""The filters of pack expressions that work on lists and objects."""

from functools import reduce
from typing import Any

from policies.expression_values import add, number, text


def first(value: Any) -> Any:
    return value[0] if isinstance(value, list | str | tuple) and value else None


def last(value: Any) -> Any:
    return value[-1] if isinstance(value, list | str | tuple) and value else None


def aslist(value: Any) -> list[Any]:
    """A list as it is, null as an empty one, the values of an indexed form (`a[0]=x&a[1]=y`), anything else alone."""
    if value is None or value == "":
        return []
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, dict):
        indexed = all(key.isdigit() for key in value)
        return list(value.values()) if indexed else [value]
    return [value]


def pluck(value: Any, *keys: Any) -> list[Any]:
    """The values under `keys` of every object in a list (or one), lists among them flattened."""
    found: list[Any] = []
    for item in aslist(value):
        if isinstance(item, dict):
            for key in keys:
                found.extend(aslist(item.get(text(key))))
    return found


def under(value: Any, *prefixes: Any) -> list[Any]:
    """The values of an object's keys that begin with one of `prefixes`: `To.member.1`, `To.member.2` of AWS Query."""
    if not isinstance(value, dict):
        return []
    starts = tuple(text(prefix) for prefix in prefixes)
    return [item for key, held in value.items() if key.startswith(starts) for item in aslist(held)]


def unique(value: Any) -> list[Any]:
    seen: dict[Any, None] = {}
    for item in aslist(value):
        if isinstance(item, str | int | float | bool):
            seen[item] = None
    return list(seen)


def compact(value: Any) -> list[Any]:
    return [item for item in aslist(value) if item is not None and item != ""]


def keys(value: Any) -> list[str]:
    return list(value) if isinstance(value, dict) else []


def values(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else []


def where(value: Any, key: Any, wanted: Any) -> list[Any]:
    """The objects of a list whose `key` is `wanted`; all of them where nothing is wanted."""
    listed = aslist(value)
    if wanted is None:
        return listed
    return [item for item in listed if isinstance(item, dict) and item.get(text(key)) == wanted]


def without(value: Any, key: Any) -> list[Any]:
    """The items of a list but those objects whose `key` is set."""
    return [item for item in aslist(value) if not (isinstance(item, dict) and item.get(text(key)))]


def pick(value: Any, *names: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    return {name: value[name] for name in names if isinstance(name, str) and name in value}


def omit(value: Any, *names: Any) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key not in names} if isinstance(value, dict) else {}


def patched(value: Any, changes: Any) -> Any:
    """`value` with those `changes` whose keys it already has: a parameter that is no field of the object stays out.

    Objects are merged one level deeper and, there, an empty text removes its key, as Stripe's `metadata` has it.
    """
    if not isinstance(value, dict) or not isinstance(changes, dict):
        return value
    result = dict(value)
    for key, change in changes.items():
        if key not in result:
            continue
        kept = result[key]
        if isinstance(kept, dict) and isinstance(change, dict):
            merged = {**kept, **change}
            result[key] = {name: item for name, item in merged.items() if item != ""}
        else:
            result[key] = None if change == "" else change
    return result


def total(value: Any, key: Any = None) -> Any:
    items = aslist(value) if key is None else [item.get(text(key)) for item in aslist(value) if isinstance(item, dict)]
    return reduce(add, [item for item in items if number(item)], 0)


def minimum(value: Any) -> Any:
    listed = [item for item in aslist(value) if number(item)]
    return min(listed) if listed else None


def maximum(value: Any) -> Any:
    listed = [item for item in aslist(value) if number(item)]
    return max(listed) if listed else None
