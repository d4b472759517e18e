"""The one base of every value that travels: frozen, and closed to unknown fields."""

from functools import cache
from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """An immutable value; an unknown field is an error, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def made_of(cls, fields: dict[str, Any]) -> Self:
        """The value of exactly these fields, all that the class has, taken as they are.

        For values that code makes for every request out of typed parts: validating them again costs several times what
        making them does. What comes from outside is validated. The dictionary is the value's own from here on.
        """
        made = cls.__new__(cls)
        put = object.__setattr__
        put(made, "__dict__", fields)
        put(made, "__pydantic_fields_set__", _all_of(cls))
        put(made, "__pydantic_extra__", None)
        put(made, "__pydantic_private__", None)
        return made


@cache
def _all_of(cls: type[BaseModel]) -> set[str]:
    """The names of a class's fields, one set for all its values: pydantic copies it before it changes a copy's."""
    return set(cls.model_fields)
