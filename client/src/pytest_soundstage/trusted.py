"""Trusted: libraries that bring certificates of their own trust Soundstage's too, in this process and while it lasts.

Variables reach most clients. `certifi` and the Stripe SDK read none: they are pointed at the same bundle, whenever the
application imports them. `soundstage trust install` does the like for other libraries and other processes.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

Undo = Callable[[], None]


def _certifi(module: Any, bundle: str) -> Undo:
    core, before = sys.modules["certifi.core"], module.where
    module.where = core.where = lambda: bundle  # type: ignore[attr-defined] # a module's function

    def undo() -> None:
        module.where = core.where = before  # type: ignore[attr-defined] # the same

    return undo


def _stripe(module: Any, bundle: str) -> Undo:
    before = module.ca_bundle_path
    module.ca_bundle_path = bundle

    def undo() -> None:
        module.ca_bundle_path = before

    return undo


BRINGING: dict[str, Callable[[Any, str], Undo]] = {"certifi": _certifi, "stripe": _stripe}
"""Libraries that bring certificates, and how each is pointed elsewhere."""


class Trusted(importlib.abc.MetaPathFinder):
    """In force from `start` to `stop`."""

    def __init__(self, bundle: str) -> None:
        self._bundle = bundle
        self._undo: list[Undo] = []
        self._finding = False

    def start(self) -> None:
        sys.meta_path.insert(0, self)
        for name in BRINGING:
            if name in sys.modules:
                self.change(sys.modules[name])

    def stop(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        while self._undo:
            self._undo.pop()()

    def change(self, module: ModuleType) -> None:
        """Point a library elsewhere. One that is not as we know it stays as it is."""
        try:
            self._undo.append(BRINGING[module.__name__](module, self._bundle))
        except (AttributeError, KeyError):
            return

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Finds nothing itself: has what the others find changed once it is loaded."""
        if fullname not in BRINGING or self._finding:
            return None
        self._finding = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._finding = False
        if spec is not None and spec.loader is not None:
            spec.loader = _Changing(spec.loader, self)
        return spec


class _Changing(importlib.abc.Loader):
    """Loads as the real loader does, and changes the module then."""

    def __init__(self, real: Any, trusted: Trusted) -> None:
        self._real, self._trusted = real, trusted

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._real.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self._real.exec_module(module)
        self._trusted.change(module)
