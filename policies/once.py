"""Once: what a value works out when it is first asked for it, kept among its own attributes from then on."""

from collections.abc import Callable
from typing import Any, Self, overload

_put = object.__setattr__


class once[Made]:  # noqa: N801 # a decorator, as `property` is one
    """`functools.cached_property` for values that are made for every request: it looks for nothing before it works."""

    def __init__(self, work: Callable[[Any], Made]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, value: None, owner: type) -> Self: ...
    @overload
    def __get__(self, value: object, owner: type) -> Made: ...
    def __get__(self, value: Any, owner: type) -> Any:
        if value is None:
            return self
        made = self._work(value)
        # Found there by every later look, which does not come here any more. Not through the value's `__dict__`, which
        # is made for whoever asks for it; nor through its own way of setting, which a frozen value has none of.
        _put(value, self._name, made)
        return made
