"""FieldTypes: which fields of a provider's forms are numbers, truths or lists, for a form says everything in text."""

from dataclasses import dataclass, field
from typing import Any

from policies.expression_filters import DIGITS_READ, to_int


@dataclass(frozen=True, slots=True)
class FieldTypes:
    """Names of fields, at any depth but inside those of `verbatim`."""

    integer: frozenset[str] = frozenset()
    boolean: frozenset[str] = frozenset()
    list_of: frozenset[str] = frozenset()
    """Fields that are a list also where one value was sent."""
    verbatim: frozenset[str] = frozenset()
    """Objects whose fields the client names: they stay texts."""
    _scalars: frozenset[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_scalars", self.integer | self.boolean)

    def typed(self, fields: dict[str, Any]) -> dict[str, Any]:
        """`fields` with their types; a text that is no such number or truth stays as it was sent."""
        made, scalars = fields.copy(), self._scalars
        for name, value in fields.items():
            if type(value) is str:
                if name in scalars:
                    made[name] = self._scalar(name, value)
            elif name not in self.verbatim:
                made[name] = self._value(name, value)
        return made

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return self.typed(value)
        if isinstance(value, list):
            return [self._scalar(name, item) if isinstance(item, str) else self._item(item) for item in value]
        return value

    def _item(self, item: Any) -> Any:
        return self.typed(item) if isinstance(item, dict) else item

    def _scalar(self, name: str, value: str) -> Any:
        if name in self.integer:
            return int(value) if value.isdecimal() and len(value) <= DIGITS_READ else to_int(value, value)
        if name in self.boolean and value in ("true", "false"):
            return value == "true"
        return value
