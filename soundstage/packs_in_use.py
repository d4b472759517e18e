"""Which packs are used: the built-in ones, and after them the operator's own folders."""

from collections.abc import Sequence
from pathlib import Path

from policies.pack import BUILT_IN, PackError, Packs
from soundstage.trouble import ConfigError


def packs_in_use(folders: Sequence[Path]) -> Packs:
    """The packs, the operator's proved by their examples. Raises ConfigError with every problem."""
    try:
        return Packs.load([BUILT_IN, *folders], check=True) if folders else Packs.built_in()
    except PackError as error:
        hint = "packs are refused whole; SOUNDSTAGE_PACKS names yours" if folders else None
        raise ConfigError("\n".join(error.problems), hint) from None
