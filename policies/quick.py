"""Quick: frozen dataclasses that are made in one step, for the values every request needs a dozen of.

A frozen dataclass puts each field in its place by a call of its own: of a request's whole cost that was a fourteenth.
"""

from dataclasses import MISSING, Field, fields
from typing import Any


def quick[Made](cls: type[Made]) -> type[Made]:
    """The same frozen dataclass, its `__init__` putting all fields down at once. Above `@dataclass(frozen=True)`.

    It must not have slots, for its fields are laid down as the instance's dictionary.
    """
    known = fields(cls)  # type: ignore[arg-type]  # a dataclass, by use
    space: dict[str, Any] = {"_put": object.__setattr__}
    parameters = ", ".join([_parameter(field, space) for field in known])
    laid = ", ".join([f"{field.name!r}: {_value(field)}" for field in known])
    # Made of the names of our own fields alone, as `dataclass` makes its own.
    exec(f"def __init__(self, {parameters}):\n    _put(self, '__dict__', {{{laid}}})", space)  # noqa: S102 # see above
    made = space["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__annotations__ = cls.__init__.__annotations__
    type.__setattr__(cls, "__init__", made)
    return cls


def _parameter(field: Field[Any], space: dict[str, Any]) -> str:
    if field.default_factory is not MISSING:
        space[f"_made_{field.name}"] = field.default_factory
        return f"{field.name}=_put"
    if field.default is MISSING:
        return field.name
    space[f"_default_{field.name}"] = field.default
    return f"{field.name}=_default_{field.name}"


def _value(field: Field[Any]) -> str:
    if field.default_factory is MISSING:
        return field.name
    # `_put` stands for "not given": nobody passes it as a value.
    return f"_made_{field.name}() if {field.name} is _put else {field.name}"
