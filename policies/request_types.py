"""FieldTypes: which fields of a provider's forms are numbers, truths or lists, for a form says everything in text."""

from dataclasses import dataclass, field
from typing import Any

from policies.expression_filters import DIGITS_READ, to_int

_TRUTHS = ("true", "false")


@dataclass(frozen=True, slots=True)
class FieldTypes:
    """Names of fields, at any depth but inside those of `verbatim`."""

    integer: frozenset[str] = frozenset()
    boolean: frozenset[str] = frozenset()
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
                if name not in scalars:
                    continue
                if name in self.integer:
                    made[name] = int(value) if value.isdecimal() and len(value) <= DIGITS_READ else to_int(value, value)
                elif value in _TRUTHS:
                    made[name] = value == "true"
            elif name not in self.verbatim:
                made[name] = self._value(name, value)
        return made

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return self.typed(value)
        if isinstance(value, list):
            return [self._item(name, item) for item in value]
        return value

    def _item(self, name: str, item: Any) -> Any:
        if isinstance(item, str):
            return self.typed({name: item})[name]
        return self.typed(item) if isinstance(item, dict) else item
