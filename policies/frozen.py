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
        made = _new(cls)
        _lay(made, fields)
        _set_all(made, _all_of(cls))
        _set_extra(made, None)
        _set_private(made, None)
        return made


_new = object.__new__
# The slots that pydantic's own base lays its values out in, filled without a look-up by name: half of the cost.
_lay, _set_all, _set_extra, _set_private = (
    vars(BaseModel)[slot].__set__
    for slot in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
)


@cache
def _all_of(cls: type[BaseModel]) -> set[str]:
    """The names of a class's fields, one set for all its values: pydantic copies it before it changes a copy's."""
    return set(cls.model_fields)
